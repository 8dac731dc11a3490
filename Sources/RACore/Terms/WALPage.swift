/// The header of a WAL segment's first page: which system's, timeline's and place's WAL the file holds.
///
/// PostgreSQL's source, access/xlog_internal.h, XLogLongPageHeaderData, as little-endian machines write it: magic (2
/// bytes), flags (2), timeline (4), page address (8), length of a record's rest (4 and 4 of padding), system identifier
/// (8), segment size (4), WAL block size (4).
public struct WALPage: Sendable, Hashable {
    /// The build's XLOG_BLCKSZ, 8 kB unless it was configured otherwise.
    public static let defaultSize: UInt64 = 8192
    static let shortHeader: UInt64 = 24
    static let longHeader: UInt64 = 40

    /// The bytes that a header takes.
    public static let headerSize = 40

    public let magic: UInt16
    public let timeline: UInt32
    public let address: LSN
    public let systemIdentifier: UInt64
    public let segmentSize: UInt64
    public let blockSize: UInt64

    /// Reads the first page's header; nil when the bytes are none: too few, no magic number, or not a segment's first page.
    public init?(_ bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(WALPage.headerSize))
        guard head.count == WALPage.headerSize else { return nil }
        func number(_ place: Int, _ width: Int) -> UInt64 {
            head[place..<(place + width)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        // XLP_LONG_HEADER is 2.
        guard number(0, 2) != 0, number(2, 2) & 2 != 0 else { return nil }
        magic = UInt16(number(0, 2))
        timeline = UInt32(number(4, 4))
        address = LSN(bytes: number(8, 8))
        systemIdentifier = number(24, 8)
        segmentSize = number(32, 4)
        blockSize = number(36, 4)
    }

    /// What of the header isn't a segment's of a system; nil when it is.
    ///
    /// A segment in which a timeline was left begins, under its successor's name, with the ancestor's pages: the header
    /// then has the ancestor's number.
    /// - Parameters:
    ///   - history: allows the segment's timeline and those that it came from; nil allows any timeline up to its own.
    ///   - blockSize: the build's; nil when it isn't known.
    public func fault(
        for segment: WALSegment,
        system: UInt64,
        history: TimelineHistory? = nil,
        blockSize wanted: UInt64? = nil
    ) -> String? {
        if systemIdentifier != system {
            return "it is of system \"\(systemIdentifier)\", not of \"\(system)\""
        }
        if segmentSize != segment.size {
            return "it is of a system with segments of \"\(segmentSize)\" bytes, not \"\(segment.size)\""
        }
        if let wanted, blockSize != wanted {
            return "its pages have \"\(blockSize)\" bytes, not \"\(wanted)\""
        }
        if address != segment.start {
            return "it begins at LSN \"\(address)\", not at \"\(segment.start)\""
        }
        guard isAllowed(for: segment, history) else {
            return "it is of timeline \"\(timeline)\", not of \"\(segment.timeline)\""
        }
        return nil
    }

    private func isAllowed(for segment: WALSegment, _ history: TimelineHistory?) -> Bool {
        if timeline == segment.timeline.number { return true }
        guard let history else { return timeline > 0 && timeline < segment.timeline.number }
        // Only a segment in which its timeline was entered begins with an ancestor's pages.
        let entered = history.ancestors.last { $0.timeline < segment.timeline }
        return history.ancestors.contains { $0.timeline.number == timeline && $0.timeline < segment.timeline }
            && (entered.map { $0.switchPoint >= segment.start && $0.switchPoint <= segment.end } ?? false)
    }
}

/// Whose WAL a file of a segment's name holds, by its first page.
public enum SegmentContent: Sendable, Hashable {
    case own
    /// Another segment's, or none: the file is there to be used next.
    case other
    /// The page is none that PostgreSQL writes.
    case spoiled

    /// - Parameter head: the file's first bytes, `WALPage.headerSize` of them where it has so many.
    public init(_ head: [UInt8], of segment: WALSegment) {
        guard head.contains(where: { $0 != 0 }) else {
            self = .other
            return
        }
        // XLOG_PAGE_MAGIC is 0xD1 and a number that rises with the releases.
        guard let page = WALPage(head), page.magic >> 8 == 0xD1, page.segmentSize == segment.size,
            page.address.bytes % segment.size == 0
        else {
            self = .spoiled
            return
        }
        self = page.address == segment.start ? .own : .other
    }
}
