/// Where an instance's own WAL ends: its last whole record.
public struct LocalWALEnd: Sendable, Hashable, CustomStringConvertible {
    /// Where the last record begins.
    public let record: WALPosition
    /// Where the next one would begin, as PostgreSQL counts: a page's header may still come between.
    public let end: WALPosition

    public init(record: WALPosition, end: WALPosition) {
        self.record = record
        self.end = end
    }

    public var description: String { "last record at \(record), end at LSN \(end.lsn)" }
}

/// One record as `pg_waldump` prints it.
public struct WALRecordLine: Sendable, Hashable {
    public let lsn: LSN
    /// Bytes of the record without page headers: the second of "len (rec/tot)".
    public let length: UInt64
    /// A record after which the rest of the segment is empty (XLOG_SWITCH).
    public let isSwitch: Bool

    public init(lsn: LSN, length: UInt64, isSwitch: Bool) {
        self.lsn = lsn
        self.length = length
        self.isSwitch = isSwitch
    }

    /// Parses "rmgr: Heap  len (rec/tot): 59/59, tx: 733, lsn: 0/0151C248, prev 0/0151C210, desc: INSERT off 1 ...".
    public init?(_ line: some StringProtocol) {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "," })
        guard words.first == "rmgr:", let place = words.firstIndex(of: "(rec/tot):"), place + 2 < words.count,
            let mark = words.firstIndex(of: "lsn:"), mark + 1 < words.count, let lsn = LSN(words[mark + 1])
        else { return nil }
        // "len (rec/tot): 59/59" and, for short records, "len (rec/tot):      2/    59" with blanks before the total.
        let lengths = words[(place + 1)..<mark].prefix(2).joined().split(separator: "/")
        guard lengths.count >= 2, let length = UInt64(lengths[1].prefix { $0.isNumber }) else { return nil }
        let text = words.firstIndex(of: "desc:").map { words[($0 + 1)...].first } ?? nil
        self.init(lsn: lsn, length: length, isSwitch: words.count > 1 && words[1] == "XLOG" && text == "SWITCH")
    }

    /// Where the next record would begin (PostgreSQL's source, xlog_internal.h and XLogReadRecord).
    ///
    /// Every page begins with a header of 24 bytes, the first one of a segment of 40; records are aligned to 8 bytes.
    public func end(segmentSize: UInt64, pageSize: UInt64 = WALPage.defaultSize) -> LSN {
        if isSwitch { return LSN(bytes: (lsn.bytes / segmentSize + 1) * segmentSize) }
        var place = lsn.bytes
        var rest = length
        while rest > 0 {
            if place % pageSize == 0 { place += place % segmentSize == 0 ? WALPage.longHeader : WALPage.shortHeader }
            let step = min(rest, pageSize - place % pageSize)
            place += step
            rest -= step
        }
        return LSN(bytes: (place + 7) / 8 * 8)
    }
}
