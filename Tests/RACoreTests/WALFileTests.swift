import RACore
import Testing

/// Names, headers and records of WAL files.
@Suite struct WALFileTests {
    @Test func segmentNames() throws {
        let timeline = try #require(TimelineID(3))
        let segment = WALSegment(timeline: timeline, number: 0x1_0000_0002 / 1, size: 1 << 20)
        #expect(segment.fileName == "000000030010000000000002")
        #expect(WALSegment(name: segment.fileName, size: 1 << 20) == segment)
        #expect(segment.next.fileName == "000000030010000000000003")
        #expect(segment.start.bytes == segment.number << 20 && segment.end == segment.next.start)
        // 16 MB segments have 256 to 4 GB, the last name is ...FF.
        let last = WALSegment(timeline: timeline, number: 255, size: 16 << 20)
        #expect(last.fileName == "0000000300000000000000FF" && last.next.fileName == "000000030000000100000000")
        for name in [
            "000000030000000000000100", "000000000000000000000001", "00000003.history", "0000000300000000000000G0",
        ] {
            #expect(WALSegment(name: name, size: 16 << 20) == nil)
        }
        let position = WALPosition(timeline: timeline, lsn: segment.end)
        #expect(WALSegment(holding: position, size: 1 << 20) == segment.next)
    }

    @Test func segmentsOverATimeline() throws {
        let (one, two) = (try #require(TimelineID(1)), try #require(TimelineID(2)))
        let entry = TimelineHistory.Entry(timeline: one, switchPoint: LSN(bytes: 3 << 20))
        let history = TimelineHistory(timeline: two, ancestors: [entry])
        let segments = history.segments(from: LSN(bytes: 1 << 20), through: LSN(bytes: 3 << 20), size: 1 << 20)
        #expect(segments.map(\.timeline.number) == [1, 1, 2] && segments.map(\.number) == [1, 2, 3])
        #expect(history.segments(from: LSN(bytes: 2), through: LSN(bytes: 1), size: 1 << 20).isEmpty)
    }

    @Test func recordLines() throws {
        let short = try #require(
            WALRecordLine(
                "rmgr: Heap        len (rec/tot):     59/    59, tx:        733, lsn: 0/0151C248, prev 0/0151C210, desc: INSERT off 1"
            )
        )
        #expect(short == WALRecordLine(lsn: LSN(bytes: 0x151C248), length: 59, isSwitch: false))
        #expect(short.end(segmentSize: 1 << 20).bytes == 0x151C288)
        let change = try #require(
            WALRecordLine(
                "rmgr: XLOG        len (rec/tot):     24/    24, tx:          0, lsn: 0/01500100, prev 0/015000C0, desc: SWITCH "
            )
        )
        #expect(change.isSwitch && change.end(segmentSize: 1 << 20).bytes == 0x1600000)
        let image = try #require(
            WALRecordLine(
                "rmgr: XLOG len (rec/tot): 51/8207, tx: 0, lsn: 0/01501FC0, prev 0/01501F88, desc: FPI ; blkref #0: rel 1 fork m"
            )
        )
        // 64 bytes on its page, 8143 after the next header of 24, aligned.
        #expect(image.end(segmentSize: 1 << 20).bytes == 0x1502000 + 24 + 8144)
        #expect(WALRecordLine("first record is after 0/1500000, at 0/1500028, skipping over 40 bytes") == nil)
    }

    private func header(_ segment: WALSegment, timeline: UInt32, system: UInt64) -> [UInt8] {
        func little(_ value: UInt64, _ width: Int) -> [UInt8] { (0..<width).map { UInt8(value >> (8 * $0) & 0xFF) } }
        return little(0xD110, 2) + little(2, 2) + little(UInt64(timeline), 4) + little(segment.start.bytes, 8)
            + little(0, 8) + little(system, 8) + little(segment.size, 4) + little(8192, 4)
    }

    @Test func pageHeaders() throws {
        let segment = WALSegment(timeline: try #require(TimelineID(2)), number: 7, size: 1 << 20)
        let page = try #require(WALPage(header(segment, timeline: 2, system: 42)))
        #expect(page.fault(for: segment, system: 42) == nil && page.blockSize == 8192)
        #expect(page.fault(for: segment, system: 43)?.contains("\"42\", not of \"43\"") ?? false)
        #expect(page.fault(for: segment.next, system: 42)?.contains("0/700000") ?? false)
        #expect(page.fault(for: segment, system: 42, blockSize: 16_384)?.contains("16384") ?? false)
        let other = WALSegment(timeline: segment.timeline, number: 7 << 1, size: 1 << 19)
        #expect(page.fault(for: other, system: 42) != nil)
        #expect(WALPage([UInt8](repeating: 0, count: 40)) == nil && WALPage([1, 2, 3]) == nil)
    }

    /// The segment in which a timeline was entered begins with its ancestor's pages; no other one does.
    @Test func ancestorsPages() throws {
        let (one, two) = (try #require(TimelineID(1)), try #require(TimelineID(2)))
        let entry = TimelineHistory.Entry(timeline: one, switchPoint: LSN(bytes: 7 << 20 | 512))
        let history = TimelineHistory(timeline: two, ancestors: [entry])
        for (number, isAllowed) in [(UInt64(7), true), (8, false), (6, false)] {
            let segment = WALSegment(timeline: two, number: number, size: 1 << 20)
            let page = try #require(WALPage(header(segment, timeline: 1, system: 42)))
            #expect((page.fault(for: segment, system: 42, history: history) == nil) == isAllowed)
        }
    }

    @Test func placeholders() {
        let filled = expandRestoreCommand("cp '/a/%f' %p # %r %% %x %", file: "F", path: "/p", oldestKept: "R")
        #expect(filled == "cp '/a/F' /p # R % %x %")
    }

    @Test func directoriesOfArchiveCommands() {
        let known = [
            "cp %p /archive/%f": "/archive", "test ! -f /a/%f && cp %p /b/%f": "/b",
            "install -m 0600 %p \"/my archive/%f\"": "/my archive", "gzip < %p > /archive/%f.gz": "/archive",
            "gzip -c %p >/archive/%f.gz": "/archive", "lz4 -q %p '/archive/%f.lz4'": "/archive",
            "dd if=%p of=/archive/%f bs=1M": "/archive", "/bin/cp %p /archive/wal/%f && sync": "/archive/wal",
        ]
        for (command, directory) in known { #expect(archiveDirectory(ofArchiveCommand: command) == directory) }
        let unknown = [
            "", "/bin/true", "rsync -a %p host:/archive/%f", "ssh host cp x /archive/%f", "cp %p archive/%f",
            "cp %p $HOME/%f", "cp %p /archive/%f-copy$1", "pgbackrest archive-push %p", "cp %p '/archive/%f",
            "cp %p /archive/%f/x", "scp %p /archive/%f", "cp %p ~postgres/%f",
        ]
        for command in unknown { #expect(archiveDirectory(ofArchiveCommand: command) == nil, "\(command)") }
    }
}
