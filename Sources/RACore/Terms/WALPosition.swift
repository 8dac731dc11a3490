/// A place in the WAL of one system: timeline first, then LSN.
///
/// Positions are compared by timeline, then LSN. That order says who holds more only among instances of one history;
/// `TimelineHistory` tells whether they are.
public struct WALPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let timeline: TimelineID
    public let lsn: LSN

    public init(timeline: TimelineID, lsn: LSN) {
        self.timeline = timeline
        self.lsn = lsn
    }

    public static func < (left: WALPosition, right: WALPosition) -> Bool {
        left.timeline == right.timeline ? left.lsn < right.lsn : left.timeline < right.timeline
    }

    /// The name of the WAL segment file that holds the position (documentation, "WAL Internals").
    ///
    /// - Parameter size: bytes a segment file holds; initdb decides.
    public func segmentFileName(size: UInt64) -> String {
        let (segment, perFile) = (lsn.bytes / size, 0x1_0000_0000 / size)
        return [UInt64(timeline.number), segment / perFile, segment % perFile].map { paddedHex($0, width: 8) }.joined()
    }

    public var description: String { "timeline \(timeline) LSN \(lsn)" }
}
