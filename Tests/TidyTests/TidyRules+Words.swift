/// Rules about single words, spelled here so that this file keeps them itself.
extension TidyRule {
    private static func findings(_ text: String, _ words: [String]) -> [(line: Int, what: String)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            words.contains { line.contains($0) } ? (index + 1, trimmed(line)) : nil
        }
    }

    private static let leftovers = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]

    static let nothingIsLeftToDo = TidyRule(
        name: "nothing is left to do",
        covers: { ($0.hasPrefix("Sources/") || $0.hasPrefix("Tests/")) && $0.hasSuffix(".swift") },
        findings: { findings($0, leftovers) },
        bad: "// " + leftovers[0] + ": later\n",
        good: "// Todos are kept elsewhere.\n"
    )

    private static let sleep = "sleep" + "("

    static let waitsHaveADeadline = TidyRule(
        name: "a wait is one of Deadline.swift",
        covers: { $0.hasPrefix("Sources/") && $0 != "Sources/RAKit/System/Deadline.swift" && $0.hasSuffix(".swift") },
        findings: { text in sleepingLines(text) },
        bad: "nano" + sleep + "&time, nil)\n",
        good: "// no " + sleep + "1) here\nlet text = \"pg_" + sleep + "1)\"\n"
    )

    static let testsDoNotSleep = TidyRule(
        name: "a test waits for what it needs",
        covers: { $0.hasPrefix("Tests/") && $0.hasSuffix(".swift") },
        findings: { text in sleepingLines(text) },
        bad: "Thread." + sleep + "forTimeInterval: 1)\n",
        good: "query(\"SELECT pg_" + sleep + "1)\")\n"
    )

    private static func sleepingLines(_ text: String) -> [(line: Int, what: String)] {
        SwiftCode(text).lines.enumerated().compactMap { $1.contains(sleep) ? ($0 + 1, trimmed($1)) : nil }
    }

    private static let homes = ["/ho" + "me/", "/Us" + "ers/"]
    private static let builds = ["ro" + "ot", "wo" + "rk"]
    private static let places: [String] =
        homes + builds.flatMap { name in [" /", "\"/", "'/", "=/"].map { $0 + name + "/" } }

    /// Files that need such a path, and why.
    static let otherPaths = [
        "Tests/RACoreTests/ParametersSecretsTests.swift": "a path in a connection string isn't a secret"
    ]

    static let pathsAreRelative = TidyRule(
        name: "no path of anybody's machine",
        covers: { otherPaths[$0] == nil },
        findings: { findings($0, places) },
        bad: "path = " + places[0] + "somebody/x\n",
        good: "path = /var/lib/pgsql\n"
    )

    /// Files that need other letters, and why.
    static let otherLetters = [
        "Tests/PgrexCommandsTests/JSONValueTests.swift": "JSON keeps other letters",
        "Tests/RACoreTests/ParametersNodeNamesTests.swift": "names of slots don't",
        "Tests/RACoreTests/ParametersReadingTests.swift": "digits and words of other scripts are refused",
        "Tests/RACoreTests/ParametersSecretsTests.swift": "a keyword may have them",
        "Tests/RACoreTests/ParametersValidationTests.swift": "names of nodes may not",
        "Tests/RAKitTests/XMLScannerTests.swift": "XML has them plain and as references",
    ]

    static let sourceIsASCII = TidyRule(
        name: "source is plain ASCII",
        covers: { $0.hasSuffix(".swift") && otherLetters[$0] == nil },
        findings: { text in
            text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
                line.utf8.contains { $0 > 0x7E } ? (index + 1, trimmed(line)) : nil
            }
        },
        bad: "let dash = \"\u{2013}\"\n",
        good: "let dash = \"\\u{2013}\"\n"
    )
}
