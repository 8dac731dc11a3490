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

    @Test func deadPrimaryIsDemotedAndStoppedWithoutAWord() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try bringUp(cluster)
            try cluster.fake.clearLog()
            try cluster["n1"].killPostmaster()
            try waitFor("the position of what has ended", seconds: 5) {
                cluster.fake.position("n1")?.isRunning == false
            }
            try sentinel.awaitEnd()
            let told = cluster.fake.calls
            #expect(told.filter { $0.hasPrefix("crm_resource --fail") }.count == 1)
            // Nothing before the report, after which Pacemaker plans.
            let report = told.firstIndex { $0.hasPrefix("crm_resource") } ?? told.endIndex
            #expect(!told[..<report].contains { $0.hasPrefix("crm_attribute") }, "\(told)")
            #expect(cluster.attribute("score", "n1") == "-INFINITY" && cluster.attribute("status", "n1") == "STOP")
            try cluster.must("demote", "n1")
            try cluster.must("stop", "n1")
            #expect(cluster.fake.calls == told)
        }
    }

    /// Whoever takes the standby mode back before the stop must not find the former primary with the best score.
    @Test func demotionBeforeAStopGivesItsScoreUpFirst() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            _ = try bringUp(cluster)
            try cluster.must("monitor", "n1", .runningPromoted)
            cluster.meta["notify_stop_uname"] = "n1"
            try cluster.must("demote", "n1")
            #expect(cluster["n1"].processID == nil)
            #expect(cluster.attribute("score", "n1") == "-INFINITY" && cluster.attribute("status", "n1") == "STOP")
            try waitFor("the position of what has ended") { cluster.fake.position("n1")?.isRunning == false }
            try waitFor("the end of what tells") { cluster.sentinels("n1").isEmpty }
            let told = cluster.fake.calls
            try cluster.must("stop", "n1")
            #expect(cluster.fake.calls == told)
            #expect(cluster.reports == [])
        }
    }

    /// Pacemaker plans anew while clients are still served, and the demotion changes nothing that makes it do so again.
    @Test func switchoverIsAnnouncedBeforeTheDemotion() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            _ = try bringUp(cluster)
            try cluster.must("monitor", "n1", .runningPromoted)
            // Nobody is to be promoted instead: it may yet be called off.
            for promoted in ["", "n1"] {
                cluster.meta["notify_promote_uname"] = promoted
                #expect(cluster.notify("pre", "demote", "n1", on: "n1").code == 0)
                #expect(cluster.attribute("status", "n1") == "PRI")
            }
            cluster.meta["notify_promote_uname"] = "n2"
            for (stopped, status) in [("", "HS:alone"), ("n1", "STOP")] {
                cluster.meta["notify_stop_uname"] = stopped
                #expect(cluster.notify("pre", "demote", "n1", on: "n1").code == 0)
                #expect(cluster.attribute("score", "n1") == "-INFINITY" && cluster.attribute("status", "n1") == status)
            }
            // One that is called off after that leaves a primary like any other.
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster.attribute("score", "n1") != "-INFINITY" && cluster.attribute("status", "n1") == "PRI")
            #expect(cluster.notify("pre", "demote", "n1", on: "n1").code == 0)
            try cluster.fake.clearLog()
            try cluster.must("demote", "n1")
            try waitFor("the position of what has ended") { cluster.fake.position("n1")?.isRunning == false }
            try waitFor("the end of what tells") { cluster.sentinels("n1").isEmpty }
            // Told again, should a sentinel have told otherwise: Pacemaker plans for nothing that is so already.
            let told = cluster.fake.calls.filter { $0.hasPrefix("crm_attribute") }
            #expect(told.count == 2 && told.allSatisfy { $0.hasSuffix("-v -INFINITY") || $0.hasSuffix("-v STOP") })
            #expect(cluster.attribute("score", "n1") == "-INFINITY" && cluster.attribute("status", "n1") == "STOP")
        }
    }

    /// One that hangs is to be demoted without delay.
    @Test func announcementOfADemotionAsksNoServer() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            _ = try bringUp(cluster)
            try cluster.must("monitor", "n1", .runningPromoted)
            cluster.meta["notify_promote_uname"] = "n2"
            let postmaster = try #require(cluster["n1"].processID)
            kill(postmaster, SIGSTOP)
            defer { kill(postmaster, SIGCONT) }
            let end = Deadline.after(milliseconds: 1000)
            #expect(cluster.notify("pre", "demote", "n1", on: "n1").code == 0)
            // Whoever asks gives it a second to go on.
            #expect(!end.isPast)
            #expect(cluster.attribute("score", "n1") == "-INFINITY")
            #expect(cluster.call("n1").run("monitor").code == OCFExitCode.genericError.rawValue)
            let demotion = cluster.call("n1").run("demote")
            #expect(demotion.code == 0 && demotion.milliseconds < 1000, "\(demotion)")
        }
    }

    @Test func stopAfterADemotionTellsWhatAKilledOneHasNot() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            _ = try bringUp(cluster)
            try cluster.must("monitor", "n1", .runningPromoted)
            cluster.meta["notify_stop_uname"] = "n1"
            try cluster.fake.setFault("attrd_updater", "hang")
            try cluster.must("demote", "n1")
            try cluster.silence("n1")
            try cluster.fake.setFault("attrd_updater", nil)
            try cluster.must("stop", "n1")
            #expect(cluster.fake.position("n1")?.isRunning == false)
            #expect(cluster.attribute("status", "n1") == "STOP")
        }
    }

    @Test func secondFailureIsReportedThoughAMonitorSawTheFirst() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try bringUp(cluster)
            try sentinel.halt()
            try cluster["n1"].killPostmaster()
            #expect(cluster.call("n1").run("monitor").code == OCFExitCode.notRunning.rawValue)
            try cluster.must("stop", "n1")
            try cluster.must("start", "n1")
            // One that is only beginning leaves what has ended meanwhile to the next monitor.
            let second = try cluster.awaitSentinel("n1")
            try waitFor("another one that waits") { second.state == "S" }
            try cluster["n1"].killPostmaster()
            try waitFor("the report", seconds: 5) { cluster.reports.count == 1 }
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
            try cluster.bringUp(watching: "n2")
            endServers(cluster["n1"].data)
            try waitFor("the end of what was received") {
                cluster["n2"].value("SELECT count(*) FROM pg_stat_wal_receiver") == "0"
            }
            // It may still be serving as long as its demotion has failed.
            try cluster.fake.record("n1", "demote", code: 1)
            var call = cluster.call("n2")
            call.meta["notify_type"] = "post"
            call.meta["notify_operation"] = "demote"
            call.meta["notify_demote_uname"] = "n1"
            call.meta["notify_master_uname"] = "n1"
            try cluster.fake.clearLog()
            #expect(call.run("notify").code == 0)
            try waitFor("looks at the cluster") { cluster.fake.calls.filter { $0 == "cibadmin --query" }.count > 2 }
            #expect(cluster.fake.position("n2") == nil)
            try cluster.fake.record("n1", "demote", code: 0)
            try waitFor("its position", seconds: 5) { cluster.fake.position("n2") != nil }
            try waitFor("the end of its look") { cluster.watched("n2")?.count == 1 }
            try cluster.fake.clearLog()
            #expect(cluster.notify("pre", "promote", "n2", on: "n2").code == 0)
            // Whether another is further.
            #expect(cluster.fake.calls == ["attrd_updater -n pg-position -Q -A"])
            // Should that promotion have failed, the next one is looked at as a whole.
            #expect(cluster.notify("pre", "promote", "n2", on: "n2").code == 0)
            #expect(cluster.fake.calls.contains("cibadmin --query"))
        }
    }
}
