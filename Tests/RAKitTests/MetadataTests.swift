import Foundation
import RACore
import RAKit
import Testing

/// The repository's root, by the place of this file.
private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private let xmllint = "/usr/bin/xmllint"
private let dtdDirectory = "/usr/share/resource-agents"

private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

@Suite struct MetadataTests {
    @Test(arguments: [
        ("ocf-metadata/pgsql-swift.xml", renderMetadata()),
        ("docs/parameters.md", renderParameterReference()),
    ])
    func committedFileEqualsRenderedText(_ path: String, _ rendered: String) throws {
        let file = root.appending(path: path)
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try rendered.write(to: file, atomically: true, encoding: .utf8)
            Issue.record("\(path) was recorded; look at the difference, then run without RECORD_SNAPSHOTS")
            return
        }
        let committed = try String(contentsOf: file, encoding: .utf8)
        #expect(committed == rendered, "run with RECORD_SNAPSHOTS=1 to record \(path)")
    }

    /// What ocf-tester does.
    @Test(.enabled(if: exists(xmllint) && exists(dtdDirectory), "xmllint or the DTD of resource-agents is missing"))
    func isValidForTheDTD() throws {
        let answer = try lint(renderMetadata(), ["--noout", "--valid", "-"])
        #expect(answer.status == 0, "\(answer.text)")
        #expect(answer.text.isEmpty, "ocf-tester takes a warning for a failure's explanation: \(answer.text)")
    }

    @Test(.enabled(if: exists(xmllint), "xmllint is missing"))
    func isValidForTheRulesOfOCF11() throws {
        let answer = try lint(renderMetadata(), ["--noout", "--relaxng", rules, "-"])
        #expect(answer.status == 0, "\(answer.text)")
    }

    /// The rules would be worth nothing if they let everything pass.
    @Test(
        .enabled(if: exists(xmllint), "xmllint is missing"),
        arguments: [
            ("<version>1.1</version>", "<version>1.0</version>"),
            (" lang=\"en\"", ""),
            ("reloadable=\"1\"", "reloadable=\"yes\""),
            ("type=\"integer\"", "type=\"number\""),
            ("timeout=\"5s\"", ""),
            ("role=\"Promoted\"", "role=\"Master\""),
        ]
    )
    func rulesRefuse(_ right: String, _ wrong: String) throws {
        let metadata = renderMetadata()
        try #require(metadata.contains(right))
        let broken = metadata.replacingOccurrences(of: right, with: wrong)
        #expect(try lint(broken, ["--noout", "--relaxng", rules, "-"]).status != 0)
    }

    @Test func hasEveryParameterOnceInBothTexts() {
        for parameter in ParameterTable.all {
            #expect(count("<parameter name=\"\(parameter.name)\"", in: renderMetadata()) == 1, "\(parameter.name)")
            #expect(count("\n## \(parameter.name)\n", in: renderParameterReference()) == 1, "\(parameter.name)")
        }
    }

    @Test(arguments: [
        #"<action name="start" timeout="120s"/>"#,
        #"<action name="stop" timeout="120s"/>"#,
        #"<action name="status" timeout="60s"/>"#,
        #"<action name="monitor" depth="0" timeout="30s" interval="10s"/>"#,
        #"<action name="monitor" depth="0" timeout="30s" interval="9s" role="Promoted"/>"#,
        #"<action name="monitor" depth="10" timeout="30s" interval="60s"/>"#,
        #"<action name="promote" timeout="120s"/>"#,
        #"<action name="demote" timeout="120s"/>"#,
        #"<action name="notify" timeout="90s"/>"#,
        #"<action name="reload-agent" timeout="20s"/>"#,
        #"<action name="meta-data" timeout="5s"/>"#,
        #"<action name="validate-all" timeout="5s"/>"#,
        #"<action name="methods" timeout="5s"/>"#,
    ])
    func advertises(_ action: String) {
        #expect(count(action, in: renderMetadata()) == 1)
    }

    @Test func monitorsDifferInTheirIntervals() {
        let intervals = renderMetadata().split(separator: "\n").filter { $0.contains("name=\"monitor\"") }
            .compactMap { $0.split(separator: "interval=\"").last?.prefix { $0 != "\"" } }
        #expect(intervals.count == 3)
        #expect(Set(intervals).count == 3)
    }

    @Test func textsStayWithinALine() {
        for line in renderMetadata().split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
    }

    private var rules: String { root.appending(path: "Tests/Fixtures/ocf-1.1-rules.rng").path }

    private func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

    /// Runs xmllint on a text, in the directory that has the DTD.
    private func lint(_ xml: String, _ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: xmllint)
        process.arguments = ["--nonet"] + arguments
        if exists(dtdDirectory) { process.currentDirectoryURL = URL(fileURLWithPath: dtdDirectory) }
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(xml.utf8))
        try input.fileHandleForWriting.close()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        // With --relaxng, xmllint says "- validates" here even when all is well.
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
