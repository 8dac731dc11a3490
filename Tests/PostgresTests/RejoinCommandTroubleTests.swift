import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

extension RejoinCommandTests {
    /// What goes wrong on the way: it is told, the former data stay, and the same command goes on.
    @Suite struct Troubles {
        /// Replaces the rules by which the primary lets anybody in.
        private func setRules(_ failed: FailedNode, _ rules: String) throws {
            try failed.primary.write(rules, to: "pg_hba.conf")
            let process = try #require(failed.primary.processID)
            kill(process, SIGHUP)
        }

        private let open = "local all all trust\nhost all,replication all 127.0.0.0/8 trust\n"

        /// Waits until the rules hold, as far as an attempt tells.
        private func awaitRules(_ failed: FailedNode, isOpen: Bool, user: String = "postgres") throws {
            let target = ConnectionTarget(
                host: failed.primary.address,
                port: failed.primary.port,
                database: "replication",
                user: user,
                isReplication: true
            )
            try waitFor("the primary's new rules") {
                ((try? Connection.open(target, as: nil, by: .after(milliseconds: 3000))) != nil) == isOpen
            }
        }

        @Test func primaryThatLetsNobodyReplicate() throws {
            try withFailedNode(.diverged) { failed in
                try setRules(failed, "local all all trust\nhost all all 127.0.0.0/8 trust\n")
                try awaitRules(failed, isOpen: false)
                let before = try failed.listing()
                let answer = try failed.rejoin()
                #expect(answer.code == 2 && answer.errors.contains("no pg_hba.conf entry for replication"), "\(answer)")
                #expect(answer.errors.contains("let repuser replicate"), "\(answer)")
                #expect(try failed.listing() == before)
                try setRules(failed, open)
                try awaitRules(failed, isOpen: true)
                #expect(try failed.rejoin().code == 0)
                try failed.mustFollow()
            }
        }

        /// A base backup needs two connections.
        @Test func primaryWithoutFreeWALSenders() throws {
            try withFailedNode(.diverged) { failed in
                try failed.primary.append("max_wal_senders = 1\n")
                endServers(failed.primary.data)
                try failed.primary.startByHand()
                let before = try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") }
                let answer = try failed.rejoin()
                #expect(answer.code == 3 && answer.errors.contains("max_wal_senders"), "\(answer)")
                #expect(try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") } == before)
                #expect(failed.hasLostRows && failed.ledger.count == 1 && FileFacts(failed.copy) == nil)
                #expect(failed.journal?.method == .copy)
            }
        }

        @Test func passwords() throws {
            let settings = "wal_log_hints = on\nwal_keep_size = 1GB\n"
            try withFailedNode(.diverged, settings: settings) { failed in
                try failed.primary.query("ALTER ROLE postgres PASSWORD 'hushhush'")
                try setRules(
                    failed,
                    "local all all trust\nhost all,replication all 127.0.0.0/8 scram-sha-256\n"
                )
                try awaitRules(failed, isOpen: false)
                let before = try failed.listing()
                failed.cluster.parameters["primary_conninfo_opt"] = "password=wrongword"
                let wrong = try failed.rejoin()
                #expect(wrong.code == 2 && wrong.errors.contains("password authentication failed"), "\(wrong)")
                failed.cluster.parameters["primary_conninfo_opt"] = nil
                let missing = try failed.rejoin()
                #expect(missing.code == 2 && missing.errors.contains("no password supplied"), "\(missing)")
                #expect(try failed.listing() == before)
                failed.cluster.parameters["primary_conninfo_opt"] = "password=hushhush"
                let answer = try failed.rejoin()
                #expect(answer.code == 0 && answer.output.contains("(rewind"), "\(answer)")
                for said in [wrong, answer].map(\.description) {
                    #expect(!said.contains("hushhush") && !said.contains("wrongword"), "\(said)")
                }
                try setRules(failed, open)
                try awaitRules(failed, isOpen: true)
                try failed.mustFollow()
            }
        }

        /// Recovery would wait at a place of before: as it is, and in a copy, which gets the node's own settings back.
        @Test(arguments: ["follow", "copy"]) func recoveryTargetOfBefore(method: String) throws {
            try withFailedNode(.stopped) { failed in
                try failed.node.append("recovery_target = 'immediate'\n", to: "postgresql.auto.conf")
                let answer = try failed.rejoin("--method", method)
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (\(method)"), "\(answer)")
                #expect(
                    answer.output.contains("as it would end recovery early: recovery_target = 'immediate'"),
                    "\(answer)"
                )
                try failed.mustFollow()
                let lines = failed.node.text("postgresql.auto.conf").split(separator: "\n")
                #expect(!lines.contains { $0.hasPrefix("recovery_target") }, "\(lines)")
            }
        }

        @Test func settingThatIsTooLow() throws {
            try withFailedNode(.stopped) { failed in
                try failed.node.append("max_connections = 10\n")
                let before = try failed.listing()
                let answer = try failed.rejoin()
                #expect(answer.code == 2, "\(answer)")
                #expect(answer.errors.contains("max_connections is \"10\" here and \"20\" on n2"), "\(answer)")
                #expect(
                    answer.errors.contains("Set 'max_connections = 20' in \(failed.node.configuration)"),
                    "\(answer)"
                )
                #expect(try failed.listing() == before)
            }
        }

        /// Another server receives WAL in the node's name: it comes up, and gets none.
        @Test func standbyThatReceivesNothing() throws {
            try withFailedNode(.stopped, ["replication_slot_name": "slot"]) { failed in
                let slot = try #require(failed.primary.value("SELECT slot_name FROM pg_replication_slots"))
                let place = failed.node.folder + "/received"
                try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", place], as: nil)
                let other = Process()
                other.executableURL = URL(fileURLWithPath: PostgreSQL.programs + "/pg_receivewal")
                other.arguments = [
                    "-h", failed.primary.address, "-p", String(failed.primary.port), "-U", "postgres", "-S", slot, "-D",
                    place,
                ]
                other.standardError = FileHandle.nullDevice
                try other.run()
                defer { if other.isRunning { kill(other.processIdentifier, SIGKILL) } }
                try waitFor("the slot to be used") {
                    failed.primary.value("SELECT count(*) FROM pg_replication_slots WHERE active") == "1"
                }
                // Halted it keeps the slot, and nothing changes until it is ended.
                kill(other.processIdentifier, SIGSTOP)
                let answer = try failed.rejoin("--method", "follow", "--wait", "4")
                #expect(answer.code == 4 && answer.errors.contains("it runs, but receives no WAL"), "\(answer)")
                #expect(answer.errors.contains("PostgreSQL says: "), "\(answer)")
                #expect(answer.errors.contains("replication slot \"\(slot)\" is active for PID"), "\(answer)")
                #expect(failed.journal?.phase == .starting && failed.node.isInRecovery == true)
                failed.awaitStarts()
                kill(other.processIdentifier, SIGKILL)
                try failed.cluster.awaitStreaming(1, from: "n2")
                let again = try failed.rejoin()
                #expect(again.code == 0 && again.output.contains("n1 follows already"), "\(again)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
            }
        }

        /// The primary no longer lets it in when the cluster starts it: nothing is copied for that.
        @Test func startThatWaitsForThePrimary() throws {
            try withFailedNode(.stopped) { failed in
                let rules = failed.primary.data + "/pg_hba.conf"
                failed.beforeStart = """
                    printf 'local all all trust\\nhost all all 127.0.0.0/8 trust\\n' >'\(rules)'
                    kill -HUP $(head -n 1 '\(failed.primary.data)/postmaster.pid')
                    """
                let answer = try failed.rejoin("--wait", "4")
                #expect(answer.code == 4 && answer.errors.contains("n1 doesn't follow n2 yet: "), "\(answer)")
                #expect(!answer.output.contains("trying copy"), "\(answer)")
                #expect(failed.journal?.phase == .starting)
                try setRules(failed, open)
                failed.awaitStarts()
                failed.beforeStart = ""
                let again = try failed.rejoin()
                #expect(again.code == 0, "\(again)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
            }
        }

        /// The cluster's start fails: its reason is quoted.
        @Test func startThatFails() throws {
            try withFailedNode(.stopped) { failed in
                failed.beforeStart = "echo 'nonsense here' >>'\(failed.node.configuration)'"
                let answer = try failed.rejoin("--wait", "4")
                #expect(answer.code == 4 && answer.errors.contains("hasn't started it"), "\(answer)")
                let reason = try #require(failed.startReason)
                #expect(answer.errors.contains("(\"\(reason)\")"), "\(reason) isn't in \(answer)")
                #expect(failed.journal?.phase == .starting)
            }
        }

        /// The only other data of the cluster may be the former ones: they stay.
        @Test func primaryThatDiesWhileItIsCopied() throws {
            try withFailedNode(.diverged) { failed in
                let before = try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") }
                let run = try failed.begin("--max-rate", "1M")
                try waitFor("the copy to be under way", seconds: 40) {
                    FileFacts(failed.copy + "/base") != nil || !run.isRunning
                }
                endServers(failed.primary.data)
                let code = try run.end()
                #expect(code == 4 || code == 3, "\(run.text)")
                #expect(run.text.contains("pg_basebackup"), "\(run.text)")
                #expect(try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") } == before)
                #expect(failed.hasLostRows && failed.ledger.count == 1 && FileFacts(failed.copy) == nil)
                #expect(failed.journal != nil)
                try failed.primary.startByHand()
                let again = try failed.rejoin()
                #expect(again.code == 0, "\(again)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
            }
        }
    }
}
