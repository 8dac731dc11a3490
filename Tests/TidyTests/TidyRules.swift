import Testing

/// A rule of the house that a machine can keep.
struct TidyRule: Sendable, CustomTestStringConvertible {
    let name: String
    /// Whether the rule holds for a file, by its path from the package's root.
    let covers: @Sendable (String) -> Bool
    /// What is wrong in a file's text: a line number and words.
    let findings: @Sendable (_ text: String) -> [(line: Int, what: String)]
    /// A text that breaks the rule, and one that keeps it.
    let bad: String
    let good: String

    var testDescription: String { name }
}

/// The lines that a check finds fault with.
private func lines(
    _ lines: [String],
    where isWrong: (String) -> Bool
) -> [(line: Int, what: String)] {
    lines.enumerated().compactMap { isWrong($1) ? ($0 + 1, trimmed($1)) : nil }
}

private func isImport(_ line: String, of module: String? = nil) -> Bool {
    let words = line.split(separator: " ").map(String.init)
    guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return false }
    let isPlain = words[..<place].allSatisfy {
        $0.hasPrefix("@") || ["public", "internal", "private", "package"].contains($0)
    }
    return isPlain
        && (module == nil || words[(place + 1)...].contains { $0 == module || $0.hasPrefix("\(module ?? "").") })
}

private func isSwift(_ path: String) -> Bool { path.hasSuffix(".swift") }

private func isSource(_ path: String) -> Bool { path.hasPrefix("Sources/") && isSwift(path) }

/// Where decisions are tables that the compiler must close.
private func isTable(_ path: String) -> Bool {
    path.hasPrefix("Sources/RACore/Decision/") || path.hasPrefix("Sources/RACore/Facts/")
}

extension TidyRule {
    static let all = [
        coreImportsNothing, agentHasNoFoundation, tablesHaveNoDefault, filesAreShort, noFileIsLong, functionsAreShort,
        publicDeclarationsAreExplained, nothingIsLeftToDo, waitsHaveADeadline, testsDoNotSleep, pathsAreRelative,
        sourceIsASCII,
    ]

    static let coreImportsNothing = TidyRule(
        name: "the core imports nothing",
        covers: { $0.hasPrefix("Sources/RACore/") },
        findings: { lines(SwiftCode($0).lines) { isImport($0) } },
        bad: "public import Glibc\n",
        good: "// import Glibc\nlet importance = 1\n"
    )

    static let agentHasNoFoundation = TidyRule(
        name: "the agent does without Foundation",
        covers: { $0.hasPrefix("Sources/RAKit/") || $0.hasPrefix("Sources/pgsql-ra/") },
        findings: { text in
            lines(SwiftCode(text).lines) { isImport($0, of: "Foundation") || isImport($0, of: "FoundationEssentials") }
        },
        bad: "import struct Foundation.Date\n",
        good: "internal import Glibc\n"
    )

    static let tablesHaveNoDefault = TidyRule(
        name: "a decision table lists its cases",
        covers: isTable,
        findings: { text in
            lines(SwiftCode(text).lines) { trimmed($0).hasPrefix("default:") || $0.contains(" default:") }
        },
        bad: "switch state {\n    default: 1\n}\n",
        good: "/// default: none\nlet text = \"default:\"\n"
    )

    /// What may be longer, up to 500 lines, and why.
    static let longFiles: [String: String] = [:]

    static let filesAreShort = TidyRule(
        name: "a file has 300 lines at most",
        covers: { isSwift($0) && longFiles[$0] == nil },
        findings: { longerThan(300, $0) },
        bad: String(repeating: "\n", count: 301),
        good: String(repeating: "\n", count: 300)
    )

    static let noFileIsLong = TidyRule(
        name: "no file has more than 500 lines",
        covers: isSwift,
        findings: { longerThan(500, $0) },
        bad: String(repeating: "\n", count: 501),
        good: String(repeating: "\n", count: 500)
    )

    private static func longerThan(_ limit: Int, _ text: String) -> [(line: Int, what: String)] {
        let count = text.utf8.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        return count > limit ? [(count, "\(count) lines")] : []
    }

    /// What may be longer, up to 70 lines, and why.
    static let longFunctions = ["func monitor() -> Outcome {": "what is read beside what is said in one place"]

    static let functionsAreShort = TidyRule(
        name: "a function has 40 lines at most",
        covers: isSwift,
        findings: { text in
            SwiftCode(text).functions.filter { $0.length > (longFunctions[$0.head] == nil ? 40 : 70) }.map {
                ($0.line, "\($0.length) lines: \($0.head)")
            }
        },
        bad: "func long() {\n" + String(repeating: "    \"}\"\n", count: 39) + "}\n",
        good: "func long() {\n" + String(repeating: "    \"{\"\n", count: 38) + "}\n"
    )

    static let publicDeclarationsAreExplained = TidyRule(
        name: "a public type or free function says what it is",
        covers: isSource,
        findings: unexplained,
        bad: "/// A.\n@frozen\n\npublic struct A {}\n",
        good: "/// A.\n@frozen\npublic struct A {\n    public static func < (l: A, r: A) -> Bool { true }\n}\n"
    )

    /// Members are left to the reviewer: many are a conformance's, or say all in their signature.
    private static func unexplained(_ text: String) -> [(line: Int, what: String)] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.indices.compactMap { index in
            let words = lines[index].split(separator: " ").map(String.init)
            let kind = words.dropFirst().first { !modifiers.contains($0) } ?? ""
            guard words.first == "public", kinds.contains(kind), kind != "func" || lines[index].hasPrefix("public")
            else { return nil }
            var above = index - 1
            while above >= 0, trimmed(lines[above]).hasPrefix("@") { above -= 1 }
            return above >= 0 && trimmed(lines[above]).hasPrefix("///") ? nil : (index + 1, trimmed(lines[index]))
        }
    }

    private static let kinds = ["struct", "enum", "class", "actor", "protocol", "typealias", "func"]
    private static let modifiers = ["static", "final", "mutating", "indirect", "nonisolated", "override"]
}
