import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// Replication slots on real servers: kept, moved, given up, and left alone.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SlotKeepingTests {
    private static let parameters = ["replication_slot_name": "pg"]

    private func slots(_ instance: TestInstance) -> [String] {
        (try? instance.query("SELECT slot_name FROM pg_replication_slots ORDER BY 1")) ?? ["unasked"]
    }

    private func restart(_ slot: String, _ instance: TestInstance) -> LSN? {
        instance.value("SELECT restart_lsn FROM pg_replication_slots WHERE slot_name = '\(slot)'").flatMap { LSN($0) }
    }

    private func writeSegments(_ count: Int, _ instance: TestInstance) throws {
        for _ in 0..<count {
            try instance.query("SELECT pg_logical_emit_message(false, 'test', 'filling'), pg_switch_wal()")
        }
        try instance.query("CHECKPOINT")
    }

    /// A monitor that looks at the slots, which a standby's doesn't always.
    private func look(_ cluster: TestCluster, _ node: String, _ code: OCFExitCode = .success) throws {
        try removeFile("\(cluster[node].folder)/\(node).run/pgsql-swift-pg.slots")
        try cluster.must("monitor", node, code)
    }

    private func call(_ cluster: TestCluster, _ node: String, _ changes: [String: String]) throws -> AgentAnswer {
        try removeFile("\(cluster[node].folder)/\(node).run/pgsql-swift-pg.slots")
        return try cluster.run("monitor", node, changes)
    }

    @Test func everyNodeKeepsThemOverEverything() throws {
        try withCluster(.async, nodes: ["n1", "n2", "n3"], Self.parameters) { cluster in
            try cluster.bringUp()
            #expect(slots(cluster["n1"]) == ["pg_n2", "pg_n3"])
            #expect(slots(cluster["n2"]) == ["pg_n1", "pg_n3"])
            #expect(slots(cluster["n3"]) == ["pg_n1", "pg_n2"])
            try cluster.must("stop", "n3")
            let kept = restart("pg_n3", cluster["n1"])
            try writeSegments(3, cluster["n1"])
            try cluster.must("demote", "n1")
            try cluster.must("monitor", "n1")
            #expect(slots(cluster["n1"]) == ["pg_n2", "pg_n3"])
            #expect(restart("pg_n3", cluster["n1"]) == kept)
            try cluster.must("stop", "n1")
            try cluster.must("start", "n1")
            #expect(restart("pg_n3", cluster["n1"]) == kept)
        }
    }

    /// What the others have received needn't be kept for them; what they lack is.
    @Test func aStandbysSlotsMoveAsFarAsTheirOwnersAre() throws {
        try withCluster(.async, nodes: ["n1", "n2", "n3"], Self.parameters) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n3")
            let former = restart("pg_n3", cluster["n2"])
            try writeSegments(3, cluster["n1"])
            try cluster.awaitReplay("n2", of: "n1")
            try cluster["n2"].query("CHECKPOINT")
            let redo = cluster["n2"].value("SELECT redo_lsn FROM pg_control_checkpoint()").flatMap { LSN($0) }
            try cluster.must("monitor", "n1", .runningPromoted)
            try look(cluster, "n2")
            #expect(restart("pg_n1", cluster["n2"]) == redo)
            #expect(restart("pg_n3", cluster["n2"]) == former)
            // n3 catches up: n2 needn't keep anything for it any more.
            try cluster.must("start", "n3")
            try cluster.awaitStreaming(2)
            try cluster.awaitReplay("n3", of: "n1")
            try cluster.must("monitor", "n1", .runningPromoted)
            try look(cluster, "n2")
            let moved = try #require(restart("pg_n3", cluster["n2"]))
            let start = try #require(redo)
            #expect(moved.bytes >> 20 == start.bytes >> 20, "segments have a megabyte here")
            #expect(moved <= start && former.map { $0 < moved } ?? false)
        }
    }

    @Test func aSlotThatKeepsTooMuchIsGivenUpAndItsNodeTold() throws {
        let limited = Self.parameters.merging(["slot_keep_max_bytes": "4MB"]) { $1 }
        try withCluster(.async, limited) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            try writeSegments(3, cluster["n1"])
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster.attribute("slot", "n2") == "near=bytes keeper=n1")
            try writeSegments(2, cluster["n1"])
            let answer = try cluster.run("monitor", "n1")
            #expect(answer.code == OCFExitCode.runningPromoted.rawValue)
            #expect(answer.errors.contains("pgrex-tool rejoin"), "\(answer)")
            let told = try #require(cluster.attribute("slot", "n2"))
            #expect(told.hasPrefix("dropped=bytes keeper=n1 lsn="), "\(told)")
            #expect(slots(cluster["n1"]).isEmpty)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(slots(cluster["n1"]).isEmpty, "nobody is there to use it")
            #expect(cluster.attribute("slot", "n2") == told)
            // On its way back it makes its slot itself.
            try cluster["n1"].query("ALTER SYSTEM SET wal_keep_size = '1GB'")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            try cluster.must("start", "n2")
            #expect(slots(cluster["n1"]) == ["pg_n2"])
        }
    }

    @Test func timeGivesASlotUp() throws {
        try withCluster(.async, Self.parameters.merging(["slot_keep_max_age": "1"]) { $1 }) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            try waitFor("a slot that is given up") {
                _ = try? cluster.run("monitor", "n1")
                return cluster.attribute("slot", "n2")?.hasPrefix("dropped=age") ?? false
            }
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster.attribute("slot", "n2") == nil, "it has all that it needs")
        }
    }

    @Test func whatTheServerGaveUpIsMadeAgain() throws {
        try withCluster(.async, Self.parameters) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            try cluster["n1"].query("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            try waitFor("a slot that the server gave up") {
                try? writeSegments(2, cluster["n1"])
                return cluster["n1"].value("SELECT wal_status FROM pg_replication_slots") == "lost"
            }
            let answer = try cluster.run("monitor", "n1")
            #expect(answer.errors.contains("max_slot_wal_keep_size"), "\(answer)")
            #expect(cluster.attribute("slot", "n2")?.hasPrefix("dropped=server keeper=n1") ?? false)
            #expect(slots(cluster["n1"]).isEmpty)
            try cluster["n1"].query("ALTER SYSTEM RESET max_slot_wal_keep_size")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            try cluster.must("start", "n2")
            #expect(cluster["n1"].value("SELECT wal_status <> 'lost' FROM pg_replication_slots") == "t")
        }
    }

    @Test(.enabled(if: PostgreSQL.version >= 18, "it needs PostgreSQL 18 or later"))
    func whatTheServerGaveUpForDisuseIsExplained() throws {
        try withCluster(.async, Self.parameters) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            try cluster["n1"].query("ALTER SYSTEM SET idle_replication_slot_timeout = '1s'")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            try waitFor("a slot that the server gave up") {
                try? writeSegments(1, cluster["n1"])
                return cluster["n1"].value("SELECT invalidation_reason FROM pg_replication_slots") == "idle_timeout"
            }
            let answer = try cluster.run("monitor", "n1")
            #expect(answer.errors.contains("the server had given it up (idle_timeout)"), "\(answer)")
            #expect(cluster.attribute("slot", "n2")?.hasPrefix("dropped=server keeper=n1") ?? false)
            #expect(slots(cluster["n1"]).isEmpty)
        }
    }

    /// Nothing of anybody else's is touched, whatever its name.
    @Test func foreignSlotsAreLeftAlone() throws {
        try withCluster(.async, nodes: ["n1", "n2", "n3"], Self.parameters) { cluster in
            for instance in cluster.instances { try instance.append("wal_level = logical\n") }
            try cluster.bringUp()
            try cluster["n1"].query(
                """
                SELECT pg_create_physical_replication_slot(name, true) FROM unnest('{pg,pg_backup,barman}'::text[]) AS name;
                SELECT pg_create_logical_replication_slot('pg_cdc', 'pgoutput')
                """
            )
            try cluster.must("stop", "n3")
            let answer = try call(cluster, "n1", [:])
            #expect(answer.errors.contains("replication slot pg is one of heartbeat/pgsql's"), "\(answer)")
            // n3 leaves the cluster for good.
            let left = ["node_list": "n1 n2"]
            _ = try call(cluster, "n1", left)
            _ = try call(cluster, "n2", left)
            #expect(slots(cluster["n1"]) == ["barman", "pg", "pg_backup", "pg_cdc", "pg_n2"])
            #expect(slots(cluster["n2"]) == ["pg_n1"])
        }
    }

    /// From the next look on, not from the next promotion.
    @Test func aNodeThatJoinsGetsItsSlots() throws {
        try withCluster(.async, nodes: ["n1", "n2", "n3"], Self.parameters) { cluster in
            cluster.parameters["node_list"] = "n1 n2"
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            #expect(slots(cluster["n1"]) == ["pg_n2"])
            cluster.parameters["node_list"] = "n1 n2 n3"
            try cluster.must("monitor", "n1", .runningPromoted)
            try look(cluster, "n2")
            #expect(slots(cluster["n1"]) == ["pg_n2", "pg_n3"])
            #expect(slots(cluster["n2"]) == ["pg_n1", "pg_n3"])
            #expect(restart("pg_n3", cluster["n1"]) != nil)
        }
    }

    /// With another base a node that is away keeps its WAL until it uses the new slot; without one nothing is left over.
    @Test func anotherBaseLosesNothingAndNoneLeavesNothing() throws {
        try withCluster(.async, Self.parameters) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            cluster.parameters["replication_slot_name"] = "new"
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(slots(cluster["n1"]) == ["new_n2", "pg_n2"])
            try cluster.must("start", "n2")
            #expect(slots(cluster["n2"]) == ["new_n1"], "nobody moves a standby's slot of before")
            try cluster.awaitStreaming(1)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(slots(cluster["n1"]) == ["new_n2"])
            try cluster.must("stop", "n2")
            cluster.parameters["replication_slot_name"] = nil
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(slots(cluster["n1"]).isEmpty)
        }
    }

    /// heartbeat/pgsql's slots keep nothing before their standby's first connection.
    @Test func aSlotWithoutWALIsReplaced() throws {
        try withCluster(.async, Self.parameters) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster["n1"].query(
                "SELECT pg_drop_replication_slot('pg_n2'); SELECT pg_create_physical_replication_slot('pg_n2')"
            )
            #expect(restart("pg_n2", cluster["n1"]) == nil)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(restart("pg_n2", cluster["n1"]) != nil)
        }
    }

    /// While no agent looks, the server guards itself; but an operator's word counts, and slots of others aren't given up.
    @Test func theServerHasALimitOfItsOwn() throws {
        try withCluster(.async, Self.parameters) { cluster in
            try cluster.bringUp()
            let setting = "SHOW max_slot_wal_keep_size"
            try waitFor("limits on both servers") {
                ["n1", "n2"].allSatisfy { cluster[$0].value(setting).map { $0 != "-1" } ?? false }
            }
            try cluster.must("stop", "n2")
            try cluster["n1"].query("SELECT pg_create_physical_replication_slot('barman', true)")
            _ = try call(cluster, "n1", [:])
            try waitFor("no limit") { cluster["n1"].value(setting) == "-1" }
            try cluster["n1"].query("SELECT pg_drop_replication_slot('barman')")
            _ = try call(cluster, "n1", [:])
            try waitFor("a limit again") { cluster["n1"].value(setting) != "-1" }
            try cluster["n1"].query("ALTER SYSTEM SET max_slot_wal_keep_size = '7MB'")
            _ = try call(cluster, "n1", [:])
            try waitFor("the operator's limit") { cluster["n1"].value(setting) == "7MB" }
            #expect(FileFacts(cluster["n1"].temporary + "/slot_limit.conf") == nil)
        }
    }

    /// What the server synchronises is on the standby before a failover, and after it, and the agent doesn't touch it.
    @Test(.enabled(if: PostgreSQL.version >= 17, "it needs PostgreSQL 17 or later"))
    func synchronisedSlotsWork() throws {
        let asked = Self.parameters.merging(["primary_conninfo_opt": "dbname=postgres"]) { $1 }
        try withCluster(.async, asked) { cluster in
            for (index, instance) in cluster.instances.enumerated() {
                try instance.append(
                    "wal_level = logical\nhot_standby_feedback = on\nsync_replication_slots = on\n"
                        + "synchronized_standby_slots = 'pg_n\(2 - index)'\n"
                )
            }
            try cluster.bringUp()
            try cluster["n1"].query("SELECT pg_create_logical_replication_slot('cdc', 'pgoutput', false, false, true)")
            let isThere = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'cdc' AND NOT temporary"
            try waitFor("a synchronised slot on n2", seconds: 60) {
                _ = try? cluster["n1"].query("SELECT pg_log_standby_snapshot()")
                return cluster["n2"].value(isThere + " AND synced") == "1"
            }
            try look(cluster, "n2")
            try cluster.cutPower("n1")
            try cluster.must("monitor", "n2")
            try cluster.must("promote", "n2")
            try cluster.must("monitor", "n2", .runningPromoted)
            #expect(cluster["n2"].value(isThere) == "1")
            #expect(slots(cluster["n2"]) == ["cdc", "pg_n1"])
        }
    }

    /// PostgreSQL 17's sync_replication_slots takes the database from primary_conninfo.
    @Test func theDatabaseIsWrittenWhenAskedFor() throws {
        try withCluster(.async, ["primary_conninfo_opt": "dbname=postgres"]) { cluster in
            try cluster.bringUp()
            #expect(cluster["n2"].value("SHOW primary_conninfo")?.contains("dbname=postgres") ?? false)
        }
    }
}
