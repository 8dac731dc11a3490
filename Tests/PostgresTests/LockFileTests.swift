import RACore
import RAKit
import RATestSupport
import Testing

/// Who may start after it was the primary: what never diverged, and nothing else.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct LockFileTests {
    private func lock(_ cluster: TestCluster, _ node: String) -> String { cluster[node].temporary + "/PGSQL.lock" }

    /// The second node becomes the primary while the first has more than it.
    private func diverge(_ cluster: TestCluster) throws {
        try cluster.bringUp()
        endServers(cluster["n2"].data)
        try cluster["n1"].query("INSERT INTO public.t SELECT generate_series(1, 100)")
        try cluster.cutPower("n1")
        try cluster.must("start", "n2")
        try cluster.must("promote", "n2")
        try cluster.fake.set("n1", .online)
        cluster.primaryAddress = "127.0.1.2"
    }

    @Test func divergedPrimaryIsRefused() throws {
        try withCluster(.async) { cluster in
            try diverge(cluster)
            for _ in 1...2 {
                let answer = try cluster.run("start", "n1")
                #expect(answer.code == 1)
                #expect(answer.exitReasons.count == 1)
                #expect(answer.reason.contains("pgrex-tool rejoin"), "\(answer)")
                #expect(answer.reason.contains("timeline 2 LSN 0/"), "\(answer)")
                #expect(answer.reason.contains("n2"), "\(answer)")
                #expect(!cluster["n1"].hasProcesses)
                #expect(FileFacts(lock(cluster, "n1")) != nil)
            }
            #expect(cluster.attribute("score", "n1") == "-INFINITY")
        }
    }

    /// The lock file may be gone, by hand or with the disk; the fork isn't.
    @Test func divergedPrimaryIsRefusedWithoutTheLockToo() throws {
        try withCluster(.async) { cluster in
            try diverge(cluster)
            try removeFile(lock(cluster, "n1"))
            let answer = try cluster.run("start", "n1")
            #expect(answer.code == 1)
            #expect(answer.reason.contains("pgrex-tool rejoin"), "\(answer)")
            #expect(!cluster["n1"].hasProcesses)
        }
    }

    @Test func ancestorsLockIsRemoved() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            let text = try readText(lock(cluster, "n1"))
            #expect(LockContent(text: text)?.node == "n1", "\(text)")
            // A switchover: the standby has all that the primary ever wrote.
            try cluster.must("demote", "n1")
            try cluster.must("stop", "n1")
            try cluster.must("promote", "n2")
            cluster.primaryAddress = "127.0.1.2"
            let start = try cluster.run("start", "n1")
            #expect(start.code == 0, "\(start)")
            #expect(start.errors.contains("removing \(lock(cluster, "n1"))"), "\(start)")
            #expect(FileFacts(lock(cluster, "n1")) == nil)
            try cluster.awaitStreaming(1, from: "n2")
        }
    }

    /// Without a primary the durable record tells where the history went on: no diverged instance serves.
    @Test func theRecordOfAPrimaryThatIsDownIsAskedToo() throws {
        try withCluster(.async) { cluster in
            try diverge(cluster)
            try cluster.must("monitor", "n2", .runningPromoted)
            try cluster.must("stop", "n2")
            let answer = try cluster.run("start", "n1")
            #expect(answer.code == 1)
            #expect(answer.reason.contains("pgrex-tool rejoin"), "\(answer)")
            #expect(answer.reason.contains("where n2 went on to timeline 3"), "\(answer)")
            #expect(!cluster["n1"].hasProcesses)
        }
    }

    /// A former primary of which nobody can tell comes up, and waits for the choice by position.
    @Test func whoCannotBeProvenComesUpAndIsNotPromotable() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n1")
            try cluster.must("stop", "n2")
            let record = cluster.attribute("record", "n1").flatMap { ClusterRecord($0) }
            var promoting = try #require(record)
            (promoting.primary, promoting.term, promoting.isPromoting) = ("n2", promoting.term + 1, true)
            try cluster.fake.setAttribute("pg-record", "n2", promoting.text, .permanent)
            let answer = try cluster.run("start", "n1")
            #expect(answer.code == 0, "\(answer)")
            #expect(answer.errors.contains("PGSQL.lock stays"), "\(answer)")
            #expect(cluster.attribute("score", "n1") == "-INFINITY")
            let promotion = try cluster.run("promote", "n1")
            #expect(promotion.code == 1 && promotion.reason.contains("may be only on n2"), "\(promotion)")
        }
    }

    /// The empty file of heartbeat/pgsql counts as a lock, too, until the primary proves it needless.
    @Test func lockOfTheIncumbentIsRemovedByProof() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster.must("start", "n2")
            try cluster.must("stop", "n2")
            try replaceFile(lock(cluster, "n2"), with: [], owner: PostgreSQL.account)
            try cluster.must("start", "n2")
            #expect(FileFacts(lock(cluster, "n2")) == nil)
        }
    }

    @Test func otherSystemIsRefused() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            let stranger = cluster["n2"].data
            try PostgreSQL.asOwner("/bin/rm", ["-r", stranger], as: nil)
            try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", stranger], as: nil)
            try PostgreSQL.asOwner(
                PostgreSQL.programs + "/initdb",
                ["-D", stranger, "-A", "trust", "--no-sync", "-U", "postgres"]
            )
            let answer = try cluster.run("start", "n2")
            #expect(answer.code == 1)
            #expect(answer.reason.contains("system identifier"), "\(answer)")
            #expect(!cluster["n2"].hasProcesses)
        }
    }

    /// The address of the primary leads nowhere: nothing is proven, so nothing is started, and the wait ends in time.
    @Test func unreachablePrimaryProvesNothing() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            cluster.meta["timeout"] = "3000"
            cluster.primaryAddress = "127.0.1.77"
            let answer = try cluster.run("start", "n2")
            #expect(answer.code == 1)
            #expect(answer.milliseconds < 3000)
            #expect(answer.reason.contains("127.0.1.77"), "\(answer)")
            #expect(!cluster["n2"].hasProcesses)
        }
    }

    /// A standby that went past the fork while the agent wasn't looking doesn't go on serving reads.
    @Test func forkedStandbyIsFoundByItsMonitor() throws {
        try withCluster(.async) { cluster in
            try diverge(cluster)
            // As if it had been started past the agent.
            try cluster["n1"].write("", to: "standby.signal")
            let settings = cluster["n1"].temporary + "/recovery.conf"
            try replaceFile(
                settings,
                with: Array("primary_conninfo = 'host=127.0.1.2 port=\(cluster["n1"].port)'\n".utf8),
                owner: PostgreSQL.account
            )
            try removeFile(cluster["n1"].data + "/postmaster.pid")
            try cluster["n1"].startByHand()
            let answer = try cluster.run("monitor", "n1")
            #expect(answer.code == 1, "\(answer)")
            #expect(answer.reason.contains("pgrex-tool rejoin"), "\(answer)")
        }
    }

    /// The address of the primary is still on the node that was demoted: what it receives comes from itself.
    @Test func standbyThatStreamsFromItselfProvesNothing() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            try cluster.must("demote", "n1")
            try waitFor("a standby that streams from itself") {
                cluster["n1"].value(
                    "SELECT status FROM pg_stat_wal_receiver, pg_stat_replication WHERE application_name = 'n1'"
                )
                    == "streaming"
            }
            try cluster.must("monitor", "n1")
            #expect(FileFacts(lock(cluster, "n1")) != nil)
            try cluster.must("promote", "n2")
            try cluster.must("monitor", "n1")
            #expect(FileFacts(lock(cluster, "n1")) != nil)
        }
    }
}
