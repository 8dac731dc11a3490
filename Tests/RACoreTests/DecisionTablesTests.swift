import RATestSupport
import Testing

@Suite struct DecisionTablesTests {
    @Test(arguments: DecisionTable.all.map { ("docs/tables/\($0.name).md", $0.text) })
    func committedFileEqualsRenderedText(_ path: String, _ rendered: String) {
        if let problem = Snapshot.problem(path, rendered) { Issue.record("\(problem)") }
    }

    @Test(.disabled(if: Snapshot.isRecording)) func aChangedTableIsNoticed() throws {
        let table = try #require(DecisionTable.all.first)
        #expect(Snapshot.problem("docs/tables/\(table.name).md", table.text + " ") != nil)
        #expect(Snapshot.problem("docs/tables/none.md", table.text) != nil)
    }
}
