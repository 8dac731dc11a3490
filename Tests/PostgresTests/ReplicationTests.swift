import RACore
import RAKit
import RATestSupport
import Testing

/// A primary and its standbys, from the first start through failover and back.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct ReplicationTests {
    @Test func asynchronousPair() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            #expect(cluster["n1"].isInRecovery == true)
            #expect(cluster.attribute("status", "n1") == "HS:alone")
            try cluster.must("promote", "n1")
            #expect(cluster["n1"].isInRecovery == false)
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            try cluster.must("monitor", "n1", .runningPromoted)
            try cluster.must("monitor", "n2")
            #expect(
                ["status", "data-status", "score"].map { cluster.attribute($0, "n1") } == ["PRI", "LATEST", "1000"]
            )
            #expect(
                ["status", "data-status", "score"].map { cluster.attribute($0, "n2") }
                    == ["HS:async", "STREAMING|ASYNC", "100"]
            )
            try cluster["n1"].query("INSERT INTO public.t VALUES (1)")
            try cluster.awaitReplay("n2", of: "n1")
            #expect(cluster["n2"].value("SELECT id FROM public.t") == "1")
            try cluster.must("stop", "n2")
            #expect(cluster.attribute("status", "n2") == "STOP")
            #expect(cluster.attribute("score", "n2") == "-INFINITY")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster.attribute("data-status", "n2") == "DISCONNECT")
            try cluster.must("stop", "n1")
            #expect(!cluster["n1"].hasProcesses)
        }
    }

    @Test func synchronousPairDegradesAndRecovers() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            #expect(cluster["n1"].value("SHOW synchronous_standby_names") == "\"n2\"")
            #expect(
                ["status", "data-status", "score"].map { cluster.attribute($0, "n2") }
                    == ["HS:sync", "STREAMING|SYNC", "100"]
            )
            try cluster.cutPower("n2")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster["n1"].value("SHOW synchronous_standby_names") == "")
            #expect(cluster.attribute("data-status", "n2") == "DISCONNECT")
            try cluster["n1"].query("INSERT INTO public.t VALUES (1)")
            try cluster.fake.set("n2", .online)
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster["n1"].value("SHOW synchronous_standby_names") == "\"n2\"")
            #expect(cluster.attribute("data-status", "n2") == "STREAMING|SYNC")
        }
    }

    @Test func failoverAndReturnOfTheFormerPrimary() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try cluster["n1"].query("INSERT INTO public.t VALUES (7)")
            try cluster.cutPower("n1")
            try cluster.must("monitor", "n2")
            #expect(cluster.attribute("score", "n2") == "100")
            try cluster.must("promote", "n2")
            #expect(cluster["n2"].value("SELECT id FROM public.t") == "7")
            try cluster.must("monitor", "n2", .runningPromoted)
            #expect(cluster.attribute("data-status", "n1") == "DISCONNECT")
            try cluster.fake.set("n1", .online)
            cluster.primaryAddress = "127.0.1.2"
            // All that it had was streamed: it never diverged, and no hand is needed.
            try cluster.must("start", "n1")
            try cluster.awaitStreaming(1, from: "n2")
            try cluster.must("monitor", "n2", .runningPromoted)
            #expect(cluster["n2"].value("SHOW synchronous_standby_names") == "\"n1\"")
            #expect(cluster.attribute("status", "n1") == "HS:sync")
        }
    }

    @Test func demoteLeavesARunningStandby() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            try cluster.must("demote", "n1")
            // It is on its way: the failover doesn't wait for it.
            #expect(cluster["n1"].hasProcesses)
            #expect(cluster.attribute("score", "n1") == "-INFINITY")
            try cluster.must("monitor", "n1")
            #expect(cluster["n1"].isInRecovery == true)
            try cluster.must("demote", "n1")
            try cluster.must("monitor", "n1")
            try cluster.must("monitor", "n2")
            try cluster.must("promote", "n2")
            cluster.primaryAddress = "127.0.1.2"
            // In life the address moves; here the standby is told of another one.
            #expect(try cluster.run("reload-agent", "n1").code == 0)
            try cluster.awaitStreaming(1, from: "n2")
            try cluster.must("monitor", "n2", .runningPromoted)
            #expect(cluster.attribute("status", "n1") == "HS:async")
        }
    }

    @Test func promotionOfADisconnectedNodeIsRefused() throws {
        try withCluster(.sync) { cluster in
            try cluster.must("start", "n1")
            try cluster.fake.setAttribute("pg-data-status", "n1", "DISCONNECT", .permanent)
            try cluster.fake.setAttribute("pg-data-status", "n2", "LATEST", .permanent)
            let answer = try cluster.run("promote", "n1")
            #expect(answer.code == 1)
            #expect(answer.reason.contains("acknowledged commits may be only on n2"), "\(answer)")
            #expect(cluster["n1"].isInRecovery == true)
            try cluster.must("monitor", "n1")
            #expect(cluster.attribute("score", "n1") == "-INFINITY")
        }
    }

    @Test func promotionBesideARunningPrimaryIsRefused() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            let answer = cluster.call("n2").run("promote")
            #expect(answer.code == 1)
            #expect(answer.reason.contains("n1"), "\(answer)")
            #expect(cluster["n2"].isInRecovery == true)
        }
    }

    @Test func promotionByRestartKeepsTheTimeline() throws {
        try withCluster(.async, nodes: ["n1"], ["restart_on_promote": "true"]) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            #expect(cluster["n1"].value("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)") == "00000001")
            try cluster.must("monitor", "n1", .runningPromoted)
        }
    }

    @Test func standbysOfAsynchronousClusterAreRanked() throws {
        try withCluster(.async, nodes: ["n1", "n2", "n3"]) { cluster in
            try cluster.bringUp()
            #expect(cluster.attribute("score", "n2") == "100")
            #expect(cluster.attribute("score", "n3") == "99")
        }
    }

    @Test func coldStartElectsTheFurthest() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            try cluster["n1"].query("INSERT INTO public.t VALUES (1)")
            try cluster.must("monitor", "n1", .runningPromoted)
            try cluster.must("demote", "n1")
            try cluster.must("stop", "n1")
            // The lock file is there, but the durable record says that nobody was promoted since.
            try cluster.must("start", "n2")
            try cluster.must("start", "n1")
            try cluster.must("monitor", "n2")
            try cluster.must("monitor", "n1")
            #expect(cluster.attribute("score", "n2") == "-INFINITY")
            #expect(cluster.attribute("score", "n1") == "1000")
            try cluster.must("promote", "n1")
        }
    }

    @Test func slotsReserveAndFollow() throws {
        try withCluster(.async, nodes: ["N-1", "n2"], ["replication_slot_name": "pg"]) { cluster in
            try cluster.must("start", "N-1")
            try cluster.must("promote", "N-1")
            let slot = "SELECT slot_name || ' ' || (restart_lsn IS NOT NULL) FROM pg_replication_slots"
            #expect(try cluster["N-1"].query(slot) == ["pg_n2 true"])
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            #expect(cluster["N-1"].value("SELECT active FROM pg_replication_slots") == "t")
            #expect(cluster["n2"].value("SHOW primary_slot_name") == "pg_n2")
            #expect(cluster["N-1"].value("SELECT application_name FROM pg_stat_replication") == "n2")
        }
    }

    @Test func notificationOfAPromotionReconnectsTheReceiver() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            let question = "SELECT pid FROM pg_stat_wal_receiver"
            let former = cluster["n2"].value(question)
            #expect(former != nil)
            #expect(cluster.notify("post", "promote", "n1", on: "n2").code == 0)
            try waitFor("another WAL receiver") { cluster["n2"].value(question).map { $0 != former } ?? false }
        }
    }

    @Test func notificationOfAStartMakesTheStandbySynchronousAtOnce() throws {
        try withCluster(.sync) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            #expect(cluster.notify("post", "start", "n2", on: "n1").code == 0)
            #expect(cluster.attribute("data-status", "n2") == "STREAMING|SYNC")
            #expect(cluster.notify("pre", "promote", "n1", on: "n2").code == 0)
        }
    }
}
