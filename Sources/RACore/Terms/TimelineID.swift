/// The number of a timeline: a branch of the WAL history, begun by each promotion.
public struct TimelineID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 1 for the timeline that initdb makes.
    public let number: UInt32

    /// - Returns: nil for 0, which PostgreSQL never uses.
    public init?(_ number: UInt32) {
        guard number > 0 else { return nil }
        self.number = number
    }

    public static func < (left: TimelineID, right: TimelineID) -> Bool { left.number < right.number }

    public var description: String { String(number) }

    /// The history file's name in pg_wal and in an archive ("00000002.history").
    public var historyFileName: String { paddedHex(UInt64(number), width: 8) + ".history" }
}
