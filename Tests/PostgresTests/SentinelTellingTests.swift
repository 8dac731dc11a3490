import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// What the sentinel tells the cluster so that a failover needn't wait for it, and what others leave to it.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SentinelTellingTests {
    /// A primary alone whose record is complete, in a cluster that has described it.
    private func bringUp(_ cluster: TestCluster) throws -> RunningSentinel {
        let sentinel = try cluster.startWatchedPrimary()
        try waitFor("the sentinel's first look") { cluster.attribute("status", "n1") == "PRI" }
        try waitFor("a sentinel that waits") { sentinel.state == "S" }
        return sentinel
    }

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

    /// - Parameter threshold: whether one failure keeps Pacemaker from starting it here again.
    @Test(arguments: ["1", "3"])
    func deadPrimaryIsDemotedAndStoppedWithoutAWord(threshold: String) throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            try cluster.describeResource(["migration-threshold": threshold])
            let sentinel = try bringUp(cluster)
            try cluster.fake.clearLog()
            try cluster["n1"].killPostmaster()
            try waitFor("the position of what has ended", seconds: 5) {
                cluster.fake.position("n1")?.isRunning == false
            }
            let told = cluster.fake.calls
            #expect(told.filter { $0.hasPrefix("crm_resource --fail") }.count == 1)
            #expect(told.contains { $0.hasPrefix("crm_attribute") } == (threshold != "1"), "\(told)")
            try cluster.must("demote", "n1")
            try cluster.must("stop", "n1")
            #expect(cluster.fake.calls == told)
            // Nobody was promoted meanwhile: it waits for a while.
            try waitFor("that nobody is to be promoted here") { cluster.attribute("status", "n1") == "STOP" }
            #expect(cluster.attribute("score", "n1") == "-INFINITY")
            try sentinel.awaitEnd()
            #expect(cluster.reports.count == 1)
        }
    }

    @Test func stopTellsItselfWhatAHangingSentinelHasNot() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try bringUp(cluster)
            try cluster.fake.setFault("attrd_updater", "hang")
            try cluster["n1"].killPostmaster()
            try waitFor("a sentinel that hangs") { cluster.fake.calls.contains { $0.contains("state=stopped") } }
            try cluster.fake.setFault("attrd_updater", nil)
            try cluster.must("stop", "n1")
            #expect(sentinel.isGone)
            #expect(cluster.fake.position("n1")?.isRunning == false)
            #expect(cluster.attribute("status", "n1") == "STOP")
        }
    }

    @Test func startForgetsWhatWasToldOfAStop() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            _ = try bringUp(cluster)
            try cluster["n1"].killPostmaster()
            try waitFor("the position of what has ended") { cluster.fake.position("n1")?.isRunning == false }
            try cluster.must("stop", "n1")
            try cluster.must("start", "n1")
            #expect(cluster.fake.position("n1")?.isRunning == true)
            try cluster.silence("n1")
            try cluster["n1"].killPostmaster()
            try cluster.must("stop", "n1")
            #expect(cluster.fake.position("n1")?.isRunning == false)
        }
    }

    /// A monitor that looks between the end of the postmaster and the report is the report.
    @Test func aFailureIsReportedOnce() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try bringUp(cluster)
            try sentinel.halt()
            try cluster["n1"].killPostmaster()
            #expect(cluster.call("n1").run("monitor").code == OCFExitCode.notRunning.rawValue)
            sentinel.signal(SIGCONT)
            try waitFor("what it tells all the same") { cluster.fake.position("n1")?.isRunning == false }
            #expect(cluster.reports == [])
        }
    }

    @Test func candidateWhosePositionIsKnownIsNotAsked() throws {
        try withSentinels { cluster in
            try cluster.bringUp()
            try cluster.awaitSentinel("n2", links: 1)
            try cluster.silence("n1")
            endServers(cluster["n1"].data)
            try waitFor("the end of what was received") {
                cluster["n2"].value("SELECT count(*) FROM pg_stat_wal_receiver") == "0"
            }
            // The CIB hasn't it yet: the notification is enough.
            var call = cluster.call("n2")
            call.meta["notify_type"] = "post"
            call.meta["notify_operation"] = "demote"
            call.meta["notify_demote_uname"] = "n1"
            call.meta["notify_master_uname"] = "n1"
            #expect(call.run("notify").code == 0)
            try waitFor("its position", seconds: 5) { cluster.fake.position("n2") != nil }
            try waitFor("the end of its look") { cluster.watched("n2")?.count == 1 }
            try cluster.fake.clearLog()
            #expect(cluster.notify("pre", "promote", "n2", on: "n2").code == 0)
            #expect(cluster.fake.calls == [])
        }
    }
}
