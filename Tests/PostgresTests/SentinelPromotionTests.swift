import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// Who looks after the replication first after a promotion: the sentinel, as clients wait for the addresses meanwhile.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SentinelPromotionTests {
    @Test func firstMonitorAfterAPromotionLeavesTheRestToIt() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            cluster.leavesFirstLook = true
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            // What it wrote itself it would wait for.
            try cluster.fake.setFault("crm_attribute", "hang")
            let end = Deadline.after(milliseconds: 4000)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(!end.isPast)
            try cluster.fake.setFault("crm_attribute", nil)
            try waitFor("a complete record") {
                cluster.attribute("record", "n1").flatMap { ClusterRecord($0) }?.isPromoting == false
            }
            try waitFor("its status") { cluster.attribute("status", "n1") == "PRI" }
        }
    }

    @Test func firstMonitorAfterAPromotionDoesAllWhereThereIsNone() throws {
        try withCluster(.sync, nodes: ["n1"], ["fast_failure_detection": "false"]) { cluster in
            cluster.leavesFirstLook = true
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster.attribute("status", "n1") == "PRI")
        }
    }

    @Test func firstLookComesOnceTheServerAnswers() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            cluster.leavesFirstLook = true
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            let session = try cluster["n1"].connect()
            func allow(_ isAllowed: Bool) throws {
                let statement = "ALTER DATABASE template1 ALLOW_CONNECTIONS \(isAllowed)"
                _ = try session.query(statement, by: .after(milliseconds: 5000))
            }
            try cluster.must("monitor", "n1", .runningPromoted)
            try allow(false)
            try waitFor("a look that is refused") {
                ((try? readText(cluster["n1"].log)) ?? "").contains("is not currently accepting connections")
            }
            try allow(true)
            try waitFor("its status", seconds: 5) { cluster.attribute("status", "n1") == "PRI" }
        }
    }

    /// One that can't be asked what there is to watch keeps the sentinel that it has.
    @Test func firstMonitorOfAFullServerEndsNoSentinel() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            cluster.leavesFirstLook = true
            try cluster.must("start", "n1")
            let sentinel = try cluster.awaitSentinel("n1")
            try cluster.must("promote", "n1")
            var clients: [Connection] = []
            var refusals = 0
            // The sentinel's own look may take a connection for a moment.
            try waitFor("a server that stays full") {
                while let client = try? cluster["n1"].connect() { clients.append(client) }
                refusals += 1
                return refusals == 10
            }
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(!sentinel.isGone)
            clients = []
        }
    }

    /// Its sentinel has been there since it was a standby, and watches nothing else than before.
    @Test func survivorOfTwoCompletesItsRecordWithoutASecondMonitor() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n2")
            try cluster.cutPower("n1")
            try cluster.awaitSentinel("n2", links: 0)
            cluster.leavesFirstLook = true
            cluster.primaryAddress = "127.0.1.2"
            try cluster.must("promote", "n2")
            try cluster.must("monitor", "n2", .runningPromoted)
            try waitFor("a complete record") {
                cluster.attribute("record", "n2").flatMap { ClusterRecord($0) }?.isPromoting == false
            }
        }
    }

    /// Pacemaker may wait for the start of another node's instance first, and that one for the record.
    @Test(arguments: ["at once", "late"])
    func survivorCompletesItsRecordWithoutAnyMonitor(promoted moment: String) throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n2")
            try cluster.cutPower("n1")
            let sentinel = try cluster.awaitSentinel("n2", links: 0)
            // For fifteen seconds after the end of the receiver it looks twice a second.
            try waitFor("a sentinel that looks seldom", seconds: 40) {
                let turns = sentinel.number("voluntary_ctxt_switches")
                return moment == "at once"
                    || !happens(within: 1000) { sentinel.number("voluntary_ctxt_switches") != turns }
            }
            cluster.leavesFirstLook = true
            cluster.primaryAddress = "127.0.1.2"
            try cluster.must("promote", "n2")
            try waitFor("a complete record", seconds: 10) {
                cluster.attribute("record", "n2").flatMap { ClusterRecord($0) }?.isPromoting == false
            }
        }
    }
}
