import RACore

/// Renders the answer to `meta-data`: the agent, its parameters and its actions as OCF 1.1 has them.
///
/// The document type's internal subset admits what OCF 1.1 has and the older DTD lacks, so that one document is valid for
/// both: ocf-tester checks against the DTD, Pacemaker and pcs read 1.1.
public func renderMetadata() -> String {
    let parameters = ParameterTable.all.flatMap(parameterLines)
    let lines =
        documentHead
        + ["<resource-agent name=\"\(AgentDescription.name)\" version=\"\(AgentDescription.version)\">"]
        + ["<version>\(AgentDescription.standardVersion)</version>"]
        + descriptionLines(long: AgentDescription.longDescription, short: AgentDescription.shortDescription)
        + ["<parameters>"] + parameters + ["</parameters>"]
        + ["<actions>"] + AgentDescription.actions.map(actionLine) + ["</actions>"]
        + ["</resource-agent>"]
    return lines.joined(separator: "\n") + "\n"
}

private let documentHead = [
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\" [",
    "  <!ATTLIST parameter reloadable (0|1) #IMPLIED>",
    "  <!ATTLIST parameter unique-group CDATA #IMPLIED>",
    "  <!ATTLIST action name CDATA #REQUIRED>",
    "]>",
]

private func parameterLines(_ parameter: ParameterDefinition) -> [String] {
    let attributes: [(String, String?)] = [
        ("name", parameter.name),
        ("unique-group", parameter.uniqueGroup),
        ("required", "0"),
        ("reloadable", parameter.isReloadable ? "1" : "0"),
    ]
    let content: [(String, String?)] = [("type", parameter.kind.contentType), ("default", parameter.defaultText)]
    return ["<parameter\(attributeList(attributes))>"]
        + descriptionLines(long: parameter.longDescription, short: parameter.shortDescription)
        + ["<content\(attributeList(content))/>", "</parameter>"]
}

private func descriptionLines(long: String, short: String) -> [String] {
    ["<longdesc lang=\"en\">"] + wrapped(long).map(escapedXML) + ["</longdesc>"]
        + ["<shortdesc lang=\"en\">\(escapedXML(short))</shortdesc>"]
}

private func actionLine(_ action: ActionDescription) -> String {
    let attributes: [(String, String?)] = [
        ("name", action.name),
        ("depth", action.depth.map { "\($0)" }),
        ("timeout", "\(action.timeout)s"),
        ("interval", action.interval.map { "\($0)s" }),
        ("role", action.role),
    ]
    return "<action\(attributeList(attributes))/>"
}

private func attributeList(_ attributes: [(name: String, value: String?)]) -> String {
    attributes.map { name, value in value.map { " \(name)=\"\(escapedXML($0))\"" } ?? "" }.joined()
}

/// A text with the characters that XML gives a meaning to replaced by entities; good for content and attributes.
func escapedXML(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case _: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// The lines of a text broken between words; a word longer than a line gets a line of its own.
///
/// - Parameter width: the most characters a line may have.
func wrapped(_ text: String, width: Int = 100) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph in
        var lines: [String] = [""]
        for word in paragraph.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
