import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

extension RejoinCommandTests {
    /// Where a copy comes from.
    @Suite struct Sources {
        /// Nodes that are asked by their names.
        private let nodes = ["127.0.1.1", "127.0.1.2", "127.0.1.3"]

        private func backups(_ instance: TestInstance) -> Int {
            let text = (try? readText(instance.log, limit: 1 << 24)) ?? ""
            return text.split(separator: "\n").filter { $0.contains("command: BASE_BACKUP") }.count
        }

        /// The data come from the standby, and all of what is asked of the primary is WAL.
        @Test func copyOfAStandby() throws {
            try withFailedNode(.diverged, nodes: nodes, settings: "log_replication_commands = on\n") { failed in
                let standby = failed.cluster[nodes[2]]
                try failed.cluster.must("start", standby.node)
                try failed.cluster.awaitStreaming(1, from: failed.primary.node)
                try failed.cluster.awaitReplay(standby.node, of: failed.primary.node)
                let before = backups(failed.primary)
                let answer = try failed.rejoin("--method", "copy", "--source", standby.node)
                #expect(answer.code == 0, "\(answer)")
                #expect(answer.output.contains("\(failed.node.node) follows \(failed.primary.node) (copy"), "\(answer)")
                // One is asked for and not taken, for the sizes.
                #expect(backups(standby) > 0 && backups(failed.primary) == before)
                try failed.mustFollow(standbys: 2)
                let receiver = "SELECT sender_host FROM pg_stat_wal_receiver"
                #expect(failed.node.value(receiver) == failed.primary.address)
                let peers = "SELECT count(*) FROM pg_stat_replication"
                #expect(failed.primary.value(peers) == "2" && standby.value(peers) == "0")
                #expect(failed.leftovers() == [] && failed.ledger.map(\.counts.commits) == [1])
            }
        }

        /// Nobody else than a standby of this primary will do, and nothing is changed.
        @Test func whatIsNoStandby() throws {
            try withFailedNode(.diverged, nodes: nodes) { failed in
                let before = try failed.listing()
                for (name, words) in [
                    ("nowhere", "--source \"nowhere\" is no other node that is online"),
                    (failed.node.node, "--source \"\(failed.node.node)\" is no other node"),
                    (nodes[2], "--source \(nodes[2]): "),
                ] {
                    let answer = try failed.rejoin("--method", "copy", "--source", name)
                    #expect(answer.code == 2 && answer.errors.contains(words), "\(answer)")
                    #expect(answer.errors.contains("HINT: "), "\(answer)")
                }
                #expect(try failed.listing() == before && failed.ledger.isEmpty)
            }
        }
    }

    /// Changes since a kept backup: PostgreSQL 17 sends them.
    @Suite struct Increments {
        private func backup(_ failed: FailedNode) throws -> String {
            let full = failed.node.folder + "/full"
            let source = ["-h", failed.primary.address, "-p", String(failed.primary.port), "-U", "postgres"]
            try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", full], as: nil)
            try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_basebackup", ["-D", full, "-c", "fast"] + source)
            return full
        }

        @Test(.enabled(if: PostgreSQL.version < 17, "PostgreSQL 17 is the first that has it"))
        func releaseThatCanNotSendThem() throws {
            try withFailedNode(.diverged) { failed in
                let full = try backup(failed)
                let before = try failed.listing()
                let why = "n2 has PostgreSQL \(PostgreSQL.version): 17 is the first that sends only changes"
                let answer = try failed.rejoin("--method", "incremental", "--incremental-from", full)
                #expect(
                    answer.code == 2 && answer.errors.contains("incremental: \(why). HINT: Without --method"),
                    "\(answer)"
                )
                #expect(answer.errors.split(separator: "\n").count == 1, "\(answer)")
                let unnamed = try failed.rejoin("--method", "incremental")
                #expect(unnamed.code == 2 && unnamed.errors.contains("no kept backup is named (--incremental-from)"))
                let plan = try failed.rejoin("--dry-run", "--incremental-from", full)
                #expect(plan.code == 0 && plan.output.contains("not incremental: \(why)"), "\(plan)")
                #expect(plan.output.contains("plan: copy n2 beside"), "\(plan)")
                #expect(try failed.listing() == before && failed.ledger.isEmpty)
            }
        }

        @Test(.enabled(if: PostgreSQL.version >= 17, "PostgreSQL 17 is the first that has it"))
        func changesSinceAKeptBackup() throws {
            try withFailedNode(.diverged, settings: "summarize_wal = on\n") { failed in
                let full = try backup(failed)
                try failed.primary.query("INSERT INTO public.t VALUES (17)")
                let answer = try failed.rejoin("--method", "incremental", "--incremental-from", full)
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (incremental"), "\(answer)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [] && failed.ledger.map(\.counts.commits) == [1])
            }
        }
    }
}
