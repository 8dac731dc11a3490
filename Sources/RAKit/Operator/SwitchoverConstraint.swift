internal import Glibc
import RACore

/// What moves the promoted role: a location constraint of our own, which Pacemaker forgets at its time by itself.
///
/// Not `crm_resource --move`: from Pacemaker 2.1 on it writes the role "Promoted", which is invalid where the configuration's
/// schema is older than 3.7, and it replaces an operator's own `cli-ban` or `cli-prefer`. The constraint prefers the
/// target rather than banning the former primary: should the target fail, the former may be promoted again.
struct SwitchoverConstraint: Sendable {
    let resource: String
    /// The clone.
    let outerName: String

    var id: String { "pgrex-switchover-\(resource)" }

    /// The constraint's text.
    ///
    /// - Parameters:
    ///   - role: "Master" is known to every schema before 4.0, "Promoted" from 3.7 on.
    ///   - end: in epoch seconds, by the clock of the node that decides.
    func text(target: String, starter: String, end: Int, role: String) -> String {
        "<rsc_location id=\"\(id)\" rsc=\"\(escaped(outerName))\">"
            + "<rule id=\"\(id)-rule\" role=\"\(role)\" score=\"INFINITY\" boolean-op=\"and\">"
            + "<expression id=\"\(id)-target\" attribute=\"#uname\" operation=\"eq\" value=\"\(escaped(target))\"/>"
            // Always true: where the command ran, and until when, for whoever finds it later.
            + "<expression id=\"\(id)-mark\" attribute=\"#uname\" operation=\"ne\" value=\"\(mark(starter, end))\"/>"
            + "<date_expression id=\"\(id)-end\" operation=\"lt\" end=\"\(isoTime(end))\"/></rule></rsc_location>"
    }

    func set(target: String, starter: String, end: Int) -> [Command] {
        ["Master", "Promoted"].map { role in
            Command(
                "cibadmin",
                [
                    "--modify", "--allow-create", "--scope", "constraints", "--xml-text",
                    text(target: target, starter: starter, end: end, role: role),
                ]
            )
        }
    }

    var clear: Command {
        Command("cibadmin", ["--delete", "--scope", "constraints", "--xml-text", "<rsc_location id=\"\(id)\"/>"])
    }

    static let query = Command("cibadmin", ["--query", "--scope", "constraints"])

    /// Finds the constraint among all.
    func find(in bytes: [UInt8]) throws(CIBError) -> SwitchoverTrace? {
        var scanner = XMLScanner(bytes)
        var isInside = false
        var target: String?
        var mark: (starter: String, end: Int)?
        var until = ""
        do throws(XMLFault) {
            while let event = try scanner.next() {
                guard event == .start else { continue }
                if scanner.isNamed("rsc_location") { isInside = try scanner.attribute("id") == id }
                guard isInside else { continue }
                if scanner.isNamed("date_expression") { until = try scanner.attribute("end") ?? "" }
                guard scanner.isNamed("expression"), let value = try scanner.attribute("value") else { continue }
                if scanner.attribute("operation", is: "eq") { target = value } else { mark = readMark(value) }
            }
        } catch {
            throw .malformed(error)
        }
        guard let target, let mark else { return nil }
        return SwitchoverTrace(target: target, starter: mark.starter, end: mark.end, until: until)
    }
}

/// "until=1796021234 on=pg1"
private func mark(_ starter: String, _ end: Int) -> String { "until=\(end) on=\(escaped(starter))" }

private func readMark(_ text: String) -> (starter: String, end: Int)? {
    let words = text.split(separator: " ")
    guard words.count == 2, words[0].hasPrefix("until="), let end = Int(words[0].dropFirst(6)),
        words[1].hasPrefix("on=")
    else { return nil }
    return (String(words[1].dropFirst(3)), end)
}

/// Epoch seconds as Pacemaker writes a time (ISO 8601): "2026-11-21 18:00:00Z".
func isoTime(_ seconds: Int) -> String {
    var moment = time_t(seconds)
    var parts = tm()
    gmtime_r(&moment, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%SZ", &parts)
    return String(decoding: buffer[0..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Text as an attribute's value in XML.
private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case "\"": result += "&quot;"
        case _: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
