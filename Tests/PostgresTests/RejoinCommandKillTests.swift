import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

extension RejoinCommandTests {
    /// The command is killed or interrupted somewhere, and run again.
    @Suite struct Kills {
        private let rewindable = "wal_log_hints = on\nwal_keep_size = 1GB\nmax_wal_size = 1GB\n"

        /// Half a server's data aren't started, and nothing that would be lost is lost.
        private func mustBeRefused(_ failed: FailedNode) throws {
            let start = try failed.cluster.run("start", failed.node.node)
            #expect(start.code != 0 && start.reason.contains("only half of a server's"), "\(start)")
            #expect(start.reason.contains("pgrex-tool rejoin"), "\(start)")
            #expect(!failed.node.hasProcesses)
            #expect(failed.journal?.phase == .rewinding && failed.ledger.map(\.counts.commits) == [1])
        }

        private func mustEndWell(_ failed: FailedNode, _ words: String...) throws {
            let again = words.isEmpty ? try failed.rejoin() : try failed.rejoin(words[0], words[1])
            #expect(again.code == 0, "\(again)")
            try failed.mustFollow()
            #expect(failed.leftovers() == [] && failed.ledger.count == 1)
        }

        /// Right before pg_rewind changes anything, and right after its last change.
        @Test(arguments: ["wait_here", "REAL \"$@\"; wait_here"]) func killedBesidePgRewind(script: String) throws {
            try withFailedNode(.diverged, settings: rewindable) { failed in
                let mark = failed.node.folder + "/reached"
                try failed.replaceProgram(
                    "pg_rewind",
                    by: """
                        wait_here() { touch '\(mark)'; exec sleep 60; }
                        case " $* " in *' --no-sync '*) ;; *) exec REAL "$@" ;; esac
                        \(script)
                        """
                )
                try PostgreSQL.asOwner("/bin/chmod", ["777", failed.node.folder], as: nil)
                let run = try failed.begin()
                try waitFor("pg_rewind: \(run.text)", seconds: 40) { FileFacts(mark) != nil || !run.isRunning }
                try run.kill9()
                failed.restorePrograms()
                try mustBeRefused(failed)
                try mustEndWell(failed)
            }
        }

        /// In the middle: a file that only the primary has is on its way.
        @Test func killedWithPgRewindInTheMiddle() throws {
            try withFailedNode(.diverged, rows: 120_000, settings: rewindable) { failed in
                let path = try #require(failed.primary.value("SELECT pg_relation_filepath('public.won')"))
                let (arriving, whole) = (failed.node.data + "/" + path, failed.primary.data + "/" + path)
                #expect(FileFacts(arriving) == nil)
                let run = try failed.begin()
                _ = wait(until: .after(milliseconds: 40_000), everyMilliseconds: 1) {
                    FileFacts(arriving) != nil || !run.isRunning ? true : nil
                }
                try run.kill9()
                try waitFor("the end of pg_rewind", seconds: 20) { !isRewound(failed.node.data) }
                #expect((FileFacts(arriving)?.size ?? 0) < (FileFacts(whole)?.size ?? 0))
                try mustBeRefused(failed)
                try mustEndWell(failed)
            }
        }

        private func isRewound(_ data: String) -> Bool {
            ((try? listDirectory("/proc")) ?? []).compactMap { Int32($0) }.contains { processID in
                guard let words = try? readText("/proc/\(processID)/cmdline") else { return false }
                let parts = words.split(separator: "\0")
                return (parts.first?.hasSuffix("pg_rewind") ?? false) && parts.contains { $0 == data }
            }
        }

        @Test func secondOneIsToldWhoWorks() throws {
            try withFailedNode(.diverged) { failed in
                let run = try failed.begin("--max-rate", "2M")
                try waitFor("the copy to be under way", seconds: 40) {
                    FileFacts(failed.copy + "/base") != nil || !run.isRunning
                }
                let second = try failed.rejoin()
                #expect(second.code == 2 && second.errors.contains("another rejoin runs on this node"), "\(second)")
                #expect(second.errors.contains("process \(run.processID) of operator, since 20"), "\(second)")
                let start = try failed.cluster.run("start", failed.node.node)
                #expect(start.code != 0 && start.reason.contains("a rejoin works on the data"), "\(start)")
                let status = try failed.tool("status", "--json")
                #expect(status.output.contains("under_way"), "\(status)")
                #expect(try run.end() == 0, "\(run.text)")
                try failed.mustFollow()
            }
        }

        @Test(arguments: [SIGKILL, SIGINT, SIGTERM]) func endedWhileItCopies(number: Int32) throws {
            try withFailedNode(.diverged) { failed in
                let before = try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") }
                let run = try failed.begin("--max-rate", "1M")
                try waitFor("the copy to be under way", seconds: 40) {
                    FileFacts(failed.copy + "/base") != nil || !run.isRunning
                }
                run.signal(number)
                let code = try run.end()
                if number != SIGKILL {
                    #expect(code == 4 && run.text.contains("interrupted"), "\(run.text)")
                    #expect(FileFacts(failed.copy) == nil)
                } else {
                    #expect(code == nil, "\(run.text)")
                }
                #expect(try failed.listing().filter { $0.hasPrefix(failed.node.data + "/") } == before)
                #expect(failed.journal?.phase == .copying && failed.ledger.count == 1)
                let status = try failed.tool("status", "--json")
                #expect(status.output.contains(number == SIGKILL ? "interrupted" : "failed"), "\(status)")
                try mustEndWell(failed)
            }
        }

        /// The copy is in its place, and the cluster hasn't started it.
        @Test(arguments: [SIGKILL, SIGINT]) func endedBeforeTheStart(number: Int32) throws {
            try withFailedNode(.diverged) { failed in
                try failed.cluster.fake.setFault("crm_resource", number == SIGKILL ? "hang" : "slow 3")
                let run = try failed.begin()
                try waitFor("the cluster to be asked: \(run.text)", seconds: 40) {
                    failed.cluster.fake.calls.contains { $0.hasPrefix("crm_resource") } || !run.isRunning
                }
                #expect(failed.hasLostRows && FileFacts(failed.formerData) != nil)
                run.signal(number)
                let code = try run.end()
                #expect(code == (number == SIGKILL ? nil : 4), "\(run.text)")
                try failed.cluster.fake.setFault("crm_resource", nil)
                #expect(failed.journal?.phase == .starting && FileFacts(failed.formerData) != nil)
                try mustEndWell(failed)
            }
        }

        /// It is killed as soon as it has said for the first time, the second, ... how far it is: each run goes on.
        @Test(arguments: [true, false]) func killedAtOneStepAfterTheOther(isRewind: Bool) throws {
            try withFailedNode(.diverged, settings: isRewind ? rewindable : "") { failed in
                var ends: [Int32?] = []
                for count in 1...20 {
                    try failed.cluster.fake.setFault("attrd_updater", "kill \(count) pgrex-tool")
                    let answer = try failed.rejoin()
                    ends.append(answer.code)
                    if answer.code != nil {
                        #expect(answer.code == 0, "run \(count): \(answer)")
                        break
                    }
                    failed.awaitStarts()
                    let isStandby = failed.node.value("SELECT count(*) FROM public.won") != nil
                    #expect(failed.hasLostRows || isRewind || isStandby, "run \(count): \(answer)")
                    #expect(failed.ledger.count == 1 || failed.hasLostRows, "run \(count)")
                }
                try failed.cluster.fake.setFault("attrd_updater", nil)
                #expect(ends.count > 4 && ends.last == .some(0), "\(ends)")
                try mustEndWell(failed)
            }
        }
    }
}
