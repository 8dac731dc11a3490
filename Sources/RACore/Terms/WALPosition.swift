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

    public var description: String { "timeline \(timeline) LSN \(lsn)" }
}
