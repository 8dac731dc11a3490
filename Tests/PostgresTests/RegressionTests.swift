import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// Faults of ours that were found by looking and by breaking things: each stays mended.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct RegressionTests {
    /// An agent that was killed between writing the setting and the reload left a file that any later reload brought into
    /// effect, past every record.
    @Test func settingThatNobodyReadIsTakenBack() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            let file = cluster["n1"].temporary + "/rep_mode.conf"
            let inEffect = try readText(file)
            #expect(inEffect.contains("n2"))
            try replaceFile(file, with: Array("synchronous_standby_names = ''\n".utf8), owner: PostgreSQL.account)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(try readText(file) == inEffect)
        }
    }

    /// A backend that computes doesn't notice its postmaster's death; stop waited its whole patience for it.
    @Test func busyOrphanDoesNotHoldTheFailoverUp() throws {
        try withInstance { instance in
            #expect(instance.call().run("start").code == 0)
            let session = try instance.connect()
            Thread.detachNewThread { [busy = Unshared(session)] in
                _ = try? busy.value.query(
                    "SELECT count(*) FROM generate_series(1, 100000000000)",
                    by: .after(milliseconds: 30_000)
                )
            }
            try waitFor("a busy backend") {
                instance.value(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT count%series%' AND state = 'active' AND pid <> pg_backend_pid()"
                ) == "1"
            }
            try instance.killPostmaster()
            let stop = instance.call(["stop_escalate": "60", "stop_escalate_in_slave": "60"]).run("stop")
            #expect(stop.code == 0, "\(stop)")
            #expect(stop.milliseconds < 8000, "\(stop)")
            #expect(!instance.hasProcesses)
        }
    }

    /// A typing error made demote fail, and the node was fenced.
    @Test(arguments: [["rep_mode": "snyc"], ["rep_mode": "none"], ["node_list": ""]])
    func demotionEndsAPrimaryWhateverIsConfigured(_ changes: [String: String]) throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            #expect(try cluster.run("demote", "n1", changes).code == 0)
            #expect(!cluster["n1"].hasProcesses)
        }
    }

    /// A primary that was shut down in order is demoted, also when it can't come up as a standby.
    @Test func demotionSucceedsWithoutAStandby() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster["n1"].append("no_such_setting = 1\n")
            let demote = try cluster.run("demote", "n1")
            #expect(demote.code == 0, "\(demote)")
            #expect(demote.errors.contains("no_such_setting"), "\(demote)")
            #expect(!cluster["n1"].hasProcesses)
        }
    }

    /// The agent's own pinned search path hid the operator's tables.
    @Test func monitorSQLSeesTheOperatorsTables() throws {
        try withInstance { instance in
            #expect(instance.call().run("start").code == 0)
            try instance.query("CREATE TABLE public.alive (x int)")
            let changes = ["monitor_sql": "SELECT x FROM alive", "pgdb": "postgres"]
            let monitor = instance.call(changes).run("monitor")
            #expect(monitor.code == 0, "\(monitor)")
        }
    }

    /// A comment in EUC-JP came back as replacement characters.
    @Test func configurationKeepsItsBytes() throws {
        try withCluster(.async) { cluster in
            let comment: [UInt8] = [0x23, 0x20, 0xC6, 0xFC, 0xCB, 0xDC, 0x0A]
            let file = cluster["n1"].configuration
            try replaceFile(file, with: try readFile(file) + comment, owner: PostgreSQL.account)
            try cluster.must("start", "n1")
            let written = try readFile(file)
            #expect(String(describing: written).contains("35, 32, 198, 252, 203, 220, 10"))
            #expect(String(decoding: written, as: UTF8.self).contains("managed by pgsql-swift"))
        }
    }

    /// A server keeps for years what it inherits.
    @Test func serverInheritsItsOwnersEnvironment() throws {
        try withInstance { instance in
            var call = instance.call(["monitor_user": "postgres", "monitor_password": "hush"])
            call.environment["HOME"] = "/root"
            #expect(call.run("start").code == 0)
            let pid = try #require(instance.text("postmaster.pid").split(separator: "\n").first)
            let words = try readText("/proc/\(pid)/environ").split(separator: "\0").map(String.init)
            #expect(words.contains("HOME=\(PostgreSQL.account?.home ?? "")"))
            #expect(!words.contains { $0.hasPrefix("OCF_") || $0.contains("hush") }, "\(words)")
        }
    }

    /// Promoted by a restart, two nodes are on one timeline, and nothing in the WAL's history tells them apart.
    @Test func lockOnThePrimarysTimelineRefuses() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            let identifier = cluster["n1"].value("SELECT system_identifier FROM pg_control_system()")
            let timeline = try #require(TimelineID(2))
            let content = LockContent(
                node: "n2",
                systemIdentifier: try #require(identifier.flatMap { UInt64($0) }),
                position: WALPosition(timeline: timeline, lsn: LSN(bytes: 1)),
                time: "2026-01-01T00:00:00Z"
            )
            let lock = cluster["n2"].temporary + "/PGSQL.lock"
            try replaceFile(lock, with: Array(content.text.utf8), owner: PostgreSQL.account)
            let start = try cluster.run("start", "n2")
            #expect(start.code == 1)
            #expect(start.reason.contains("pgrex-tool rejoin"), "\(start)")
            #expect(FileFacts(lock) != nil)
        }
    }

    /// A slot that somebody dropped kept its standby away until the next promotion.
    @Test func missingSlotIsMadeAgain() throws {
        try withCluster(.async, ["replication_slot_name": "slot"]) { cluster in
            try cluster.bringUp()
            try cluster.must("stop", "n2")
            try cluster["n1"].query("SELECT pg_drop_replication_slot('slot_n2')")
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster["n1"].value("SELECT slot_name FROM pg_replication_slots") == "slot_n2")
        }
    }
}

/// Parameters whose effect shows only with real servers.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct ParameterEffectTests {
    @Test func receiverIsPublished() throws {
        try withCluster(.async, ["check_wal_receiver": "true"]) { cluster in
            try cluster.bringUp()
            try cluster.must("monitor", "n2")
            #expect(cluster.attribute("receiver-status", "n2") == "normal")
            endServers(cluster["n1"].data)
            try waitFor("a lost receiver") {
                cluster["n2"].value("SELECT count(*) FROM pg_stat_wal_receiver") == "0"
            }
            try cluster.must("monitor", "n2")
            #expect(cluster.attribute("receiver-status", "n2") == "ERROR")
            try cluster.must("stop", "n2")
            #expect(cluster.attribute("receiver-status", "n2") == nil)
        }
    }

    /// Commits wait for a standby outside the cluster as well, while it streams.
    @Test func standbyOutsideTheClusterIsWaitedFor() throws {
        try withCluster(.sync, ["external_standby_node_list": "far-away"]) { cluster in
            try cluster.bringUp()
            let folder = cluster["n1"].folder + "/far"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let receiver = Process()
            receiver.executableURL = URL(fileURLWithPath: PostgreSQL.programs + "/pg_receivewal")
            let target =
                "host=\(cluster["n1"].address) port=\(cluster["n1"].port) user=postgres application_name=far-away"
            receiver.arguments = ["--synchronous", "-D", folder, "-d", target]
            try receiver.run()
            // It ends in order only once its last WAL is acknowledged: a lost standby doesn't either.
            defer { try? send(.kill, to: receiver.processIdentifier) }
            try waitFor("the standby outside in the setting") {
                _ = try? cluster.run("monitor", "n1")
                return cluster["n1"].value("SHOW synchronous_standby_names") == "FIRST 2 (\"n2\", \"far-away\")"
            }
            try send(.kill, to: receiver.processIdentifier)
            try waitFor("the setting without it") {
                _ = try? cluster.run("monitor", "n1")
                return cluster["n1"].value("SHOW synchronous_standby_names") == "\"n2\""
            }
        }
    }

    /// A changed address is followed without a restart.
    @Test func reloadChangesWhereAStandbyConnects() throws {
        try withCluster(.async) { cluster in
            try cluster.bringUp()
            let pid = cluster["n2"].text("postmaster.pid").split(separator: "\n").first
            let answer = try cluster.run("reload-agent", "n2", ["primary_conninfo_opt": "connect_timeout=7"])
            #expect(answer.code == 0, "\(answer)")
            try waitFor("the new setting") {
                cluster["n2"].value("SHOW primary_conninfo")?.contains("connect_timeout=7") ?? false
            }
            #expect(cluster["n2"].text("postmaster.pid").split(separator: "\n").first == pid)
        }
    }
}

/// A value that one thread hands to another and keeps no hold of.
private struct Unshared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
