/// One node's say in the choice of a primary when there is none.
public struct Ballot: Sendable, Hashable {
    public var node: String
    public var isOnline: Bool
    public var dataStatus: DataStatus
    /// What the node published; nil while it hasn't.
    public var position: PublishedPosition?

    public init(node: String, isOnline: Bool, dataStatus: DataStatus, position: PublishedPosition?) {
        self.node = node
        self.isOnline = isOnline
        self.dataStatus = dataStatus
        self.position = position
    }
}

/// A position with the identity of the data that it belongs to: the value of `<resource>-position`.
public struct PublishedPosition: Sendable, Hashable {
    public var systemIdentifier: UInt64
    public var position: WALPosition

    public init(systemIdentifier: UInt64, position: WALPosition) {
        self.systemIdentifier = systemIdentifier
        self.position = position
    }

    /// "6933...:2:00000000030000A0": identifier, timeline, LSN in sixteen digits.
    public var text: String { "\(systemIdentifier):\(position.timeline.number):\(position.lsn.digits)" }

    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let identifier = UInt64(parts[0]), let number = UInt32(parts[1]),
            let timeline = TimelineID(number), let lsn = LSN(digits: parts[2])
        else { return nil }
        self.init(systemIdentifier: identifier, position: WALPosition(timeline: timeline, lsn: lsn))
    }
}

/// What this node makes of the ballots.
public enum ElectionVerdict: Sendable, Hashable {
    case won
    /// A better candidate has published its position.
    case lost(to: String)
    /// This node may lack acknowledged commits; `holders` may not.
    case barred(holders: [String])
    /// These must publish first, or be found absent often enough.
    case waiting(missing: [String])
    /// The candidates' data come from different systems.
    case foreign(node: String)
}

/// Decides whether this node asks to be promoted, by the durable record, then timeline, then LSN.
///
/// Every node decides from the same ballots, and ties go to the first of `node_list`, so that two can't win.
/// - Parameters:
///   - ballots: one a node of `node_list`, in its order, this node's own included.
///   - confirmations: how many looks in a row have found these same ballots.
///   - patience: looks after which an absent node isn't waited for (parameter `xlog_check_count`).
public func decideElection(
    own: String,
    ballots: [Ballot],
    mode: ReplicationMode,
    confirmations: Int,
    patience: Int
) -> ElectionVerdict {
    let holders = ballots.filter { $0.dataStatus.holdsEverything(in: mode) }
    // Without any record the cluster is new, and everybody may win; with one, only who is in it.
    let candidates = holders.isEmpty ? ballots.filter { $0.dataStatus == .none } : holders
    guard let mine = candidates.first(where: { sameName($0.node, own) }) else {
        return .barred(holders: candidates.map(\.node))
    }
    guard let position = mine.position else { return .waiting(missing: [own]) }
    let missing = candidates.filter {
        $0.position == nil && mustWait(for: $0, holders: holders, mode, confirmations, patience)
    }
    guard missing.isEmpty else { return .waiting(missing: missing.map(\.node)) }
    if let other = candidates.first(where: {
        $0.position.map { $0.systemIdentifier != position.systemIdentifier } ?? false
    }) {
        return .foreign(node: other.node)
    }
    var best = mine
    for candidate in candidates {
        guard let theirs = candidate.position, let bestPosition = best.position else { continue }
        if theirs.position > bestPosition.position { best = candidate }
    }
    let first = candidates.first { $0.position == best.position } ?? best
    return sameName(first.node, own) ? .won : .lost(to: first.node)
}

/// Whether an absent position holds the election up.
private func mustWait(
    for ballot: Ballot,
    holders: [Ballot],
    _ mode: ReplicationMode,
    _ confirmations: Int,
    _ patience: Int
) -> Bool {
    if ballot.isOnline { return confirmations < max(patience, 1) * 3 }
    // In synchronous mode every holder has all that was acknowledged: one that is away isn't needed.
    if mode == .sync && !holders.isEmpty { return false }
    return confirmations < patience
}
