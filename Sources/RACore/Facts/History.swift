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
    let (ours, theirs) = (local.history, primary.history)
    for (left, right) in zip(ours.ancestors, theirs.ancestors) where left != right {
        let timeline = min(left.timeline, right.timeline)
        let point =
            left.timeline == right.timeline
            ? min(left.switchPoint, right.switchPoint)
            : left.timeline < right.timeline ? left.switchPoint : right.switchPoint
        return .forked(at: WALPosition(timeline: timeline, lsn: point))
    }
    // As far as both lists go they agree: the shorter one's timeline is the next ancestor of the longer.
    if let left = theirs.switchPoint(of: ours.timeline) {
        return .ancestorUnlessRecord(at: WALPosition(timeline: ours.timeline, lsn: left))
    }
    guard ours.timeline == theirs.timeline else {
        let next = ours.ancestors.dropFirst(theirs.ancestors.count).first
        let point = next ?? theirs.ancestors.last ?? ours.ancestors.last
        guard let point else { return .forked(at: WALPosition(timeline: ours.timeline, lsn: LSN(bytes: 0))) }
        return .forked(at: WALPosition(timeline: point.timeline, lsn: point.switchPoint))
    }
    return .ancestorUnlessRecord(at: WALPosition(timeline: ours.timeline, lsn: flushed))
}
