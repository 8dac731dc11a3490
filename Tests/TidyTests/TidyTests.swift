import RATestSupport
import Testing

@Suite struct TidyTests {
    private static let files = SourceTree.files()

    @Test(arguments: TidyRule.all) func isKept(_ rule: TidyRule) {
        var covered = 0
        for file in Self.files where rule.covers(file.path) {
            covered += 1
            for finding in rule.findings(file.text) {
                Issue.record("\(rule.name): \(file.path):\(finding.line): \(finding.what)")
            }
        }
        #expect(covered > 0, "the rule covers no file")
    }

    /// A rule that nothing can break would keep nothing.
    @Test(arguments: TidyRule.all) func canFail(_ rule: TidyRule) {
        #expect(!rule.findings(rule.bad).isEmpty)
        #expect(rule.findings(rule.good).isEmpty)
    }

    @Test(arguments: [
        ("let a = \"x\" // y", "let a =           "), ("a(\"\\(b(\"c\"))\")", "a(   b(   )   )"),
        ("\"\\\"\" + b", "     + b"), ("#\"a\"b\"# + c", "        + c"), ("/* a */ b", "        b"),
    ])
    func codeIsReadWithoutItsTexts(_ text: String, _ code: String) {
        let read = SwiftCode(text).lines.joined(separator: "\n")
        #expect(read.count == text.count)
        #expect(read.filter { $0 != " " } == code.filter { $0 != " " })
    }

    @Test func functionsAreMeasured() {
        let text = """
            func a(_ b: () -> Void = {}) {
                { "}" }()
            }
            protocol P {
                func c()
            }
            init?(x: Int) { self.init(y: x) }

            """
        let functions = SwiftCode(text).functions
        #expect(functions.map(\.line) == [1, 7])
        #expect(functions.map(\.length) == [3, 1])
    }
}
