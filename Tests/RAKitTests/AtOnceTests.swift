import RACore
import Testing

@testable import RAKit

/// Several changes of the CIB as one.
@Suite struct AtOnceTests {
    private let tools = ClusterTools(resource: "pgsql", callMilliseconds: 1000)

    private func cluster(_ sets: String) throws -> ClusterObservation {
        try parseCIB(
            Array(
                "<cib><configuration><nodes><node id=\"7\" uname=\"n1\">\(sets)</node></nodes></configuration></cib>"
                    .utf8
            ),
            resource: "pgsql"
        )
    }

    private func text(_ effects: [ClusterEffect], _ sets: String) throws -> String? {
        tools.commandAtOnce(effects, in: try cluster(sets))?.arguments.last
    }

    private let effects: [ClusterEffect] = [
        .set(.record, node: "n1", value: "term=2 primary=\"a&b\""), .outrank(adminEpoch: 5),
    ]

    @Test func recordAndVersionAreOneChange() throws {
        let command = tools.commandAtOnce(effects, in: try cluster("<instance_attributes id=\"x\"/>"))
        #expect(command?.arguments.dropLast() == ["--modify", "--xml-text"])
        #expect(
            command?.arguments.last
                == "<cib admin_epoch=\"5\"><configuration><nodes><node id=\"7\"><instance_attributes id=\"x\">"
                + "<nvpair id=\"x-pgsql-record\" name=\"pgsql-record\" value=\"term=2 primary=&quot;a&amp;b&quot;\"/>"
                + "</instance_attributes></node></nodes></configuration></cib>"
        )
    }

    @Test func whatIsThereKeepsItsNames() throws {
        let set =
            "<instance_attributes id=\"x\"><nvpair id=\"old\" name=\"pgsql-record\" value=\"v\"/></instance_attributes>"
        #expect(try text(effects, set)?.contains("<nvpair id=\"old\" name=\"pgsql-record\"") == true)
        #expect(try text(effects, "")?.contains("<instance_attributes id=\"nodes-7\">") == true)
    }

    @Test(arguments: [
        "<instance_attributes id=\"x\"/><instance_attributes id=\"y\"/>",
        "<instance_attributes id=\"x\"><rule id=\"r\" score=\"1\"/></instance_attributes>",
        "<instance_attributes/>",
    ])
    func severalSetsAreLeftToPacemakersTools(_ sets: String) throws { #expect(try text(effects, sets) == nil) }

    @Test func onlyPermanentAttributesOfOneNodeAreWrittenSo() throws {
        let set = "<instance_attributes id=\"x\"/>"
        #expect(try text([effects[0]], set) == nil)
        #expect(try text([effects[1]], set) == nil)
        #expect(try text(effects + [.set(.score, node: "n1", value: "1")], set) == nil)
        #expect(try text(effects + [.set(.dataStatus, node: "n2", value: "1")], set) == nil)
        #expect(try text(effects + [.withdrawPosition], set) == nil)
    }
}
