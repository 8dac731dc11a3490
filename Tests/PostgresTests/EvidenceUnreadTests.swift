import Foundation
import RACore
import RATestSupport
import Testing

@testable import RAKit

/// WAL that can't be read is kept as it is.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct EvidenceUnreadTests {
    private func withDivergence(_ body: (Divergence) throws -> Void) throws {
        try withCluster(.async) { cluster in
            let divergence = try Divergence(cluster) { former in
                for number in 1...3 {
                    try former.query("INSERT INTO public.t SELECT generate_series(1, \(number))")
                    try former.query("SELECT pg_switch_wal()")
                }
            }
            try body(divergence)
        }
    }

    /// Nobody but the broken files knows what was committed.
    @Test func withoutAReadableRecordTheFilesAreKept() throws {
        try withDivergence { divergence in
            let wal = divergence.former.data + "/pg_wal/"
            let first = divergence.fork.segmentFileName(size: divergence.control.segmentSize)
            let names = try listDirectory(wal).filter { $0.utf8.count == 24 && $0 >= first }
            #expect(names.count > 3)
            for name in names { try spoil(wal + name) }
            let entry = try #require(try divergence.save())
            #expect(entry.unlisted == "no record from \(divergence.fork) on can be read", "\(entry)")
            #expect(entry.fork == divergence.fork && entry.lastRecord == nil && entry.isOpen)
            #expect(entry.unreadable.count == names.count && entry.missing.isEmpty)
            let kept = divergence.book.directory + "/\(entry.id)/wal/"
            #expect(Set(try listDirectory(kept)).isSuperset(of: names))
            for name in names {
                let (copy, file) = (try measureFile(kept + name, name: name), try measureFile(wal + name, name: name))
                #expect(copy == file)
            }
            #expect(try divergence.save() == entry)
            #expect(try listDirectory(divergence.book.directory) == [entry.id])
        }
    }

    /// One broken file takes nothing from what the others tell, and is kept with them.
    @Test func aBrokenFileIsKeptBesideWhatIsListed() throws {
        try withDivergence { divergence in
            let wal = divergence.former.data + "/pg_wal/"
            let size = divergence.control.segmentSize
            let second = WALSegment(holding: divergence.fork, size: size).next
            try spoil(wal + second.fileName)
            let entry = try #require(try divergence.save())
            #expect(entry.unlisted == nil && entry.counts.commits == 2, "\(entry)")
            #expect(entry.unreadable.contains(second.start) && entry.missing.isEmpty, "\(entry)")
            #expect(FileFacts(divergence.book.directory + "/\(entry.id)/wal/" + second.fileName) != nil)
        }
    }

    /// A broken page isn't the end of the WAL: what would be taken for an ancestor's data may have commits.
    @Test func aBrokenPageProvesNothing() throws {
        try withDivergence { divergence in
            let files = LocalWAL(installation: divergence.context.installation)
            let deadline = Deadline.after(milliseconds: 20_000)
            #expect(files.hasRecord(at: divergence.fork, divergence.control, by: deadline) == .known(true))
            let size = divergence.control.segmentSize
            let path = "\(files.directory)/\(divergence.fork.segmentFileName(size: size))"
            let next = (divergence.fork.lsn.bytes / 8192 + 1) * 8192
            let good = try readFile(path, limit: 1 << 21)
            try spoil(path, from: next % size)
            #expect(
                files.hasRecord(at: divergence.fork, divergence.control, by: deadline)
                    == .unknown(why: "the page at LSN \(LSN(bytes: next)) in \(path) is broken")
            )
            try replaceFile(path, with: good, owner: PostgreSQL.account)
            #expect(files.hasRecord(at: divergence.fork, divergence.control, by: deadline) == .known(true))
            try spoil(path)
            let seen = files.hasRecord(at: divergence.fork, divergence.control, by: deadline)
            #expect(seen == .unknown(why: "the first page of \(path) is broken"))
        }
    }

    @Test func allIsKeptOnceWhereTheForkIsUnknown() throws {
        try withDivergence { divergence in
            let wal = divergence.former.data + "/pg_wal"
            let step = divergence.step
            let entry = try #require(try step.saveUnread(because: "it is broken", why: "copy"))
            #expect(entry.unlisted == "it is broken" && entry.fork == nil && entry.isOpen)
            #expect(entry.systemIdentifier == divergence.control.systemIdentifier)
            let names = try listDirectory(wal).filter { $0.utf8.count == 24 || $0.hasSuffix(".history") }
            #expect(try listDirectory(divergence.book.directory + "/\(entry.id)/wal").sorted() == names.sorted())
            #expect(try step.saveUnread(because: "it is broken", why: "copy") == entry)
            let exported = divergence.former.folder + "/exported"
            #expect(try divergence.book.export(entry, to: exported) == entry.counts.bytes)
            try spoil(wal + "/" + (try #require(names.first)))
            let other = try #require(try step.saveUnread(because: "it is broken", why: "copy"))
            #expect(other.id != entry.id)
            // Without files there is nothing to keep; a link that leads nowhere isn't that.
            try PostgreSQL.asOwner("/bin/mv", [wal, wal + ".away"], as: nil)
            #expect(try step.saveUnread(because: "it is broken", why: "copy") == nil)
            try PostgreSQL.asOwner("/bin/ln", ["-s", "/nowhere/at/all", wal], as: nil)
            let failure = #expect(throws: RejoinFailure.self) {
                try step.saveUnread(because: "it is broken", why: "copy")
            }
            #expect(failure?.exit == .failed, "\(String(describing: failure))")
        }
    }
}

/// Writes over a page of a file: the first, or that at an offset.
func spoil(_ path: String, from offset: UInt64 = 0, count: Int = 8192) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: Data(repeating: 0xFF, count: count))
    try handle.close()
}
