import RACore
import RAKit
import RATestSupport
import Testing

/// What a monitor changes, in which order, and what is left when it is interrupted: no acknowledged commit may be lost.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SupervisionTests {
    private func setting(_ cluster: TestCluster) -> String? { cluster["n1"].value("SHOW synchronous_standby_names") }

    private func loseStandby(_ cluster: TestCluster) throws {
        endServers(cluster["n2"].data)
        try waitFor("the end of the WAL sender") {
            cluster["n1"].value("SELECT count(*) FROM pg_stat_replication") == "0"
        }
    }

    private func returnStandby(_ cluster: TestCluster) throws {
        // It was lost too often to be waited for again at once; that is another test's matter.
        try removeFile(cluster["n1"].folder + "/n1.run/pgsql-swift-pg.steadiness")
        try cluster.must("start", "n2")
        try cluster.awaitStreaming(1)
    }

    /// Whoever is recorded as holding everything is waited for; who isn't waited for is recorded as lacking something.
    private func expectSafe(_ cluster: TestCluster, _ what: String) {
        let isWaitedFor = setting(cluster)?.contains("n2") ?? false
        let record = cluster.attribute("record", "n1").flatMap { ClusterRecord($0) }
        if record?.guarantee.contains("n2") ?? true { #expect(isWaitedFor, "\(what): \(cluster.fake.calls)") }
    }

    /// Whether commits waited for the standby when an attribute was written; nil when it wasn't.
    private func isWaited(_ calls: [String], when words: String) -> Bool? {
        calls.first { $0.contains("crm_attribute") && $0.contains(words) }.map { $0.contains("\"n2\"") }
    }

    @Test func recordsBeforeItStopsWaitingAndWaitsBeforeItRecords() throws {
        try withCluster(.sync) { cluster in
            cluster.fake.environment["FAKE_WATCH"] = cluster["n1"].temporary + "/rep_mode.conf"
            try cluster.bringUp()
            let up = cluster.fake.calls
            #expect(isWaited(up, when: "count=1 member=n2") == true, "\(up)")
            #expect(isWaited(up, when: "-N n2 -n pg-data-status -v STREAMING|SYNC") == true, "\(up)")
            #expect(isWaited(up, when: "-N n2 -n master-pg -v 100") == true, "\(up)")
            try loseStandby(cluster)
            try cluster.fake.clearLog()
            try cluster.must("monitor", "n1", .runningPromoted)
            let down = cluster.fake.calls
            #expect(isWaited(down, when: "count=0") == true, "\(down)")
            #expect(isWaited(down, when: "-N n2 -n pg-data-status -v DISCONNECT") == true, "\(down)")
            #expect(isWaited(down, when: "-N n2 -n master-pg -v -INFINITY") == true, "\(down)")
            #expect(setting(cluster) == "")
        }
    }

    @Test func killedMonitorLeavesNothingUnsafeAndTheNextOneConverges() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            for step in 1...3 {
                try loseStandby(cluster)
                try cluster.fake.setFault("crm_attribute", "kill \(step)")
                _ = cluster.call("n1").run("monitor")
                try cluster.fake.setFault("crm_attribute", nil)
                expectSafe(cluster, "lost, killed after \(step)")
                try cluster.must("monitor", "n1", .runningPromoted)
                #expect(setting(cluster) == "")
                #expect(cluster.attribute("data-status", "n2") == "DISCONNECT")
                try returnStandby(cluster)
                try cluster.fake.setFault("crm_attribute", "kill \(step)")
                _ = cluster.call("n1").run("monitor")
                try cluster.fake.setFault("crm_attribute", nil)
                expectSafe(cluster, "back, killed after \(step)")
                try cluster.must("monitor", "n1", .runningPromoted)
                #expect(setting(cluster) == "\"n2\"")
                #expect(cluster.attribute("data-status", "n2") == "STREAMING|SYNC")
            }
        }
    }

    @Test(arguments: ["start", "promote", "demote", "stop"])
    func killedActionIsCarriedOutByTheNext(_ action: String) throws {
        for step in 1...3 {
            try withCluster(.sync, nodes: ["n1"]) { cluster in
                if action != "start" { try cluster.must("start", "n1") }
                if ["demote", "stop"].contains(action) { try cluster.must("promote", "n1") }
                try cluster.fake.setFault("crm_attribute", "kill \(step)")
                _ = cluster.call("n1").run(action)
                try cluster.fake.setFault("crm_attribute", nil)
                let again = try cluster.run(action, "n1")
                #expect(again.code == 0, "\(action), killed after \(step): \(again)")
                let monitor = try cluster.run("monitor", "n1")
                let expected: [String: Int32] = ["start": 0, "promote": 8, "demote": 0, "stop": 7]
                #expect(monitor.code == expected[action], "\(action), killed after \(step): \(monitor)")
            }
        }
    }

    @Test(arguments: ["fail Error performing operation: Timer expired", "hang"])
    func unrecordedLossKeepsCommitsWaiting(_ fault: String) throws {
        try withCluster(.sync, ["crm_attr_timeout": "1"]) { cluster in
            cluster.meta["timeout"] = "4000"
            try cluster.bringUp()
            try loseStandby(cluster)
            try cluster.fake.setFault("crm_attribute", fault)
            let answer = try cluster.run("monitor", "n1")
            #expect(answer.code == 8, "\(answer)")
            #expect(answer.milliseconds < 4000, "\(answer)")
            #expect(setting(cluster) == "\"n2\"")
            try cluster.fake.setFault("crm_attribute", nil)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "")
        }
    }

    @Test func partitionWithoutQuorumKeepsCommitsWaiting() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try loseStandby(cluster)
            try cluster.fake.setQuorum(false)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "\"n2\"")
            #expect(cluster.attribute("data-status", "n2") == "STREAMING|SYNC")
            try cluster.fake.setQuorum(true)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "")
        }
    }

    @Test func nodeThatIsNotYetFencedKeepsCommitsWaiting() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try loseStandby(cluster)
            try cluster.fake.set("n2", .unclean)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "\"n2\"")
            try cluster.fake.set("n2", .offline)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "")
        }
    }

    @Test func clusterThatCannotBeReadChangesNothing() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try loseStandby(cluster)
            try cluster.fake.clearLog()
            try cluster.fake.setFault("cibadmin", "fail Could not connect to the CIB manager")
            for (node, code) in [("n1", OCFExitCode.runningPromoted), ("n2", .notRunning)] {
                try cluster.must("monitor", node, code)
            }
            #expect(setting(cluster) == "\"n2\"")
            #expect(!cluster.fake.calls.contains { $0.contains("crm_attribute") })
        }
    }

    /// A node of the name "n2" that isn't in the cluster's list must not be waited for.
    @Test func strangerIsNotWaitedFor() throws {
        try withCluster(.sync, nodes: ["n1", "n3"]) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            let stranger = try TestInstance(
                "n2",
                in: cluster["n1"].folder,
                address: "127.0.1.2",
                port: cluster["n1"].port
            )
            try stranger.append(
                "primary_conninfo = 'host=127.0.1.1 port=\(stranger.port) user=postgres application_name=n2'\n"
            )
            try stranger.write("", to: "standby.signal")
            try stranger.startByHand()
            try cluster.awaitStreaming(1)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "")
        }
    }
}
