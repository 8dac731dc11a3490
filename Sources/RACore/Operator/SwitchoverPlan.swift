/// A primary that is to move, and where to.
public struct SwitchoverMove: Sendable, Hashable {
    public var from: String
    public var to: String
    /// Bytes of WAL that the target has still to replay.
    public var lag: UInt64
    /// The primary's word for the target: sync, quorum, async.
    public var synchronousState: String

    public init(from: String, to: String, lag: UInt64, synchronousState: String) {
        self.from = from
        self.to = to
        self.lag = lag
        self.synchronousState = synchronousState
    }

    /// Whether another plan moves the same: positions differ from look to look.
    public func isSame(as other: SwitchoverMove) -> Bool { from == other.from && to == other.to }
}

/// What a switchover does.
public enum SwitchoverPlan: Sendable, Hashable {
    /// The named node is the primary already.
    case nothing(primary: String)
    case move(SwitchoverMove)
    case refuse(SwitchoverRefusal)
}

/// What a switchover finds of another one: its constraint.
public struct SwitchoverTrace: Sendable, Hashable {
    public var target: String
    /// The node on which the command ran.
    public var starter: String
    /// When Pacemaker forgets the constraint, in epoch seconds.
    public var end: Int
    /// That time for people.
    public var until: String

    public init(target: String, starter: String, end: Int, until: String) {
        self.target = target
        self.starter = starter
        self.end = end
        self.until = until
    }
}

/// Decides whether the primary moves, and where to.
///
/// - Parameters:
///   - wanted: the node that the operator named; nil for the best.
///   - lagLimit: bytes of WAL that the target may have still to replay.
///   - trace: another switchover that may be under way; nil when none can be.
public func decideSwitchover(
    _ facts: OperatorFacts,
    wanted: String?,
    lagLimit: UInt64,
    trace: SwitchoverTrace?
) -> SwitchoverPlan {
    if let obstacle = facts.obstacle { return .refuse(.cluster(obstacle)) }
    guard let primary = facts.cluster.promotedNode() else { return .refuse(.noPrimary) }
    if let trace { return .refuse(.underWay(to: trace.target, begunOn: trace.starter, until: trace.until)) }
    if let wanted, sameName(wanted, primary) { return .nothing(primary: primary) }
    guard facts.status.serving.contains(where: { sameName($0.name, primary) }) else {
        return .refuse(.primaryUnclear(primary, why: facts.whyNotServing(primary)))
    }
    if facts.cluster.node(primary)?.isMaintenance ?? false { return .refuse(.cluster(.maintenance)) }
    let standbys = facts.status.nodes.filter { !sameName($0.name, primary) }
    let judged = standbys.map { (row: $0, obstacle: targetObstacle($0, facts, lagLimit: lagLimit)) }
    let able = judged.filter { $0.obstacle == nil }.map(\.row).sorted { isBetter($0, $1) }
    guard let wanted else {
        guard let best = able.first else {
            let obstacles = judged.compactMap { entry in entry.obstacle.map { (entry.row.name, $0) } }
            return .refuse(.nobody(primary: primary, Dictionary(obstacles) { first, _ in first }))
        }
        return .move(SwitchoverMove(from: primary, to: best))
    }
    guard let entry = judged.first(where: { sameName($0.row.name, wanted) }) else {
        return .refuse(.unknownNode(wanted, members: facts.status.nodes.map(\.name)))
    }
    if let obstacle = entry.obstacle {
        return .refuse(.target(entry.row.name, obstacle, others: able.map(\.name)))
    }
    return .move(SwitchoverMove(from: primary, to: entry.row))
}

extension SwitchoverMove {
    fileprivate init(from primary: String, to row: NodeStatus) {
        self.init(
            from: primary,
            to: row.name,
            lag: row.replayedLag?.value ?? 0,
            synchronousState: row.synchronousState?.value ?? "unknown"
        )
    }
}

extension OperatorFacts {
    fileprivate func whyNotServing(_ primary: String) -> String {
        guard let row = row(primary) else { return "node_list doesn't have it" }
        switch (row.role, row.activity) {
        case (.unknown(let why), _), (_, .unknown(let why)): return why
        case (.known(let role), .known(let activity)): return "it is \(describe(role)), \(describe(activity))"
        }
    }
}

/// What keeps a node from taking over; nil when nothing does.
func targetObstacle(_ row: NodeStatus, _ facts: OperatorFacts, lagLimit: UInt64) -> TargetObstacle? {
    switch row.membership {
    case .unknown(let why): return .unknown(why: why)
    case .known(.offline), .known(.lost): return .offline
    case .known(.standby): return .standbyMode
    case .known(.maintenance): return .maintenance
    case .known(.online): break
    }
    let failed = facts.cluster.node(row.name)?.failedResources ?? []
    guard failed.isEmpty else { return .failures(failed) }
    if let constraint = facts.ban(row.name) { return .banned(constraint) }
    switch row.role {
    case .unknown(let why): return .unknown(why: why)
    case .known(.primary), .known(.stopped), .known(.failed):
        return .notAStandby(row.role.value.map { describe($0) } ?? "")
    case .known(.standby): break
    }
    switch row.activity {
    case .unknown(let why): return .unknown(why: why)
    case .known(.streaming): break
    case .known(let activity): return .notStreaming(describe(activity))
    }
    return promotionObstacle(row, facts.status.mode) ?? lagObstacle(row, lagLimit)
}

private func promotionObstacle(_ row: NodeStatus, _ mode: ReplicationMode) -> TargetObstacle? {
    if mode == .sync {
        switch row.synchronousState {
        case .known("sync"), .known("quorum"): break
        case .known(let state): return .notSynchronous(state)
        case .unknown(let why): return .unknown(why: why)
        case nil: return .unknown(why: "the primary doesn't say whether commits wait for it")
        }
    }
    switch row.promotionScore {
    case .unknown(let why): return .unknown(why: why)
    case .known(let score):
        guard let score, score.isPromotable else { return .notPromotable(score: score?.text) }
        return nil
    }
}

private func lagObstacle(_ row: NodeStatus, _ limit: UInt64) -> TargetObstacle? {
    switch row.replayedLag {
    case .known(let bytes): return bytes > limit ? .lag(bytes, limit: limit) : nil
    case .unknown(let why): return .unknown(why: why)
    case nil: return .unknown(why: "how far it has replayed isn't known")
    }
}

/// The higher score goes first, then whoever has less to replay; of equals the first of `node_list`.
private func isBetter(_ left: NodeStatus, _ right: NodeStatus) -> Bool {
    let (leftScore, rightScore) = (scoreNumber(left), scoreNumber(right))
    guard leftScore == rightScore else { return leftScore > rightScore }
    return (left.replayedLag?.value ?? .max) < (right.replayedLag?.value ?? .max)
}

private func scoreNumber(_ row: NodeStatus) -> Int {
    guard case .known(.score(let number)?) = row.promotionScore else { return .min }
    return number
}

func describe(_ role: InstanceRole) -> String {
    switch role {
    case .primary: "a primary"
    case .standby: "a standby"
    case .stopped: "stopped"
    case .failed: "failed"
    }
}

func describe(_ activity: InstanceActivity) -> String {
    switch activity {
    case .running: "running"
    case .streaming: "streaming"
    case .catchingUp: "catching up"
    case .connecting: "connecting"
    case .disconnected: "not connected"
    case .starting: "starting"
    case .stopping: "stopping"
    case .stopped: "stopped"
    case .refusing: "refusing connections"
    case .hung: "hanging"
    case .failed: "failed"
    }
}
