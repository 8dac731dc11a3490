import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// `pgrex-tool rejoin` as an operator runs it: the built tool, real servers, and a cluster that does as it is told.
@Suite(.serialized, .enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
enum RejoinCommandTests {}

extension RejoinCommandTests {
    /// What goes well.
    @Suite struct Successes {
        private func json(_ answer: AgentAnswer) throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
            return try #require(value as? [String: Any], "\(answer)")
        }

        @Test func whatIsPartOfThePrimarysHistoryFollows() throws {
            try withFailedNode(.stopped) { failed in
                let before = try failed.listing()
                let plan = try failed.rejoin("--dry-run")
                #expect(plan.code == 0 && plan.output.contains("plan: follow n2 as it is"), "\(plan)")
                #expect(try failed.listing() == before)
                let answer = try failed.rejoin("--json")
                #expect(answer.code == 0, "\(answer)")
                let said = try json(answer)
                #expect(said["outcome"] as? String == "following" && said["method"] as? String == "follow", "\(said)")
                #expect(said["data"] as? String == "ancestor" && said["primary"] as? String == "n2", "\(said)")
                #expect(said["why"] is NSNull && said["former_data"] is NSNull, "\(said)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [] && failed.ledger.isEmpty)
                let again = try failed.rejoin()
                #expect(again.code == 0 && again.output.contains("n1 follows already"), "\(again)")
            }
        }

        /// The primary has removed the WAL; it is in an archive that the node's restore_command knows.
        @Test func missingWALComesFromTheArchive() throws {
            let settings = """
                archive_mode = on
                archive_command = 'cp %p ../archive/%f'
                wal_keep_size = 0
                min_wal_size = 2MB

                """
            try withFailedNode(.stopped, settings: settings) { failed in
                failed.cluster.parameters["restore_command"] = "cp \(failed.archive)/%f %p"
                let first = failed.primary.value("SELECT pg_walfile_name(pg_current_wal_lsn())") ?? ""
                for _ in 1...6 { try failed.primary.query("INSERT INTO public.t VALUES (1); SELECT pg_switch_wal()") }
                try waitFor("the primary to have removed \(first)") {
                    _ = try? failed.primary.query("INSERT INTO public.t VALUES (1); SELECT pg_switch_wal()")
                    _ = try? failed.primary.query("CHECKPOINT")
                    return FileFacts("\(failed.primary.data)/pg_wal/\(first)") == nil
                }
                let answer = try failed.rejoin("--method", "archive")
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (archive"), "\(answer)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
            }
        }

        @Test func whatTheNodeHasOfItsOwnIsRewound() throws {
            try withFailedNode(.diverged, settings: "wal_log_hints = on\nwal_keep_size = 1GB\n") { failed in
                try failed.node.append("work_mem = 7MB\n")
                let before = try failed.listing()
                let plan = try json(try failed.rejoin("--dry-run", "--json"))
                #expect(plan["methods"] as? [String] == ["rewind", "copy"] && plan["data"] as? String == "diverged")
                #expect(plan["outcome"] as? String == "planned", "\(plan)")
                #expect(try failed.listing() == before)
                let answer = try failed.rejoin()
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (rewind"), "\(answer)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
                #expect(failed.node.text("postgresql.conf").contains("work_mem = 7MB"))
                let entry = try #require(failed.ledger.first)
                #expect(failed.ledger.count == 1 && entry.counts.commits == 1 && entry.why == "rewind", "\(entry)")
                let listed = try failed.tool("ledger", "list")
                #expect(listed.code == 0 && listed.output.contains(entry.id), "\(listed)")
                #expect(
                    failed.cluster.fake.calls.filter { $0.hasPrefix("crm_resource") } == [
                        "crm_resource --cleanup --resource pg --node n1"
                    ]
                )
            }
        }

        /// Without checksums and hints in the WAL nothing can be rewound; the plan says so, and a copy is made.
        @Test func whatCannotBeRewoundIsCopied() throws {
            try withFailedNode(.diverged) { failed in
                try failed.node.append("work_mem = 7MB\n")
                let plan = try failed.rejoin("--dry-run")
                #expect(plan.code == 0 && plan.output.contains("plan: copy n2 beside"), "\(plan)")
                #expect(plan.output.contains("not rewind: the data have no checksums, and wal_log_hints"), "\(plan)")
                let asked = try failed.rejoin("--method", "rewind")
                #expect(asked.code == 2 && asked.errors.contains("the data have no checksums"), "\(asked)")
                let answer = try failed.rejoin("--json")
                #expect(answer.code == 0, "\(answer)")
                #expect(try json(answer)["method"] as? String == "copy", "\(answer)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
                #expect(failed.node.text("postgresql.conf").contains("work_mem = 7MB"))
                #expect(failed.ledger.map(\.counts.commits) == [1])
            }
        }

        /// Neither data nor a directory; the node's settings come from its primary then.
        @Test func nodeWithoutDataGetsACopy() throws {
            try withFailedNode(.stopped) { failed in
                try PostgreSQL.asOwner("/bin/rm", ["-r", failed.node.data], as: nil)
                try PostgreSQL.asOwner(
                    "/usr/bin/install",
                    ["-d", "-o", "postgres", "-m", "700", failed.node.data],
                    as: nil
                )
                // What the primary's configuration would have the node do, it can't do on one machine.
                failed.beforeStart =
                    "printf \"listen_addresses = '127.0.1.1'\\nunix_socket_directories = '\(failed.node.folder)/n1.sock'\\n\" >>'\(failed.node.configuration)'"
                let answer = try failed.rejoin()
                #expect(answer.code == 0 && answer.output.contains("there are no data here"), "\(answer)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
            }
        }
    }
}
