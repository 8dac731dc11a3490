import Foundation
import RACore
import Testing

@testable import RAKit

/// The ledger in its directory: read, acknowledged, exported, and never lost.
@Suite struct LedgerBookTests {
    private let folder = NSTemporaryDirectory() + "ledger-\(UUID().uuidString)"
    private var book: LedgerBook { LedgerBook(directory: folder + "/ledger") }

    private func entry(_ id: String, time: String) throws -> LedgerEntry {
        let timeline = try #require(TimelineID(1))
        return LedgerEntry(
            id: id,
            node: "pg1",
            resource: "pgsql",
            systemIdentifier: 7,
            fork: WALPosition(timeline: timeline, lsn: LSN(bytes: 100)),
            lastRecord: WALPosition(timeline: timeline, lsn: LSN(bytes: 200)),
            primary: "pg2",
            primaryTimeline: timeline,
            why: "rewind",
            time: time,
            readFrom: LSN(bytes: 0)
        )
    }

    /// An entry on the disk, with two files of WAL.
    @discardableResult
    private func make(_ id: String, time: String = "2026-11-30T06:15:00Z") throws -> LedgerEntry {
        let path = "\(book.directory)/\(id)"
        try FileManager.default.createDirectory(atPath: path + "/wal", withIntermediateDirectories: true)
        let made = try entry(id, time: time)
        let commit = LedgerCommit(.committed, transaction: 7, time: "now", lsn: LSN(bytes: 150))
        let file = try #require(RelationFile("1663/5/16384"))
        var files: [CopiedFile] = []
        for name in ["000000010000000000000001", "00000002.history"] {
            try name.write(toFile: "\(path)/wal/\(name)", atomically: true, encoding: .utf8)
            files.append(try measureFile("\(path)/wal/\(name)", name: name))
        }
        try made.text.write(toFile: path + "/entry", atomically: true, encoding: .utf8)
        try (commit.text + "\n").write(toFile: path + "/commits", atomically: true, encoding: .utf8)
        let relation = LedgerRelation(change: RelationChange(file: file))
        try (relation.text + "\n").write(toFile: path + "/relations", atomically: true, encoding: .utf8)
        let text = files.map { $0.text + "\n" }.joined()
        try text.write(toFile: path + "/files", atomically: true, encoding: .utf8)
        return made
    }

    private func withBook(_ body: () throws -> Void) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body()
    }

    @Test func aNodeWithoutALedgerHasNoEntry() throws {
        try withBook {
            let content = try book.read()
            #expect(content == LedgerBook.Content())
            #expect(book.openCount == .known(0))
            #expect(throws: LedgerProblem.empty) { () throws in try book.entry("latest") }
            #expect(throws: LedgerProblem.unknown("x")) { () throws in try book.entry("x") }
        }
    }

    @Test func whatIsThereIsRead() throws {
        try withBook {
            let old = try make("b", time: "2026-11-30T06:15:00Z")
            let new = try make("a", time: "2026-11-30T06:16:00Z")
            // What a killed run left, and something that nobody knows.
            try FileManager.default.createDirectory(atPath: book.temporary, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: book.directory + "/c", withIntermediateDirectories: true)
            let content = try book.read()
            #expect(content.entries == [old, new])
            #expect(content.unreadable == ["c"])
            #expect(book.openCount == .known(3))
            #expect(try book.entry("latest") == new)
            #expect(throws: LedgerProblem.unreadable(book.directory + "/c")) { () throws in try book.entry("c") }
            var transactions: [UInt32] = []
            try book.commits(of: old) { transactions.append($0.transaction) }
            #expect(transactions == [7])
            #expect(try book.relations(of: old).count == 1)
            let (fork, last) = (try #require(old.fork), try #require(old.lastRecord))
            #expect(book.find(system: 7, fork: fork, lastRecord: last) == new)
            #expect(book.find(system: 8, fork: fork, lastRecord: last) == nil)
            // A recovery adds a checkpoint to the WAL, and no transaction.
            let later = WALPosition(timeline: last.timeline, lsn: LSN(bytes: last.lsn.bytes + 1000))
            let count = new.counts.commits + new.counts.prepared
            #expect(book.find(system: 7, fork: fork, lastRecord: later) == nil)
            #expect(book.find(system: 7, fork: fork, lastRecord: later, transactions: count) == new)
            #expect(book.find(system: 7, fork: fork, lastRecord: later, transactions: count + 1) == nil)
            try book.removeTemporary()
            #expect(FileFacts(book.temporary) == nil)
        }
    }

    @Test func acknowledgingKeepsTheWAL() throws {
        try withBook {
            let entry = try make("a")
            let seen = try book.acknowledge(entry, by: "kim@pg1", note: "entered again", dropWAL: false)
            #expect(try book.entry("a") == seen)
            #expect(!seen.isOpen && !seen.isWALDropped)
            #expect(FileFacts(book.directory + "/a/wal/00000002.history") != nil)
            #expect(book.openCount == .known(0))
            let dropped = try book.acknowledge(seen, by: "kim@pg1", note: "", dropWAL: true)
            #expect(dropped.isWALDropped && FileFacts(book.directory + "/a/wal") == nil)
            let (fork, last) = (try #require(entry.fork), try #require(entry.lastRecord))
            #expect(book.find(system: 7, fork: fork, lastRecord: last) == nil, "it has no WAL any more")
        }
    }

    @Test func exportsAreVerifiedAndOverwriteNothing() throws {
        try withBook {
            let entry = try make("a")
            let target = folder + "/out"
            #expect(try book.export(entry, to: target) == 40)
            #expect(try listDirectory(target) == ["commits", "entry", "files", "relations", "wal"])
            #expect(try listDirectory(target + "/wal") == ["000000010000000000000001", "00000002.history"])
            #expect(throws: LedgerProblem.occupied(target)) { () throws in try book.export(entry, to: target) }
            try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: true)
            #expect(try book.export(entry, to: folder + "/empty") == 40)
            // A file that isn't what was saved any more.
            let wal = book.directory + "/a/wal/000000010000000000000001"
            try "000000010000000000000002".write(toFile: wal, atomically: true, encoding: .utf8)
            #expect(throws: LedgerProblem.changed(wal)) { () throws in try book.export(entry, to: folder + "/third") }
            #expect(FileFacts(folder + "/third") == nil)
        }
    }

    @Test func namesAreUnique() throws {
        try withBook {
            let first = book.freeName(node: "pg/1")
            #expect(first.hasSuffix("-pg_1") && first.utf8.count == 21)
            try FileManager.default.createDirectory(
                atPath: book.directory + "/" + first,
                withIntermediateDirectories: true
            )
            #expect(book.freeName(node: "pg/1") != first)
        }
    }

    /// The check value of CRC-32C (RFC 3720, appendix B.4, and its usual test text).
    @Test func checksums() {
        var checksum = CRC32C()
        Array("123456789".utf8).withUnsafeBytes { checksum.add($0) }
        #expect(checksum.value == 0xE306_9283)
    }

    @Test func linksAreRemovedAndNotFollowed() throws {
        try withBook {
            let (kept, tree) = (folder + "/kept", folder + "/tree")
            for path in [kept, tree] {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            try "x".write(toFile: kept + "/file", atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: tree + "/link", withDestinationPath: kept)
            try removeTree(tree)
            #expect(FileFacts(tree) == nil && FileFacts(kept + "/file") != nil)
            try removeTree(tree)
        }
    }
}
