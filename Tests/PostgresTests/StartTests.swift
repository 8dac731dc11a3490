import RACore
import RAKit
import RATestSupport
import Testing

/// Starts that another instance, another database or a failure stands in the way of.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct StartTests {
    /// Each would follow the other's settings, lock and record.
    @Test func twoInstancesDoNotShareTheirFiles() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            let shared = ["tmpdir": cluster["n1"].temporary]
            let refused = try cluster.run("start", "n2", shared)
            #expect(refused.code == 2, "\(refused)")
            #expect(refused.reason.contains(cluster["n1"].temporary) && refused.reason.contains(cluster["n1"].data))
            #expect(!cluster["n2"].hasProcesses)
            // Data that were moved keep their files.
            try cluster.must("stop", "n1")
            try PostgreSQL.asOwner("/bin/mv", [cluster["n1"].data, cluster["n1"].data + ".away"], as: nil)
            #expect(try cluster.run("start", "n2", shared).code == 0)
        }
    }

    /// The others go on counting it among those that have told which record they know.
    @Test func anInstanceThatCannotStartStillTellsWhatItKnows() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try cluster.must("monitor", "n2")
            // No checkpoint has this: it is told by the WAL alone.
            try cluster["n1"].query("INSERT INTO public.t SELECT generate_series(1, 1000)")
            let last = try #require(
                cluster["n1"].value("SELECT pg_logical_emit_message(false, 'a', 'b')").flatMap { LSN($0) }
            )
            let end = LSN(bytes: last.bytes - 100)
            try waitFor("n2 has it all") {
                cluster["n1"].value("SELECT flush_lsn >= '\(last)'::pg_lsn FROM pg_stat_replication") == "t"
            }
            for node in ["n2", "n1"] { try cluster.cutPower(node) }
            for node in ["n2", "n1"] { try cluster.fake.set(node, .online) }
            try cluster["n2"].append("shared_preload_libraries = 'no_such_library'\n")
            #expect(try cluster.run("start", "n2").code == 1)
            #expect(try cluster.run("stop", "n2").code == 0)
            let told = cluster.fake.position("n2")
            #expect(told?.isRunning == false && told?.seen != nil, "\(String(describing: told))")
            #expect(told.map { $0.lsn >= end } == true, "\(String(describing: told)) isn't its last record, at \(end)")
        }
    }

    /// How far replay has come says nothing of the WAL that is here: nobody may take that for this node's position.
    @Test func aPositionIsKnownOnlyWhenReplayHasReachedTheEnd() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try cluster["n2"].append("recovery_min_apply_delay = '1h'\n")
            try cluster.must("stop", "n2")
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            for row in 1...20 { try cluster["n1"].query("INSERT INTO public.t VALUES (\(row))") }
            let end = try #require(cluster["n1"].value("SELECT pg_current_wal_flush_lsn()").flatMap { LSN($0) })
            try waitFor("n2 has it all") {
                cluster["n1"].value("SELECT flush_lsn >= '\(end)'::pg_lsn FROM pg_stat_replication") == "t"
            }
            for node in ["n2", "n1"] { try cluster.cutPower(node) }
            try cluster.fake.set("n2", .online)
            let start = try cluster.run("start", "n2")
            #expect(start.code == 0 && start.errors.contains("end of its WAL"), "\(start)")
            #expect(cluster.fake.position("n2")?.isRunning == false)
            #expect(try cluster.run("promote", "n2").code == 1)
            try cluster["n2"].append("recovery_min_apply_delay = 0\n")
            try send(.reload, to: try #require(cluster["n2"].processID))
            try cluster.must("monitor", "n2")
            let told = cluster.fake.position("n2")
            #expect(told.map { $0.isRunning && $0.lsn >= end } == true, "\(String(describing: told)), not \(end)")
        }
    }

    /// Data made anew on every node: what was recorded was of other data, and nobody is waited for in vain.
    @Test func aDatabaseThatWasMadeAnewEverywhereIsPromoted() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            for node in ["n2", "n1"] { try cluster.must("stop", node) }
            try makeAnew(cluster["n2"])
            try cluster.must("start", "n2")
            #expect(cluster.attribute("score", "n2") == "-INFINITY", "n1 may hold what counts")
            try cluster.must("stop", "n2")
            try PostgreSQL.asOwner("/bin/rm", ["-r", cluster["n1"].data], as: nil)
            try PostgreSQL.asOwner("/bin/cp", ["-a", cluster["n2"].data, cluster["n1"].data], as: nil)
            try cluster["n1"].appendAddress()
            for node in ["n1", "n2"] { try cluster.must("start", node) }
            for node in ["n1", "n2"] { try cluster.must("monitor", node) }
            #expect(cluster.attribute("score", "n1") == PromotionScore.primary.text)
            try cluster.must("promote", "n1")
        }
    }

    private func makeAnew(_ instance: TestInstance) throws {
        try PostgreSQL.asOwner("/bin/rm", ["-r", instance.data], as: nil)
        try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", instance.data], as: nil)
        try PostgreSQL.asOwner(
            PostgreSQL.programs + "/initdb",
            ["-D", instance.data, "-A", "trust", "--no-sync", "-U", "postgres"]
        )
        try instance.append("port = \(instance.port)\n")
        try instance.appendAddress()
    }
}
