import RACore
import RAKit
import RATestSupport
import Testing

/// Whom commits wait for in the modes of rep_mode sync, with real servers.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SynchronousModeTests {
    private func setting(_ cluster: TestCluster, _ node: String = "n1") -> String? {
        cluster[node].value("SHOW synchronous_standby_names")
    }

    private func record(_ cluster: TestCluster, _ node: String = "n1") -> Guarantee? {
        cluster.attribute("record", node).flatMap { ClusterRecord($0) }?.guarantee
    }

    @Test func anyOfTwoGoesOnWithoutOneOfThem() throws {
        try withCluster(.sync, nodes: ["n1", "n2", "n3"], ["sync_method": "any"]) { cluster in
            try cluster.bringUp()
            #expect(setting(cluster) == "ANY 1 (\"n2\", \"n3\")")
            #expect(record(cluster) == Guarantee(members: ["n2", "n3"], count: 1))
            #expect(cluster.attribute("score", "n2") == "100" && cluster.attribute("score", "n3") == "99")
            try cluster.cutPower("n2")
            // No agent has looked yet.
            try cluster["n1"].query("INSERT INTO public.t VALUES (1)")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "\"n3\"")
            #expect(record(cluster) == Guarantee(members: ["n3"], count: 1))
        }
    }

    /// Of a quorum all but one must be there: the one that is missing may have what the other lacks.
    @Test func aQuorumIsPromotedTogether() throws {
        try withCluster(.sync, nodes: ["n1", "n2", "n3"], ["sync_method": "any"]) { cluster in
            try cluster.bringUp()
            try cluster.cutPower("n1")
            let alone = try cluster.run("promote", "n2")
            #expect(alone.code == 1 && alone.reason.contains("may be only on n1, n3"), "\(alone)")
            for node in ["n2", "n3"] { #expect(cluster.notify("pre", "promote", "n2", on: node).code == 0) }
            try cluster.must("promote", "n2")
        }
    }

    @Test func twoAreWaitedFor() throws {
        try withCluster(.sync, nodes: ["n1", "n2", "n3"], ["sync_num": "2"]) { cluster in
            try cluster.bringUp()
            #expect(setting(cluster) == "FIRST 2 (\"n2\", \"n3\")")
            #expect(record(cluster) == Guarantee(members: ["n2", "n3"], count: 2))
            try cluster.cutPower("n3")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "\"n2\"")
            #expect(record(cluster) == Guarantee(members: ["n2"], count: 1))
        }
    }

    @Test func strictModeBlocksFromThePromotionOn() throws {
        try withCluster(.sync, ["sync_strict": "true"]) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            #expect(setting(cluster) == "\"n2\"")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "\"n2\"")
            #expect(record(cluster) == Guarantee.none)
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(record(cluster) == Guarantee(members: ["n2"], count: 1))
            try cluster.cutPower("n2")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(setting(cluster) == "\"n2\"")
        }
    }

    /// The furthest survivor outdoes the candidate before the promotion, whoever sees it first.
    @Test func whoIsFurtherThanTheCandidateOutdoesIt() throws {
        try withCluster(.sync, nodes: ["n1", "n2", "n3"]) { cluster in
            try cluster.bringUp()
            #expect(setting(cluster) == "\"n2\"")
            // The synchronous standby dies; what is written then reaches the other one only.
            endServers(cluster["n2"].data)
            try cluster["n1"].query("SET synchronous_commit = local; INSERT INTO public.t VALUES (1)")
            try cluster.awaitReplay("n3", of: "n1")
            try cluster.cutPower("n1")
            try cluster.must("start", "n2")
            try waitFor("the end of n2's WAL") {
                cluster["n2"].value("SELECT pg_last_wal_receive_lsn() IS NOT NULL") == "t"
            }
            for node in ["n2", "n3"] { #expect(cluster.notify("pre", "promote", "n2", on: node).code == 0) }
            #expect(cluster.attribute("score", "n3") == "1000")
            let behind = cluster.call("n2").run("promote")
            #expect(behind.code == 1 && behind.reason.contains("n3 is the best candidate"), "\(behind)")
            try cluster.must("promote", "n3")
        }
    }
}
