/// One WAL segment file (documentation, "WAL Internals").
public struct WALSegment: Sendable, Hashable, Comparable {
    public let timeline: TimelineID
    /// Its place from the start of the WAL address space, in segments.
    public let number: UInt64
    /// Bytes; initdb decides.
    public let size: UInt64

    public init(timeline: TimelineID, number: UInt64, size: UInt64) {
        self.timeline = timeline
        self.number = number
        self.size = size
    }

    /// The segment that holds a position.
    public init(holding position: WALPosition, size: UInt64) {
        self.init(timeline: position.timeline, number: position.lsn.bytes / size, size: size)
    }

    /// Parses a file's name of 24 hexadecimal digits; nil for another form, or one that this size doesn't give.
    public init?(name: some StringProtocol, size: UInt64) {
        let digits = String(name)
        guard digits.utf8.count == 24, digits.utf8.allSatisfy(isHexDigit),
            let timeline = UInt32(digits.prefix(8), radix: 16).flatMap({ TimelineID($0) }),
            let high = UInt64(digits.dropFirst(8).prefix(8), radix: 16), let low = UInt64(digits.suffix(8), radix: 16),
            low < 0x1_0000_0000 / size
        else { return nil }
        self.init(timeline: timeline, number: high * (0x1_0000_0000 / size) + low, size: size)
    }

    public var start: LSN { LSN(bytes: number * size) }
    /// Where the next one begins.
    public var end: LSN { LSN(bytes: (number + 1) * size) }

    public var fileName: String { WALPosition(timeline: timeline, lsn: start).segmentFileName(size: size) }

    public var next: WALSegment { WALSegment(timeline: timeline, number: number + 1, size: size) }

    public static func < (left: WALSegment, right: WALSegment) -> Bool {
        left.timeline == right.timeline ? left.number < right.number : left.timeline < right.timeline
    }
}

extension TimelineHistory {
    /// The files that hold the WAL of this history from one position to another, the last one included.
    ///
    /// A segment in which a timeline was left is in a file of the next timeline's as well, which begins with a copy:
    /// the newer one is what a server asks for (documentation, "Timelines").
    public func segments(from start: LSN, through end: LSN, size: UInt64) -> [WALSegment] {
        guard start <= end else { return [] }
        return (start.bytes / size...end.bytes / size).map { number in
            WALSegment(timeline: newestTimeline(before: LSN(bytes: (number + 1) * size)), number: number, size: size)
        }
    }

    /// The newest timeline of this history that began before a position.
    private func newestTimeline(before position: LSN) -> TimelineID {
        for (index, ancestor) in ancestors.enumerated() where ancestor.switchPoint >= position {
            return ancestors[index].timeline
        }
        return timeline
    }
}
