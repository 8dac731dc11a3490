import Foundation
import RACore
@testable import RAKit
import RATestSupport
import Testing

extension RejoinCommandTests {
    /// A disk that can't hold two copies: the former data go first.
    @Suite struct InPlace {
        /// Room for one copy and the WAL that comes meanwhile, and not for two.
        private func withNarrowDisk(_ body: (FailedNode) throws -> Void) throws {
            try withFailedNode(.diverged) { failed in
                let data = Int(allocatedBytes(failed.primary.data) >> 20)
                let disk = try SmallDisk(over: failed.node.data, megabytes: data * 3 / 2 + 64)
                defer { disk.remove() }
                try body(failed)
            }
        }

        /// The copy inside of a directory that is a file system of its own.
        private func copy(_ failed: FailedNode) -> String { failed.node.data + "/.rejoin-new" }

        private func awaitCopy(_ failed: FailedNode, _ run: RunningTool) throws {
            try waitFor("the copy to be under way: \(run.text)", seconds: 40) {
                FileFacts(copy(failed) + "/base") != nil || !run.isRunning
            }
        }

        private func leftovers(_ failed: FailedNode) throws -> [String] {
            try listDirectory(failed.node.data).filter { $0.hasPrefix(".rejoin") } + failed.leftovers()
        }

        @Test func formerDataGoBeforeTheCopyComes() throws {
            try withNarrowDisk { failed in
                try failed.node.append("work_mem = 7MB\n")
                let before = try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") }
                let beside = try failed.rejoin()
                #expect(beside.code == 3 && beside.errors.contains("the copy needs "), "\(beside)")
                #expect(beside.errors.contains("run it with --in-place"), "\(beside)")
                let unconfirmed = try failed.rejoin("--in-place")
                #expect(unconfirmed.code == 2 && unconfirmed.errors.contains("not confirmed"), "\(unconfirmed)")
                #expect(try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") } == before)
                #expect(failed.ledger.map(\.counts.commits) == [1])
                let run = try failed.begin("--in-place", "--yes", "--max-rate", "8M")
                try awaitCopy(failed, run)
                #expect(FileFacts(failed.node.data + "/PG_VERSION") == nil && !failed.hasLostRows)
                #expect(try run.end() == 0, "\(run.text)")
                #expect(run.text.contains("n1 follows n2 (copy"), "\(run.text)")
                try failed.mustFollow()
                #expect(try leftovers(failed) == [] && failed.ledger.count == 1)
                #expect(failed.node.text("postgresql.conf").contains("work_mem = 7MB"))
            }
        }

        /// Until the copy is there nothing can be started; the same command, without a word of it, goes on.
        @Test func killedWithoutAnyData() throws {
            try withNarrowDisk { failed in
                try failed.node.append("work_mem = 7MB\n")
                let run = try failed.begin("--in-place", "--yes", "--max-rate", "1M")
                try awaitCopy(failed, run)
                try run.kill9()
                #expect(!failed.hasLostRows && failed.journal?.phase == .copying)
                let start = try failed.cluster.run("start", failed.node.node)
                #expect(start.code != 0 && start.reason.contains("the former data were removed for a copy"), "\(start)")
                #expect(start.reason.contains("pgrex-tool rejoin"), "\(start)")
                #expect(!failed.node.hasProcesses)
                let again = try failed.rejoin()
                #expect(again.code == 0 && again.output.contains("n1 follows n2 (copy"), "\(again)")
                try failed.mustFollow()
                #expect(try leftovers(failed) == [] && failed.ledger.map(\.counts.commits) == [1])
                #expect(failed.node.text("postgresql.conf").contains("work_mem = 7MB"))
            }
        }

        /// Where there is room for both, the former data stay until the copy streams, whatever was asked for.
        @Test func roomForBothIsUsed() throws {
            try withFailedNode(.diverged) { failed in
                let run = try failed.begin("--in-place", "--yes", "--max-rate", "8M")
                try waitFor("the copy to be under way: \(run.text)", seconds: 40) {
                    FileFacts(failed.copy + "/base") != nil || !run.isRunning
                }
                #expect(FileFacts(failed.node.data + "/PG_VERSION") != nil && failed.hasLostRows)
                #expect(try run.end() == 0, "\(run.text)")
                try failed.mustFollow()
                #expect(failed.leftovers() == [])
            }
        }
    }
}
