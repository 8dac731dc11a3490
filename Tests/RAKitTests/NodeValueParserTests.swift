import RACore
import RAKit
import Testing

/// What Pacemaker's commands print of the nodes' attributes.
@Suite struct NodeValueParserTests {
    private let text = "timeline=1 lsn=0/1776448 replayed=0/1776448 state=running system=7710603818012502483"

    @Test func readsEveryNode() {
        let lines = """
            name="pgsql-position" host="pg3" value="\(text)"
            name="pgsql-position" host="pg1" value=""
            name="pgsql-position" host="pg2" value="\(text) seen=1.2 left=1@0/1"

            """
        let values = parseNodeValues(lines)
        #expect(values.map(\.node) == ["pg3", "pg1", "pg2"])
        #expect(PublishedPosition(values[0].value)?.lsn == LSN("0/1776448"))
        #expect(values[1].value.isEmpty)
        #expect(PublishedPosition(values[2].value) == nil, "timeline 1 has no ancestor")
        #expect(parseNodeValues("").isEmpty)
    }

    @Test func readsAttributesOfTheNodes() throws {
        let xml = """
            <nodes><node id="1" uname="pg1"><instance_attributes id="nodes-1">
            <nvpair id="a" name="pgsql-record" value="term=1"/><nvpair id="b" name="other" value="x"/>
            </instance_attributes></node><node id="2" uname="pg2"/></nodes>
            """
        #expect(try parseNodeAttributes(Array(xml.utf8), name: "pgsql-record") == ["term=1"])
    }
}
