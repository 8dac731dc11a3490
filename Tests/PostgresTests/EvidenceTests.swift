import Foundation
import RACore
import RATestSupport
import Testing

@testable import RAKit

/// What a diverged instance has of its own is kept and listed before anything takes it.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct EvidenceTests {
    private static let limit = 20_000

    /// Everything that a transaction can be, after the fork.
    private func write(_ former: TestInstance) throws {
        try former.query("INSERT INTO public.t SELECT generate_series(1, 10)")
        try former.query("UPDATE public.t SET id = id + 100 WHERE id BETWEEN 1 AND 3")
        try former.query("DELETE FROM public.t WHERE id = 5")
        try former.query("COPY public.u FROM PROGRAM 'seq 1001 1050'")
        try former.query(
            """
            BEGIN; INSERT INTO public.t VALUES (50); SAVEPOINT a; INSERT INTO public.u VALUES (1), (2); RELEASE a;
            SAVEPOINT b; INSERT INTO public.u SELECT generate_series(11, 15); ROLLBACK TO b; COMMIT
            """
        )
        // Neither can be in a statement with others.
        try former.query("BEGIN; INSERT INTO public.t VALUES (60); PREPARE TRANSACTION 'kept: this'")
        try former.query("COMMIT PREPARED 'kept: this'")
        try former.query("BEGIN; INSERT INTO public.t VALUES (70); PREPARE TRANSACTION 'left'")
        try former.query("BEGIN; INSERT INTO public.t VALUES (80); PREPARE TRANSACTION 'undone'")
        try former.query("ROLLBACK PREPARED 'undone'")
        try former.query("BEGIN; INSERT INTO public.t VALUES (90); ROLLBACK")
        try former.query("CREATE TABLE public.v (id int)")
        try former.query("INSERT INTO public.v VALUES (1)")
    }

    /// One transaction that begins before the fork and is committed after it, and one that the crash ends.
    private func diverge(_ cluster: TestCluster) throws -> Divergence {
        var open: [Connection] = []
        return try Divergence(cluster) { former in
            try former.query("CREATE TABLE public.u (id int)")
            try former.query("INSERT INTO public.t VALUES (-1)")
            open.append(try former.connect())
            _ = try open[0].query("BEGIN; INSERT INTO public.t VALUES (-2), (-3)", by: .after(milliseconds: Self.limit))
        } after: { former in
            try write(former)
            open.append(try former.connect())
            _ = try open[1].query("BEGIN; INSERT INTO public.t VALUES (-5)", by: .after(milliseconds: Self.limit))
            _ = try open[0].query("INSERT INTO public.t VALUES (-4); COMMIT", by: .after(milliseconds: Self.limit))
        }
    }

    @Test func everyCommitAfterTheForkIsListed() throws {
        try withCluster(.async) { cluster in
            let divergence = try diverge(cluster)
            let entry = try #require(try divergence.save())
            let commits = try divergence.commits(entry)
            let relations = try divergence.book.relations(of: entry)
            let told = commits.map { commit in
                let rows = commit.changes.filter { !$0.file.isOfSystem }.map { change in
                    let name = relations.first { $0.file == change.file }?.title ?? "?"
                    return "\(name) +\(change.inserted) ~\(change.updated) -\(change.deleted)"
                }
                return "\(commit.kind.rawValue) \(commit.isWhole) \(commit.name): \(rows.joined(separator: ", "))"
            }
            let (t, u) = ("public.t in postgres", "public.u in postgres")
            let new = try #require(relations.first { $0.isNew }).title
            let expected = [
                "commit true : \(t) +10 ~0 -0", "commit true : \(t) +0 ~3 -0", "commit true : \(t) +0 ~0 -1",
                "commit true : \(u) +50 ~0 -0", "commit true : \(t) +1 ~0 -0, \(u) +2 ~0 -0",
                "commit-prepared true kept: this: \(t) +1 ~0 -0", "commit true : \(new) +0 ~0 -0",
                "commit true : \(new) +1 ~0 -0", "commit true : \(t) +3 ~0 -0",
                "prepared true left: \(t) +1 ~0 -0",
            ]
            #expect(told == expected)
            #expect(new.hasSuffix("(made after the fork)"))
            #expect(entry.counts.commits == 9 && entry.counts.prepared == 1 && entry.counts.listed == 10)
            #expect(entry.counts.inserted == 69 && entry.counts.updated == 3 && entry.counts.deleted == 1)
            #expect(commits.allSatisfy { $0.lsn >= divergence.fork.lsn && $0.time.hasSuffix("UTC") })
            #expect(entry.primaryTimeline.number == 3 && entry.missing.isEmpty && entry.isOpen)
            #expect(entry.names == "by the catalog of n2" && entry.unreadable.isEmpty)
            try isKept(entry, divergence)
        }
    }

    /// The copies are whole, and root's alone; the data are as they were.
    private func isKept(_ entry: LedgerEntry, _ divergence: Divergence) throws {
        let folder = divergence.book.directory + "/" + entry.id
        let facts = try #require(FileFacts(folder))
        #expect(facts.mode == 0o700 && facts.ownerID == 0)
        let segment = divergence.fork.segmentFileName(size: divergence.control.segmentSize)
        let copy = try readFile(folder + "/wal/" + segment, limit: 1 << 21)
        #expect(copy == (try readFile(divergence.former.data + "/pg_wal/" + segment, limit: 1 << 21)))
        #expect(FileFacts(divergence.context.own.directory + "/ledger-view") == nil)
        // Saved again it is the same entry.
        #expect(try divergence.save() == entry)
        #expect(try listDirectory(divergence.book.directory) == [entry.id])
    }

    /// Killed at any moment it leaves nothing that looks like an entry, and the next run makes it.
    @Test func aRunThatStopsAnywhereIsMadeGoodByTheNext() throws {
        try withCluster(.async) { cluster in
            let divergence = try Divergence(cluster) { former in
                try former.query("INSERT INTO public.t SELECT generate_series(1, 20000)")
            }
            // Stands still in the second copy, as a killed one would; nothing of it is cleaned up.
            let (isThere, mayGoOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let ended = DispatchSemaphore(value: 0)
            let stuck = divergence.watched { sight in
                guard sight.step == "saving the diverged WAL", sight.doneBytes > 1 << 20 else { return }
                isThere.signal()
                mayGoOn.wait()
            }
            let (step, fork, control, history) = (stuck.step, stuck.fork, stuck.control, stuck.history)
            Thread.detachNewThread {
                _ = try? step.save(fork: fork, control: control, history: history, why: "rewind")
                ended.signal()
            }
            #expect(isThere.wait(timeout: .now() + 60) == .success)
            #expect(try listDirectory(divergence.book.directory) == [".new"])
            #expect(try divergence.book.read().entries.isEmpty)
            let entry = try #require(try divergence.save())
            #expect(try listDirectory(divergence.book.directory) == [entry.id])
            #expect(entry.counts.commits == 1 && entry.counts.inserted == 20_000)
            for _ in 0..<1000 { mayGoOn.signal() }
            #expect(ended.wait(timeout: .now() + 60) == .success)
            #expect(try divergence.book.read().entries == [entry])
        }
    }

    @Test func nothingIsSavedWhereNothingIsLost() throws {
        try withCluster(.async) { cluster in
            let divergence = try Divergence(cluster) { former in
                try former.query("INSERT INTO public.t VALUES (1)")
            }
            let entry = try #require(try divergence.save())
            let behind = WALPosition(
                timeline: divergence.fork.timeline,
                lsn: LSN(bytes: try #require(entry.lastRecord).lsn.bytes + 8)
            )
            let (control, history) = (divergence.control, divergence.history)
            let none = try divergence.step.save(fork: behind, control: control, history: history, why: "rewind")
            #expect(none == nil)
            #expect(try listDirectory(divergence.book.directory) == [entry.id])
        }
    }

    /// A segment that is gone and one that a disk has spoiled hide nothing but what is in them.
    @Test func whatIsMissingIsSaid() throws {
        try withCluster(.async) { cluster in
            let divergence = try Divergence(cluster) { former in
                for number in 1...6 {
                    try former.query("INSERT INTO public.t SELECT generate_series(1, \(number))")
                    try former.query("SELECT pg_switch_wal()")
                }
                try former.query("INSERT INTO public.t SELECT generate_series(1, 7)")
            }
            let size = divergence.control.segmentSize
            let first = WALSegment(holding: divergence.fork, size: size)
            func name(_ number: UInt64) -> String {
                WALSegment(timeline: first.timeline, number: first.number + number, size: size).fileName
            }
            let wal = divergence.former.data + "/pg_wal/"
            try removeFile(wal + name(2))
            var spoiled = try readFile(wal + name(4), limit: 1 << 21)
            for place in 100..<8192 { spoiled[place] = 0xFF }
            try replaceFile(wal + name(4), with: spoiled, owner: PostgreSQL.account)
            let entry = try #require(try divergence.save())
            #expect(entry.missing == [name(2)])
            #expect(!entry.unreadable.isEmpty)
            let rows = try divergence.commits(entry).map { $0.changes.map(\.inserted).reduce(0, +) }
            #expect(rows == [1, 2, 4, 6, 7])
            let kept = divergence.book.directory + "/\(entry.id)/wal/" + name(4)
            #expect(try readFile(kept, limit: 1 << 21) == spoiled)
        }
    }

    /// Names can't be had then; numbers, counts and WAL can.
    @Test func aPrimaryThatIsGoneMeanwhileLeavesNumbers() throws {
        try withCluster(.async) { cluster in
            let divergence = try Divergence(cluster) { former in
                for _ in 1...3 { try former.query("INSERT INTO public.t VALUES (1)") }
            }
            endServers(divergence.primary.data)
            var step = divergence.step
            step.mostListed = 2
            let (fork, control, history) = (divergence.fork, divergence.control, divergence.history)
            let entry = try #require(try step.save(fork: fork, control: control, history: history, why: "copy"))
            #expect(entry.counts.commits == 3 && entry.counts.listed == 2)
            #expect(try divergence.commits(entry).count == 2)
            #expect(entry.names.hasPrefix("by the catalog of n2, as far as it let itself be asked: "), "\(entry.names)")
            let relations = try divergence.book.relations(of: entry)
            #expect(relations.contains { $0.kind == .user && $0.name == nil && $0.change.inserted == 3 })
            #expect(entry.counts.inserted == 3 && entry.counts.bytes > 0)
        }
    }
}

/// A disk that is full, for real: a small file system in memory.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct EvidenceRoomTests {
    private func mount(_ path: String, megabytes: Int) -> Bool {
        mkdir(path, 0o755)
        let words = ["-t", "tmpfs", "-o", "size=\(megabytes)m", "none", path]
        return run(Command("mount", words), by: .after(milliseconds: 10_000)).isSuccess
    }

    /// Runs a test whose ledger is in a file system of so many megabytes; false where none can be mounted.
    private func withDisk(megabytes: Int, _ body: (Divergence, String) throws -> Void) throws {
        try withCluster(.async) { cluster in
            let disk = cluster["n1"].folder + "/disk"
            guard mount(disk, megabytes: megabytes) else {
                print("skipped: no file system can be mounted here, so no full disk can be made")
                return
            }
            defer { _ = run(Command("umount", [disk]), by: .after(milliseconds: 10_000)) }
            let divergence = try Divergence(cluster, temporary: disk + "/own") { former in
                try former.query("INSERT INTO public.t SELECT generate_series(1, 20000)")
            }
            try body(divergence, disk)
        }
    }

    private func isUntouched(_ divergence: Divergence) throws {
        #expect(try listDirectory(divergence.book.directory).isEmpty)
        let segment = divergence.fork.segmentFileName(size: divergence.control.segmentSize)
        #expect(FileFacts(divergence.former.data + "/pg_wal/" + segment) != nil)
        #expect(FileFacts(divergence.former.data + "/PG_VERSION") != nil)
    }

    @Test func tooLittleRoomIsSaidBefore() throws {
        try withDisk(megabytes: 8) { divergence, _ in
            let failure = #expect(throws: RejoinFailure.self) { try divergence.save() }
            #expect(failure?.exit == .failed)
            let reason = failure?.reason ?? ""
            #expect(reason.contains("the data are as they were: \(divergence.book.directory) needs "), "\(reason)")
            #expect(reason.contains("of room and has 8"), "\(reason)")
            try isUntouched(divergence)
        }
    }

    /// What can't be listed is kept whole, or nothing is touched.
    @Test func tooLittleRoomForWALThatCanNotBeListed() throws {
        try withDisk(megabytes: 8) { divergence, _ in
            let failure = #expect(throws: RejoinFailure.self) {
                try divergence.step.saveUnread(because: "it is broken", why: "copy")
            }
            #expect(failure?.exit == .failed)
            #expect(failure?.reason.contains("of room and has 8") ?? false, "\(String(describing: failure))")
            try isUntouched(divergence)
        }
    }

    @Test func aDiskThatFillsUpMeanwhileChangesNothing() throws {
        try withDisk(megabytes: 64) { divergence, disk in
            let filling = divergence.watched { sight in
                guard sight.step == "saving the diverged WAL" else { return }
                _ = run(
                    Command("dd", ["if=/dev/zero", "of=\(disk)/filler", "bs=1M", "count=64"]),
                    by: .after(milliseconds: 20_000)
                )
            }
            let failure = #expect(throws: RejoinFailure.self) { try filling.save() }
            #expect(failure?.exit == .failed)
            #expect(
                failure?.reason.contains("No space left on device. HINT: Make room") ?? false,
                "\(String(describing: failure))"
            )
            try isUntouched(divergence)
            try removeFile(disk + "/filler")
            let entry = try #require(try divergence.save())
            #expect(entry.counts.inserted == 20_000)
        }
    }
}
