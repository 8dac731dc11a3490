import RACore

/// Renders docs/parameters.md, the page on all parameters: an overview and a section for each.
public func renderParameterReference() -> String {
    let overview = ParameterTable.all.map { parameter in
        let cells = [
            "[`\(parameter.name)`](#\(parameter.name))", valuesText(parameter.kind), defaultCell(parameter),
            parameter.isReloadable ? "yes" : "no", parameter.shortDescription,
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }
    let lines =
        referenceHead
        + ["| name | values | default | reloadable | meaning |", "| --- | --- | --- | --- | --- |"] + overview
        + ParameterTable.all.flatMap(sectionLines)
    return lines.joined(separator: "\n") + "\n"
}

private let referenceHead = [
    "# Parameters of ocf:heartbeat:\(AgentDescription.name)",
    "",
    "Made from the agent's parameter table; don't edit. `RECORD_SNAPSHOTS=1 swift test --filter MetadataTests` makes it",
    "anew.",
    "",
    "Names and meanings are those of ocf:heartbeat:pgsql. An empty value counts as unset. Reloadable parameters take",
    "effect without a restart of PostgreSQL. A parameter without a default is off, or found on the machine: its section",
    "says which.",
    "",
]

private func sectionLines(_ parameter: ParameterDefinition) -> [String] {
    var facts = ["Values: \(valuesText(parameter.kind))", "default: \(defaultCell(parameter))"]
    facts.append(parameter.isReloadable ? "reloadable" : "changed by a restart")
    if parameter.uniqueGroup != nil { facts.append("unique among resources") }
    return [
        "", "## \(parameter.name)", "", "\(parameter.shortDescription).", "", facts.joined(separator: "; ") + ".", "",
    ]
        + wrapped(parameter.longDescription, width: 115).map(escapedMarkdown)
}

private func valuesText(_ kind: ParameterKind) -> String {
    switch kind {
    case .string: "text"
    case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
    case .boolean: "true or false"
    }
}

private func defaultCell(_ parameter: ParameterDefinition) -> String {
    parameter.defaultText.map { "`\($0)`" } ?? "none"
}

/// A text with the characters escaped that Markdown would take for markup; underscores inside of words are none.
private func escapedMarkdown(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if "*<>|\\".unicodeScalars.contains(scalar) { result += "\\" }
        result.unicodeScalars.append(scalar)
    }
    return result
}
