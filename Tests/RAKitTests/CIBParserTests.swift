import RACore
import RATestSupport
import Testing

@testable import RAKit

/// A recorded form of a CIB, from Tests/Fixtures/cib.
func fixtureCIB(_ name: String, file: String = #filePath) throws -> [UInt8] {
    let tests = parentDirectory(parentDirectory(file))
    return try readFile("\(tests)/Fixtures/cib/\(name).xml")
}

@Suite struct CIBParserTests {
    /// A CIB of one node, with what a case needs to differ.
    private func cib(options: String = "", resources: String = "", state: String = "", history: String = "") -> [UInt8]
    {
        Array(
            """
            <cib have-quorum="1" dc-uuid="1"><configuration><crm_config><cluster_property_set id="x">\(options)\
            </cluster_property_set></crm_config><nodes><node id="1" uname="n1"/></nodes>\
            <resources>\(resources)</resources></configuration><status><node_state id="1" uname="n1" \(state)>\
            <lrm id="1"><lrm_resources><lrm_resource id="pgsql">\(history)</lrm_resource></lrm_resources></lrm>\
            </node_state></status></cib>
            """.utf8
        )
    }

    private func operation(
        _ name: String,
        call: Int,
        code: Int,
        status: Int = 0,
        interval: Int = 0,
        changed: Int = 100
    ) -> String {
        "<lrm_rsc_op operation=\"\(name)\" call-id=\"\(call)\" rc-code=\"\(code)\" op-status=\"\(status)\" "
            + "interval=\"\(interval)\" last-rc-change=\"\(changed)\"/>"
    }

    private func role(_ operations: String...) throws -> RecordedRole? {
        try parseCIB(cib(history: operations.joined()), resource: "pgsql").nodes.first?.resourceRole
    }

    @Test func readsPacemaker20() throws {
        let cluster = try parseCIB(fixtureCIB("pacemaker-2.0"), resource: "pgsql")
        #expect(cluster.hasQuorum)
        #expect(cluster.designatedController == "alpha")
        #expect(cluster.properties == ClusterProperties(clusterName: "tokyo", hasFencingDevice: true))
        #expect(cluster.nodes.map(\.name) == ["alpha", "beta", "gamma"])
        #expect(cluster.nodes.map(\.isOnline) == [true, true, false])
        #expect(cluster.nodes.map(\.isUnclean) == [false, false, true])
        #expect(cluster.nodes.map(\.resourceRole) == [.promoted, .unpromoted, .unpromoted])
        #expect(cluster.nodes[0].permanentAttributes == ["pgsql-data-status": "LATEST"])
        #expect(cluster.nodes[0].transientAttributes["pgsql-master-baseline"] == "0000000005000090")
        #expect(cluster.nodes[1].transientAttributes == ["master-pgsql": "100", "pgsql-status": "HS:sync"])
        #expect(cluster.nodes[2].transientAttributes.isEmpty)
    }

    @Test func readsPacemaker21() throws {
        let cluster = try parseCIB(fixtureCIB("pacemaker-2.1"), resource: "pgsql")
        #expect(cluster.designatedController == "gamma")
        #expect(cluster.nodes.allSatisfy { $0.isOnline && !$0.isUnclean })
        #expect(cluster.nodes.map(\.isInStandbyMode) == [false, false, true])
        #expect(cluster.nodes.map(\.resourceRole) == [.unpromoted, .promoted, .unpromoted])
        #expect(cluster.nodes[2].transientAttributes["master-pgsql"] == "-INFINITY")
    }

    /// As cibadmin of Pacemaker 2.1.5 printed it, after pgsql-swift was promoted on a cluster of one node.
    @Test func readsARecordedCIB() throws {
        let cluster = try parseCIB(fixtureCIB("recorded-2.1.5"), resource: "pgsql")
        #expect(cluster.hasQuorum)
        #expect(cluster.designatedController == "n1")
        #expect(cluster.properties == ClusterProperties(clusterName: "tokyo", isFencingEnabled: false))
        #expect(cluster.nodes.map(\.isOnline) == [true])
        #expect(cluster.nodes.map(\.resourceRole) == [.promoted])
        #expect(cluster.nodes.first?.transientAttributes["pgsql-status"] == "PRI")
        #expect(cluster.nodes.first?.permanentAttributes["pgsql-data-status"] == "LATEST")
        #expect(try parseResource(fixtureCIB("recorded-2.1.5"), name: nil).cloneName == "pgsql-clone")
    }

    @Test(arguments: [("ignore", true), ("stop", false), ("freeze", false)])
    func readsWhatAPartitionWithoutQuorumMayDo(_ policy: String, _ ignores: Bool) throws {
        let text = """
            <cib have-quorum="0"><configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
            <nvpair name="no-quorum-policy" value="\(policy)"/></cluster_property_set></crm_config></configuration></cib>
            """
        #expect(try parseCIB(Array(text.utf8), resource: "pgsql").properties.ignoresQuorum == ignores)
    }

    @Test func readsPacemaker30() throws {
        let cluster = try parseCIB(fixtureCIB("pacemaker-3.0"), resource: "pgsql")
        #expect(!cluster.hasQuorum)
        #expect(
            cluster.properties
                == ClusterProperties(clusterName: "tokyo", isFencingEnabled: false, isMaintenanceMode: true)
        )
        #expect(cluster.nodes.map(\.isOnline) == [true, false, false])
        #expect(cluster.nodes.map(\.isUnclean) == [false, true, false])
        #expect(cluster.nodes.map(\.resourceRole) == [.failed, .stopped, .stopped])
    }

    @Test func rolesFollowTheNewestFinishedOperation() throws {
        #expect(try role() == .unknown)
        #expect(try role(operation("monitor", call: 5, code: 7)) == .stopped)
        #expect(try role(operation("start", call: 9, code: 0), operation("monitor", call: 5, code: 7)) == .unpromoted)
        #expect(try role(operation("promote", call: 100, code: 0), operation("start", call: 99, code: 0)) == .promoted)
        #expect(try role(operation("monitor", call: 5, code: 8, interval: 9000)) == .promoted)
        #expect(try role(operation("demote", call: 7, code: 0)) == .unpromoted)
        #expect(try role(operation("stop", call: 7, code: 0)) == .stopped)
    }

    @Test(arguments: ["start", "stop", "promote", "demote", "monitor"])
    func anythingElseHasFailed(name: String) throws {
        #expect(try role(operation(name, call: 5, code: 1, status: 4)) == .failed)
        #expect(try role(operation(name, call: 5, code: 9, status: 4)) == .failed)
    }

    /// An action under way replaces the record of the one before it; a monitor of the former role stays.
    @Test func anActionUnderWayTellsWhereItStarted() throws {
        let promoted = operation("monitor", call: 49, code: 8, interval: 3000)
        #expect(try role(operation("start", call: -1, code: 193, status: -1), promoted) == .stopped)
        #expect(try role(operation("stop", call: -1, code: 193, status: -1), promoted) == .unpromoted)
        #expect(try role(operation("promote", call: -1, code: 193, status: -1), promoted) == .unpromoted)
        #expect(try role(operation("demote", call: -1, code: 193, status: -1), promoted) == .promoted)
    }

    @Test func unfinishedAndOtherOperationsTellNothing() throws {
        let start = operation("start", call: 5, code: 0)
        #expect(try role(start, operation("stop", call: -1, code: 193, status: -1)) == .unpromoted)
        #expect(try role(start, operation("monitor", call: 6, code: 193)) == .unpromoted)
        #expect(try role(start, operation("monitor", call: 8, code: 1, status: 1)) == .unpromoted)
        #expect(try role(start, operation("notify", call: 9, code: 0)) == .unpromoted)
        #expect(try role(start, operation("notify", call: 9, code: 1)) == .unpromoted)
        #expect(try role(operation("notify", call: 9, code: 0)) == .unknown)
    }

    @Test func ofOneCallTheLaterChangeCounts() throws {
        let good = operation("monitor", call: 9, code: 0, interval: 9000, changed: 200)
        let bad = operation("monitor", call: 9, code: 1, interval: 9000, changed: 100)
        #expect(try role(good, bad) == .unpromoted)
        #expect(try role(bad, good) == .unpromoted)
    }

    @Test func otherResourcesDontCount() throws {
        let text = String(decoding: cib(history: operation("start", call: 1, code: 0)), as: UTF8.self)
        let observed = { (id: String) throws -> RecordedRole? in
            let changed = text.replacing("<lrm_resource id=\"pgsql\"", with: "<lrm_resource id=\"\(id)\"")
            return try parseCIB(Array(changed.utf8), resource: "pgsql").nodes.first?.resourceRole
        }
        #expect(try observed("pgsql:0") == .unpromoted)
        #expect(try observed("pgsql2") == .unknown)
        #expect(try observed("pgsq") == .unknown)
    }

    @Test(arguments: [
        ("in_ccm='true' crmd='online' join='member' expected='member'", true, false),
        ("in_ccm='1795166990' crmd='1795166991' join='member' expected='member'", true, false),
        ("in_ccm='true' crmd='online' join='down' expected='member'", false, false),
        ("in_ccm='false' crmd='offline' join='down' expected='member'", false, true),
        ("in_ccm='0' crmd='0' join='member' expected='member'", false, true),
        ("in_ccm='1795166990' crmd='0' join='member' expected='member'", false, true),
        ("in_ccm='false' crmd='offline' join='down' expected='down'", false, false),
        ("in_ccm='true' crmd='online'", false, false),
        ("remote_node='true' in_ccm='true'", true, false),
        ("", false, false),
    ])
    func membership(state: String, isOnline: Bool, isUnclean: Bool) throws {
        let node = try parseCIB(cib(state: state), resource: "pgsql").nodes.first
        #expect(node?.isOnline == isOnline)
        #expect(node?.isUnclean == isUnclean)
    }

    @Test(arguments: [
        ("", true), ("<nvpair name='stonith-enabled' value='false'/>", false),
        ("<nvpair name='stonith-enabled' value='0'/>", false), ("<nvpair name='stonith-enabled' value='Off'/>", false),
        ("<nvpair name='stonith-enabled' value='nonsense'/>", true),
        ("<nvpair name='stonith-enabled' value='true'/><nvpair name='fencing-enabled' value='no'/>", false),
    ])
    func fencingIsOnUnlessSwitchedOff(options: String, isEnabled: Bool) throws {
        #expect(try parseCIB(cib(options: options), resource: "pgsql").properties.isFencingEnabled == isEnabled)
    }

    @Test func watchdogFencingNeedsNoDevice() throws {
        let watchdog = "<nvpair name='have-watchdog' value='true'/>"
        let timeout = "<nvpair name='stonith-watchdog-timeout' value='10s'/>"
        #expect(try !parseCIB(cib(options: watchdog), resource: "pgsql").properties.hasFencingDevice)
        #expect(try parseCIB(cib(options: watchdog + timeout), resource: "pgsql").properties.hasFencingDevice)
    }

    @Test func halfACIBIsNoCluster() throws {
        let whole = try fixtureCIB("pacemaker-2.1")
        for length in stride(from: 0, to: whole.count - 8, by: 97) {
            #expect(throws: CIBError.self) { try parseCIB(Array(whole.prefix(length)), resource: "pgsql") }
        }
        #expect(throws: CIBError.unexpectedRoot("crm_mon")) {
            try parseCIB(Array("<crm_mon/>".utf8), resource: "pgsql")
        }
    }

    /// A stop that follows a failed demotion says nothing of what still runs.
    @Test func whatIsStoppedAfterAFailureIsNoStandby() throws {
        let stop = operation("stop", call: -1, code: 193, status: -1)
        #expect(try role(stop, operation("demote", call: 7, code: 1)) == .failed)
        #expect(try role(stop, operation("demote", call: 7, code: 0)) == .unpromoted)
        #expect(try role(stop, operation("asyncmon", call: 7, code: 1)) == .unpromoted)
        #expect(try role(stop) == .unpromoted)
    }
}
