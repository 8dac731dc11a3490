import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// What the sentinel does when a process that sends or receives WAL has ended: as a monitor, and beside one.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SentinelLookTests {
    private func setting(_ cluster: TestCluster) -> String? { cluster["n1"].value("SHOW synchronous_standby_names") }

    private func record(_ cluster: TestCluster) -> ClusterRecord? {
        cluster.attribute("record", "n1").flatMap { ClusterRecord($0) }
    }

    private func returnStandby(_ cluster: TestCluster) throws {
        // It was lost too often to be waited for again at once; that is another test's matter.
        try removeFile(cluster["n1"].folder + "/n1.run/pgsql-swift-pg.steadiness")
        try cluster.must("start", "n2")
        try cluster.silence("n2")
        try cluster.awaitStreaming(1)
        try cluster.must("monitor", "n1", .runningPromoted)
        try cluster.awaitSentinel("n1", links: 1)
    }

    /// Whoever is recorded as holding everything is waited for.
    private func expectSafe(_ cluster: TestCluster, _ what: String) {
        let isWaitedFor = setting(cluster)?.contains("n2") ?? false
        if record(cluster)?.guarantee.contains("n2") ?? true { #expect(isWaitedFor, "\(what): \(cluster.fake.calls)") }
    }

    @Test func lostStandbyIsRecordedBeforeCommitsGoOnWithoutAMonitor() throws {
        try withSentinels { cluster in
            cluster.fake.environment["FAKE_WATCH"] = cluster["n1"].temporary + "/rep_mode.conf"
            try cluster.bringUp(watching: "n1")
            #expect(setting(cluster) == "\"n2\"")
            try cluster.fake.clearLog()
            endServers(cluster["n2"].data)
            try waitFor("commits that wait for nobody", seconds: 5) { setting(cluster) == "" }
            let calls = cluster.fake.calls
            let isWaited = calls.first { $0.contains("crm_attribute") && $0.contains("count=0") }
                .map { $0.contains("\"n2\"") }
            #expect(isWaited == true, "\(calls)")
            #expect(cluster.attribute("data-status", "n2") == "DISCONNECT")
            #expect(record(cluster)?.guarantee.contains("n2") == false)
            try cluster.awaitSentinel("n1", links: 0)
            try returnStandby(cluster)
            #expect(setting(cluster) == "\"n2\"")
        }
    }

    @Test func unmanagedPrimaryIsLeftAlone() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n1")
            try cluster.describeResource(["is-managed": "false"])
            try cluster.fake.clearLog()
            endServers(cluster["n2"].data)
            try cluster.awaitSentinel("n1", links: 0)
            #expect(setting(cluster) == "\"n2\"")
            #expect(cluster.fake.calls == ["cibadmin --query"])
        }
    }

    @Test func endOfTheReceiverPublishesThePosition() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n2")
            #expect(cluster.fake.position("n2") == nil)
            try cluster["n1"].query("INSERT INTO public.t VALUES (1)")
            try cluster.awaitReplay("n2", of: "n1")
            endServers(cluster["n1"].data)
            try cluster.fake.record("n1", "monitor", code: 7)
            try waitFor("its position", seconds: 5) { cluster.fake.position("n2") != nil }
            let position = cluster.fake.position("n2")
            #expect(position.map { "\($0.lsn)" } == cluster["n2"].value("SELECT pg_last_wal_receive_lsn()"))
            #expect(position?.isRunning == true && position?.hasTakenPart == true, "\(position?.text ?? "")")
            try cluster.awaitSentinel("n2", links: 0)
        }
    }

    /// It waits until nobody serves any more: whoever ended it would leave the position unpublished.
    @Test func monitorLeavesASentinelThatIsAboutToPublish() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n2")
            let sentinel = try cluster.awaitSentinel("n2", links: 1)
            endServers(cluster["n1"].data)
            try waitFor("what it watches now") { cluster.watched("n2")?.count == 1 }
            _ = cluster.call("n2").run("monitor")
            #expect(!sentinel.isGone && cluster.fake.position("n2") == nil, "\(cluster.fake.calls)")
            try cluster.fake.record("n1", "monitor", code: 7)
            try waitFor("its position", seconds: 5) { cluster.fake.position("n2") != nil }
        }
    }

    /// To the server it goes on streaming, though nobody sends: the promotion that is about to begin counts on the position.
    @Test func positionOfAHaltedReceiverStays() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n2")
            let receiver = try #require(cluster.watched("n2")?.last)
            kill(receiver, SIGSTOP)
            defer { kill(receiver, SIGCONT) }
            endServers(cluster["n1"].data)
            try cluster.fake.record("n1", "monitor", code: 7)
            // A new one looks at the server twice a second.
            try cluster.silence("n2")
            #expect(cluster.call("n2").run("monitor").code == 0)
            try cluster.awaitSentinel("n2", links: 1)
            #expect(cluster.notify("pre", "promote", "n2", on: "n2").code == 0)
            #expect(cluster.fake.position("n2") != nil)
            let lock = cluster["n2"].temporary + "/PGSQL.lock"
            for _ in 1...2 {
                try replaceFile(lock, with: [], mode: 0o600)
                try waitFor("a look, which removes the lock") { FileFacts(lock) == nil }
            }
            #expect(cluster.fake.position("n2") != nil, "\(cluster.fake.calls)")
        }
    }

    /// A connection that is lost for a moment, while the primary goes on: what is received later would be missing in it.
    @Test func positionIsNotPublishedWhileThereIsAPrimary() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n2")
            let access = cluster["n1"].text("pg_hba.conf")
            try cluster["n1"].write("host replication all all reject\n" + access, to: "pg_hba.conf")
            try cluster.fake.clearLog()
            let statement = "SELECT pg_reload_conf(), pg_terminate_backend(pid) FROM pg_stat_replication"
            try waitFor("the sentinel's looks at the cluster") {
                (try? cluster["n1"].query(statement)) != nil
                    && cluster.fake.calls.filter { $0 == "cibadmin --query" }.count >= 3
            }
            #expect(cluster.fake.position("n2") == nil, "\(cluster.fake.calls)")
        }
    }

    @Test func sentinelThatIsKilledInALookLeavesNothingUnsafe() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n1")
            for step in 1...3 {
                let sentinel = try cluster.awaitSentinel("n1", links: 1)
                try cluster.fake.setFault("crm_attribute", "kill \(step)")
                endServers(cluster["n2"].data)
                try waitFor("its end in the middle, or that of its look") {
                    sentinel.isGone
                        || setting(cluster) == "" && cluster.attribute("data-status", "n2") == "DISCONNECT"
                }
                try cluster.fake.setFault("crm_attribute", nil)
                expectSafe(cluster, "lost, killed after \(step)")
                try cluster.must("monitor", "n1", .runningPromoted)
                #expect(setting(cluster) == "")
                #expect(cluster.attribute("data-status", "n2") == "DISCONNECT")
                try cluster.awaitSentinel("n1", links: 0)
                try returnStandby(cluster)
                #expect(setting(cluster) == "\"n2\"")
            }
        }
    }

    @Test func sentinelThatHangsInALookDoesNotKeepTheMonitorFromIts() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n1")
            let sentinel = try cluster.awaitSentinel("n1", links: 1)
            try cluster.fake.setFault("crm_attribute", "hang")
            try cluster.fake.clearLog()
            endServers(cluster["n2"].data)
            try waitFor("a look that writes") { cluster.fake.calls.contains { $0.hasPrefix("crm_attribute") } }
            try sentinel.halt()
            try cluster.fake.setFault("crm_attribute", nil)
            #expect(setting(cluster) == "\"n2\"")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "")
            #expect(sentinel.isGone)
            try cluster.awaitSentinel("n1", links: 0)
        }
    }

    /// What was recorded while commits didn't wait for it any more: a record that promises nothing of a standby is written
    /// while it still is waited for, if the one before promised something.
    private func broken(_ calls: [String]) -> [String] {
        var promised = ""
        return calls.filter { $0.contains("-n pg-record") }.filter { call in
            let isPromised = call.contains("member=n2")
            defer { promised = isPromised ? call : "" }
            return !isPromised && !promised.isEmpty && !call.contains("\"n2\"")
        }
    }

    /// The sentinel is about to have commits wait for nobody, as the standby was away; meanwhile it is back, and a monitor
    /// looks.
    @Test func twoLooksAtTheSameTimeNeverPromiseTooMuch() throws {
        try withSentinels { cluster in
            cluster.fake.environment["FAKE_WATCH"] = cluster["n1"].temporary + "/rep_mode.conf"
            try cluster.bringUp(watching: "n1")
            try cluster.fake.setFault("cibadmin", "slow 1.6 --scope")
            // The monitor isn't about to replace the sentinel, which would end that, too.
            try cluster.fake.setFault("crm_attribute", "slow 1.5 STREAMING|SYNC")
            try cluster.fake.clearLog()
            let access = cluster["n1"].text("pg_hba.conf")
            try cluster["n1"].write("host replication all all reject\n" + access, to: "pg_hba.conf")
            let statement = "SELECT pg_reload_conf(), pg_terminate_backend(pid) FROM pg_stat_replication"
            try waitFor("the sentinel's question who knows of the record") {
                (try? cluster["n1"].query(statement)) != nil && cluster.fake.calls.contains { $0.contains("--scope") }
            }
            try cluster["n1"].write(access, to: "pg_hba.conf")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            try cluster.awaitStreaming(1)
            let monitors = try Background(cluster.call("n1"), actions: ["monitor", "monitor"])
            try waitFor("the end of the monitors", seconds: 60) { monitors.hasEnded }
            let calls = cluster.fake.calls
            #expect(calls.contains { $0.contains("count=0") })
            #expect(broken(calls) == [], "\(calls)")
            try cluster.fake.setFault("cibadmin", nil)
            try cluster.must("monitor", "n1", .runningPromoted)
            expectSafe(cluster, "in the end")
        }
    }
}
