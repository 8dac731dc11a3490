import RACore
import Testing

@testable import RAKit

@Suite struct SwitchoverConstraintTests {
    private let constraint = SwitchoverConstraint(resource: "pgsql", outerName: "pgsql-clone")

    private func constraints(_ inner: String) -> [UInt8] {
        Array("<constraints><rsc_location id=\"other\" rsc=\"x\" node=\"a\" score=\"1\"/>\(inner)</constraints>".utf8)
    }

    @Test func itIsFoundAsItWasSet() throws {
        let text = constraint.text(target: "beta", starter: "al&pha", end: 1_796_021_234, role: "Master")
        let trace = try constraint.find(in: constraints(text))
        let expected = SwitchoverTrace(
            target: "beta",
            starter: "al&pha",
            end: 1_796_021_234,
            until: "2026-11-30 06:47:14Z"
        )
        #expect(trace == expected)
        // Nothing but the one node, and only until its time.
        #expect(text.contains("boolean-op=\"and\"") && text.contains("score=\"INFINITY\""))
    }

    @Test func anothersIsLeftAlone() throws {
        let other = SwitchoverConstraint(resource: "pgsql2", outerName: "c")
        let text = other.text(target: "beta", starter: "alpha", end: 1, role: "Promoted")
        #expect(try constraint.find(in: constraints(text)) == nil)
        #expect(try constraint.find(in: constraints("")) == nil)
        #expect(throws: CIBError.self) { () throws(CIBError) -> SwitchoverTrace? in
            try constraint.find(in: Array("<constraints>".utf8))
        }
    }

    /// "Promoted" fails on schemas before 3.7, "Master" on those from 4.0 on.
    @Test func bothWordsOfTheRoleAreTried() {
        let texts = constraint.set(target: "beta", starter: "alpha", end: 1).map { $0.arguments.last ?? "" }
        #expect(texts.count == 2)
        #expect(texts[0].contains("role=\"Master\"") && texts[1].contains("role=\"Promoted\""))
        #expect(constraint.clear.arguments.last == "<rsc_location id=\"pgrex-switchover-pgsql\"/>")
    }
}
