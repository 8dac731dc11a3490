import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

extension RejoinCommandTests {
    /// Data that can't be read are given up only after all that may be in them is kept.
    @Suite struct UnreadableData {
        private func files(_ failed: FailedNode) throws -> [String] {
            try listDirectory(failed.node.data + "/pg_wal").filter { $0.utf8.count == 24 || $0.hasSuffix(".history") }
                .sorted()
        }

        /// It was copied over, and the ledger has the files and says why it has no list.
        private func mustBeKept(_ failed: FailedNode, _ files: [String], _ why: String) throws {
            try failed.mustFollow()
            #expect(failed.leftovers() == [])
            let entry = try #require(failed.ledger.first)
            #expect(failed.ledger.count == 1 && entry.isOpen && entry.unlisted?.contains(why) ?? false, "\(entry)")
            #expect(entry.why == "copy" && entry.counts.bytes > 0)
            #expect(try listDirectory(failed.node.temporary + "/ledger/\(entry.id)/wal").sorted() == files)
            let list = try failed.tool("ledger", "list")
            #expect(list.code == 0 && list.output.contains(entry.id) && list.output.contains("open"), "\(list)")
            #expect(list.output.contains(" ? "), "\(list)")
            let show = try failed.tool("ledger", "show", "latest")
            #expect(show.code == 0 && show.output.contains("WAL whose commits couldn't be listed: "), "\(show)")
            #expect(show.output.contains(why) && show.output.contains("what was committed isn't known"), "\(show)")
            let json = try failed.tool("ledger", "list", "--json")
            #expect(json.output.contains("\"commits\": null") && json.output.contains("\"unlisted\": \""), "\(json)")
            let status = try failed.tool("status", "--json")
            #expect(status.output.contains("\"open_ledger_entries\": 1"), "\(status)")
        }

        /// A byte of it, and the whole file.
        @Test(arguments: [1, 8192]) func controlFileThatIsBroken(bytes: Int) throws {
            try withFailedNode(.diverged) { failed in
                let files = try files(failed)
                try spoil(failed.node.data + "/global/pg_control", count: bytes)
                let before = try failed.listing()
                let plan = try failed.rejoin("--dry-run")
                #expect(
                    plan.code == 0 && plan.output.contains("the data here can't be read: pg_controldata"),
                    "\(plan)"
                )
                #expect(plan.output.contains("all of pg_wal is saved to the ledger first"), "\(plan)")
                #expect(try failed.listing() == before)
                let answer = try failed.rejoin()
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (copy"), "\(answer)")
                try mustBeKept(failed, files, "pg_controldata: the checksum of")
                #expect(failed.ledger.first?.fork == nil)
            }
        }

        /// The checkpoint tells that there are commits of its own, and the WAL doesn't tell which.
        @Test func walThatIsBroken() throws {
            try withFailedNode(.diverged) { failed in
                let wal = failed.node.data + "/pg_wal/"
                let segments = try files(failed).filter { $0.utf8.count == 24 }
                for name in segments { try spoil(wal + name) }
                let answer = try failed.rejoin()
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (copy"), "\(answer)")
                let kept = try #require(failed.ledger.first?.fork)
                let files = try listDirectory(
                    failed.node.temporary + "/ledger/\(try #require(failed.ledger.first).id)/wal"
                )
                #expect(files.contains { $0.hasPrefix(kept.segmentFileName(size: 1 << 20)) }, "\(files)")
                try mustBeKept(failed, files.sorted(), "no record from \(kept) on can be read")
            }
        }

        /// The last checkpoint is before the fork, and whether anything comes after that can't be read: it isn't started as
        /// an ancestor's data would be.
        @Test func pageAtTheForkThatIsBroken() throws {
            try withFailedNode(.stopped) { failed in
                let files = try files(failed)
                for name in files where name.utf8.count == 24 { try spoil(failed.node.data + "/pg_wal/" + name) }
                let start = try failed.cluster.run("start", failed.node.node)
                #expect(start.code != 0 && start.reason.contains(" is broken"), "\(start)")
                #expect(!failed.node.hasProcesses)
                let answer = try failed.rejoin()
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (copy"), "\(answer)")
                try mustBeKept(failed, files, " is broken")
            }
        }

        /// The mark of a rewind can't be read: nobody knows whether anything was saved before.
        @Test func markThatIsBroken() throws {
            try withFailedNode(.diverged) { failed in
                let files = try files(failed)
                try replaceFile(failed.files.taint, with: Array("nonsense\n".utf8), owner: PostgreSQL.account)
                let answer = try failed.rejoin()
                #expect(answer.code == 0 && answer.output.contains("only half of a server's"), "\(answer)")
                try mustBeKept(failed, files, "can't be read")
            }
        }

        /// A journal and a ledger in memory are gone after a restart: that is said before anything is done.
        @Test func agentDirectoryInMemory() throws {
            try withFailedNode(.stopped) { failed in
                let words = "is in memory: a restart of the node takes away how far"
                let disk = try SmallDisk(over: failed.node.temporary, megabytes: 8)
                defer { disk.remove() }
                let inMemory = try failed.rejoin("--dry-run")
                #expect(inMemory.code == 0, "\(inMemory)")
                #expect(inMemory.output.split(separator: "\n").filter { $0.contains(words) }.count == 1, "\(inMemory)")
                #expect(inMemory.output.contains("note: parameter tmpdir, \"\(failed.node.temporary)\""), "\(inMemory)")
                // One that isn't there yet is judged by where it would be made.
                let place = "/var/tmp/pgsql-swift-test.\(failed.node.port)"
                let kind = try PostgreSQL.asOwner("/usr/bin/stat", ["-f", "-c", "%T", "/var/tmp"], as: nil)
                failed.cluster.parameters["tmpdir"] = place
                let other = try failed.rejoin("--dry-run")
                #expect(other.code == 0 && FileFacts(place) == nil, "\(other)")
                #expect(other.output.contains(words) == ["tmpfs", "ramfs"].contains(trimSpaces(kind)), "\(other)")
            }
        }

        /// Without room nothing is given up.
        @Test func noRoomForWhatCanNotBeRead() throws {
            try withFailedNode(.diverged) { failed in
                let files = try files(failed)
                try spoil(failed.node.data + "/global/pg_control")
                let disk = try SmallDisk(over: failed.node.temporary, megabytes: 8)
                defer { disk.remove() }
                let before = try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") }
                let answer = try failed.rejoin()
                #expect(answer.code == 3 && answer.errors.contains("the data are as they were"), "\(answer)")
                #expect(answer.errors.contains("HINT: Make room there"), "\(answer)")
                #expect(try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") } == before)
                #expect(try self.files(failed) == files && FileFacts(failed.copy) == nil && failed.ledger.isEmpty)
            }
        }
    }
}
