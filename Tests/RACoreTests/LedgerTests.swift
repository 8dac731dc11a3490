import RACore
import Testing

/// The counting of lost transactions, and the texts that they are kept in.
@Suite struct LedgerTests {
    private let table = RelationFile(tablespace: 1663, database: 5, number: 16_384)
    private let other = RelationFile(tablespace: 1663, database: 5, number: 16_390)
    private let catalog = RelationFile(tablespace: 1663, database: 5, number: 1259)

    /// Takes records that begin a byte apart; the fork is at 100.
    private struct Stream {
        var tally = LedgerTally(fork: LSN(bytes: 100))
        var commits: [LedgerCommit] = []

        mutating func take(_ lsn: UInt64, _ transaction: UInt32, _ body: WALRecord.Body) {
            let record = WALRecord(lsn: LSN(bytes: lsn), transaction: transaction, body: body)
            if let commit = tally.take(record) { commits.append(commit) }
        }
    }

    private func commit(_ subtransactions: [UInt32] = [], of other: UInt32? = nil) -> WALRecord.Body {
        .commit(of: other, time: "now", subtransactions: subtransactions, dropped: [])
    }

    private func insert(_ file: RelationFile, _ count: Int = 1) -> WALRecord.Body {
        .rows(.inserted, file, count: count, place: nil)
    }

    @Test func onlyWhatIsCommittedAfterTheForkIsListed() {
        var stream = Stream()
        stream.take(10, 0, .running(next: 5))
        stream.take(20, 5, insert(table))
        stream.take(30, 6, insert(table, 2))
        stream.take(40, 5, commit())
        stream.take(100, 6, insert(table))
        stream.take(110, 6, commit())
        stream.take(120, 7, insert(other))
        stream.take(130, 7, .abort(of: nil, subtransactions: []))
        stream.take(140, 8, insert(other))
        #expect(stream.commits.map(\.transaction) == [6])
        #expect(stream.commits[0].changes.map(\.inserted) == [3])
        #expect(stream.commits[0].isWhole)
        #expect(stream.tally.records == 5)
        #expect(stream.tally.lastRecord == LSN(bytes: 140))
        #expect(stream.tally.finish().isEmpty)
        #expect(stream.tally.totals[table]?.inserted == 3 && stream.tally.totals[other] == nil)
    }

    @Test func subtransactionsCountWithTheirTransaction() {
        var stream = Stream()
        stream.take(100, 0, .running(next: 5))
        stream.take(101, 5, insert(table))
        stream.take(102, 6, insert(other))
        stream.take(103, 7, insert(other, 9))
        stream.take(104, 7, .abort(of: nil, subtransactions: []))
        stream.take(105, 5, insert(catalog))
        stream.take(106, 5, commit([6]))
        #expect(stream.commits[0].changes.map(\.file) == [table, other, catalog], "users' tables come first")
        #expect(stream.commits[0].changes.map(\.inserted) == [1, 1, 1])
    }

    @Test func preparedTransactions() {
        var stream = Stream()
        stream.take(50, 0, .running(next: 5))
        for transaction in UInt32(5)...8 {
            stream.take(100, transaction, insert(table))
            stream.take(101, transaction, .prepare(name: "p\(transaction)", time: "then", subtransactions: []))
        }
        stream.take(102, 0, commit(of: 5))
        stream.take(103, 0, .abort(of: 6, subtransactions: []))
        stream.take(104, 0, commit(of: 3))
        #expect(stream.commits.map(\.kind) == [.committedPrepared, .committedPrepared])
        #expect(stream.commits.map(\.name) == ["p5", ""])
        #expect(stream.commits.map(\.isWhole) == [true, false], "what was prepared before isn't known")
        let left = stream.tally.finish()
        #expect(left.map(\.name).sorted() == ["p7", "p8"])
        #expect(left.allSatisfy { $0.kind == .prepared && $0.time == "then" })
        #expect(stream.tally.commits == 2 && stream.tally.preparedOnly == 2)
    }

    @Test func countsThatMayLackSomethingSaySo() {
        var stream = Stream()
        stream.take(100, 7, insert(table))
        stream.take(101, 7, commit())
        stream.take(102, 0, .running(next: 4_294_967_290))
        stream.take(103, 4_294_967_289, commit())
        stream.take(104, 4_294_967_291, commit())
        stream.take(105, 3, commit())
        stream.tally.noteGap()
        stream.take(106, 4, commit())
        #expect(stream.commits.map(\.isWhole) == [false, false, true, true, false], "numbers begin again at 3")
    }

    @Test func whatItFollowsIsBounded() {
        var stream = Stream()
        for number in 0..<UInt32(300) {
            let file = RelationFile(tablespace: 1663, database: 5, number: 20_000 + number)
            stream.take(100, 5, insert(file))
        }
        stream.take(101, 5, commit())
        #expect(stream.commits[0].changes.count == 200 && stream.commits[0].furtherRelations == 100)
        for transaction in UInt32(10)..<20_100 { stream.take(102, transaction, insert(table)) }
        #expect(stream.tally.isOverfull)
    }

    @Test func takenBackRowsAndPlaces() {
        var stream = Stream()
        let place = RowPlace(block: 0, offset: 3)
        stream.take(100, 5, .rows(.inserted, table, count: 1, place: place))
        stream.take(101, 5, .rows(.withdrawn, table, count: 1, place: place))
        stream.take(102, 5, .rows(.updated, table, count: 1, place: RowPlace(block: 1, offset: 2)))
        stream.take(103, 5, .created(other))
        stream.take(104, 5, commit())
        let change = stream.commits[0].changes[0]
        #expect(change.inserted == 0 && change.updated == 1 && change.places == ["~1,2"])
        #expect(stream.commits[0].changes[1].isCreated)
        #expect(stream.tally.created == [other])
    }

    @Test func commitsAreReadAsTheyWereWritten() {
        var change = RelationChange(file: table)
        (change.inserted, change.updated, change.deleted) = (-1, 2, 3)
        change.places = ["+0,7", "-1,2"]
        var made = RelationChange(file: other)
        (made.isCreated, made.isDropped) = (true, true)
        let commits = [
            LedgerCommit(.committed, transaction: 7, time: "2026-11-30 06:24:29.4 UTC", lsn: LSN(bytes: 1)),
            LedgerCommit(
                .prepared,
                transaction: 4_294_967_295,
                time: "",
                lsn: LSN(bytes: 1 << 40),
                isWhole: false,
                name: "a\tb\\n\nc",
                changes: [change, made],
                furtherRelations: 4,
                truncated: 2
            ),
        ]
        for commit in commits {
            #expect(!commit.text.contains("\n"))
            #expect(LedgerCommit(text: commit.text) == commit)
        }
        for text in ["", "commit", "commit\t7\t\tx\twhole\t\t0\t0", "commit\t7\t\t0/1\twhole\t\t0\t0\tnonsense"] {
            #expect(LedgerCommit(text: text) == nil)
        }
    }

    @Test func relationsAreReadAsTheyWereWritten() {
        var relation = LedgerRelation(change: RelationChange(file: table), database: "a\tb")
        #expect(relation.title == "1663/5/16384")
        #expect(LedgerRelation(change: RelationChange(file: catalog)).title == "system catalog 1663/5/1259")
        relation.name = "public.t"
        #expect(relation.title == "public.t in a\tb")
        #expect(LedgerRelation(text: relation.text) == relation)
        relation.kind = .toast
        relation.database = nil
        #expect(relation.title == "long values of public.t")
        #expect(LedgerRelation(text: relation.text) == relation)
        let new = LedgerRelation(change: RelationChange(file: other), isNew: true)
        #expect(new.title == "1663/5/16390 (made after the fork)")
        #expect(LedgerRelation(text: new.text) == new)
        #expect(LedgerRelation(text: "nonsense") == nil)
    }

    @Test func entriesAreReadAsTheyWereWritten() throws {
        let timeline = try #require(TimelineID(3))
        var entry = LedgerEntry(
            id: "20261130T061500Z-pg1",
            node: "pg1",
            resource: "pgsql",
            systemIdentifier: 7_300_000_000_000_000_001,
            fork: WALPosition(timeline: timeline, lsn: LSN(bytes: 0x16_0000_0028)),
            lastRecord: WALPosition(timeline: timeline, lsn: LSN(bytes: 0x16_0000_0100)),
            primary: "pg2",
            primaryTimeline: timeline,
            why: "rewind",
            time: "2026-11-30T06:15:00Z",
            readFrom: LSN(bytes: 5)
        )
        #expect(LedgerEntry(text: entry.text) == entry)
        #expect(entry.summary == "no commit since timeline 3 LSN 16/28")
        entry.counts.commits = 1
        entry.counts.prepared = 2
        entry.counts.inserted = 7
        entry.counts.bytes = 1 << 40
        entry.missing = ["000000010000000000000001", "000000010000000000000002"]
        entry.unreadable = [LSN(bytes: 7), LSN(bytes: 1 << 35)]
        entry.names = "by the catalog of pg2"
        entry.isWALDropped = true
        entry.state = .acknowledged(by: "kim@pg1", time: "2026-12-01T00:00:00Z", note: "seen: all\nis well")
        #expect(LedgerEntry(text: entry.text) == entry)
        #expect(
            entry.summary
                == "1 commit and 2 prepared but not committed (7 rows inserted, 0 updated, 0 deleted) since timeline 3 LSN 16/28"
        )
        let (fork, last) = (try #require(entry.fork), try #require(entry.lastRecord))
        #expect(!entry.isSame(system: 7_300_000_000_000_000_001, fork: fork, lastRecord: last))
        let lines = entry.text.split(separator: "\n")
        #expect(LedgerEntry(text: lines.prefix(lines.count / 2).joined(separator: "\n")) == nil)
        #expect(LedgerEntry(text: "") == nil)
    }

    /// What couldn't be read is unknown, and only then may anything be.
    @Test func unlistedEntriesAreReadAsTheyWereWritten() throws {
        let timeline = try #require(TimelineID(3))
        var entry = LedgerEntry(
            id: "20261130T061500Z-pg1",
            node: "pg1",
            resource: "pgsql",
            systemIdentifier: nil,
            fork: nil,
            lastRecord: nil,
            primary: "pg2",
            primaryTimeline: timeline,
            why: "copy",
            time: "2026-11-30T06:15:00Z",
            readFrom: nil
        )
        #expect(LedgerEntry(text: entry.text) == nil)
        entry.unlisted = "pg_controldata: it\nis broken"
        #expect(LedgerEntry(text: entry.text) == entry)
        #expect(entry.summary == "WAL whose commits couldn't be listed: pg_controldata: it\nis broken")
        entry.fork = WALPosition(timeline: timeline, lsn: LSN(bytes: 40))
        entry.systemIdentifier = 7
        #expect(LedgerEntry(text: entry.text) == entry && entry.isOpen)
        #expect(LedgerEntry(text: entry.text.replacing("fork lsn: 0/28", with: "fork lsn: x")) == nil)
    }

    @Test func firstPageTellsWhoseWALAFileHolds() throws {
        let segment = WALSegment(timeline: try #require(TimelineID(1)), number: 3, size: 1 << 20)
        func head(_ address: UInt64, magic: UInt64 = 0xD110, size: UInt64 = 1 << 20) -> [UInt8] {
            let numbers: [(UInt64, Int)] = [
                (magic, 2), (2, 2), (1, 4), (address, 8), (0, 8), (7, 8), (size, 4), (8192, 4),
            ]
            return numbers.flatMap { number, width in (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            }
        }
        #expect(SegmentContent(head(3 << 20), of: segment) == .own)
        #expect(SegmentContent(head(2 << 20), of: segment) == .other)
        #expect(SegmentContent([UInt8](repeating: 0, count: 40), of: segment) == .other)
        #expect(SegmentContent([], of: segment) == .other)
        #expect(SegmentContent([UInt8](repeating: 0xFF, count: 40), of: segment) == .spoiled)
        #expect(SegmentContent(head(3 << 20, magic: 0xFFFF), of: segment) == .spoiled)
        #expect(SegmentContent(head(3 << 20, size: 1 << 24), of: segment) == .spoiled)
        #expect(SegmentContent(head((3 << 20) + 8), of: segment) == .spoiled)
        #expect(SegmentContent(Array(head(3 << 20).prefix(20)), of: segment) == .spoiled)
    }
}
