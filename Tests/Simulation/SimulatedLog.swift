import RACore

/// The flushed WAL of one server: a sequence of records, each with a number that no other record of a run has.
///
/// Numbers rise, and a record is only ever appended to what its server had: two logs that have the same record at one
/// place have the same records before it, so that one comparison tells whether a log is the beginning of another.
struct SimulatedLog {
    private(set) var entries: [UInt32] = []
    private(set) var history: TimelineHistory

    init() { history = TimelineHistory(timeline: SimulatedLog.timeline(1), ancestors: []) }

    static func timeline(_ number: UInt32) -> TimelineID {
        guard let timeline = TimelineID(number) else { preconditionFailure("timeline 0") }
        return timeline
    }

    /// So much WAL a record that three of them are more than the ranks' tolerance.
    private static let bytesPerEntry: UInt64 = 400_000
    private static let start: UInt64 = 16_000_000

    static func lsn(_ count: Int) -> LSN { LSN(bytes: start + UInt64(count) * bytesPerEntry) }

    static func count(_ lsn: LSN) -> Int { lsn.bytes < start ? 0 : Int((lsn.bytes - start) / bytesPerEntry) }

    var count: Int { entries.count }
    var lsn: LSN { SimulatedLog.lsn(entries.count) }
    var timeline: TimelineID { history.timeline }

    mutating func append(_ entry: UInt32) { entries.append(entry) }

    /// What PostgreSQL does at a promotion: the next timeline, and a record of the end of recovery on it.
    mutating func beginTimeline(_ entry: UInt32) {
        history = TimelineHistory(
            timeline: SimulatedLog.timeline(timeline.number + 1),
            ancestors: history.ancestors + [TimelineHistory.Entry(timeline: timeline, switchPoint: lsn)]
        )
        entries.append(entry)
    }

    func isBeginning(of other: SimulatedLog) -> Bool {
        guard let last = entries.last else { return true }
        return other.count >= count && other.entries[count - 1] == last
    }

    /// Receives up to so many records of the log that this one is the beginning of, and the timelines that it reaches.
    mutating func receive(from other: SimulatedLog, upTo end: Int) {
        if end > count { entries.append(contentsOf: other.entries[count..<end]) }
        while timeline < other.timeline {
            guard let left = other.history.switchPoint(of: timeline), SimulatedLog.count(left) <= count else { return }
            let ancestors = other.history.ancestors
            let passed = ancestors.prefix { $0.timeline <= timeline }
            let next = passed.count < ancestors.count ? ancestors[passed.count].timeline : other.timeline
            history = TimelineHistory(timeline: next, ancestors: Array(passed))
        }
    }

    /// Whether PostgreSQL lets a standby with this log stream from a server with the other: by numbers alone.
    func mayFollow(_ other: SimulatedLog) -> Bool {
        if timeline == other.timeline { return count <= other.count }
        return other.history.switchPoint(of: timeline).map { count <= SimulatedLog.count($0) } ?? false
    }
}
