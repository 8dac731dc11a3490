/// What an instance is made of: its system, its timeline and how that came about.
public struct InstanceHistory: Sendable, Hashable {
    public var systemIdentifier: UInt64
    /// The newest timeline that it has WAL of, with its ancestors.
    public var history: TimelineHistory

    public init(systemIdentifier: UInt64, history: TimelineHistory) {
        self.systemIdentifier = systemIdentifier
        self.history = history
    }
}

/// What two histories say about whether a local instance can follow a primary.
public enum HistoryVerdict: Sendable, Hashable {
    /// initdb made them apart.
    case foreign(ours: UInt64, theirs: UInt64)
    /// The local history left the primary's at this position.
    case forked(at: WALPosition)
    /// The instance is an ancestor if its WAL has no record that begins at or after this position.
    case ancestorUnlessRecord(at: WALPosition)
}

/// Compares a local instance's history with the primary's.
///
/// Timeline numbers alone prove nothing: two nodes that were promoted apart both call their new timeline by the same
/// number. What must agree is where each timeline was left (documentation, "Timelines").
/// - Parameter flushed: how far the primary's own timeline reaches; a local record behind it is foreign to it.
public func compareHistories(local: InstanceHistory, primary: InstanceHistory, flushed: LSN) -> HistoryVerdict {
    guard local.systemIdentifier == primary.systemIdentifier else {
        return .foreign(ours: local.systemIdentifier, theirs: primary.systemIdentifier)
    }
    let (ours, theirs) = commonAges(local.history, primary.history)
    let shared = zip(ours, theirs).prefix { $0 == $1 }.count
    let (ourNext, theirNext) = (ours.dropFirst(shared).first, theirs.dropFirst(shared).first)
    let timeline = ourNext?.timeline ?? local.history.timeline
    guard timeline == theirNext?.timeline ?? primary.history.timeline else {
        // Both left the same timeline at the same place, but to different ones: what came after is foreign.
        let place = shared > 0 ? (ours[shared - 1].timeline, ours[shared - 1].switchPoint) : (timeline, LSN(bytes: 0))
        return .forked(at: WALPosition(timeline: place.0, lsn: place.1))
    }
    let theirEnd = theirNext?.switchPoint ?? flushed
    guard let ourEnd = ourNext?.switchPoint else {
        return .ancestorUnlessRecord(at: WALPosition(timeline: timeline, lsn: theirEnd))
    }
    return .forked(at: WALPosition(timeline: timeline, lsn: min(ourEnd, theirEnd)))
}

/// The ancestors that both histories can tell of: a record holds the newest only, and leaves the oldest out.
private func commonAges(
    _ left: TimelineHistory,
    _ right: TimelineHistory
) -> ([TimelineHistory.Entry], [TimelineHistory.Entry]) {
    guard let oldest = [left, right].compactMap(\.ancestors.first?.timeline).max() else { return ([], []) }
    let since = { (history: TimelineHistory) in Array(history.ancestors.drop { $0.timeline < oldest }) }
    // A history that ends before the other begins shares nothing that could be compared.
    guard left.timeline >= oldest, right.timeline >= oldest else { return (left.ancestors, right.ancestors) }
    return (since(left), since(right))
}
