/// How far a switchover has come: what a failure names.
public enum SwitchoverStage: String, Sendable, Hashable, CaseIterable, Comparable {
    /// The primary writes a checkpoint, so that its shutdown is short.
    case checkpoint
    /// The cluster is asked to move the promoted role.
    case asking
    /// The former primary shuts down, and comes up as a standby.
    case demoting
    case promoting
    /// The new primary is to accept writes.
    case opening
    /// The former primary is to stream from the new one.
    case following
    /// It is given up: what was asked is taken back, and the cluster finishes what it has begun.
    case takingBack

    private var order: Int {
        switch self {
        case .checkpoint: 0
        case .asking: 1
        case .demoting: 2
        case .promoting: 3
        case .opening: 4
        case .following: 5
        case .takingBack: 6
        }
    }

    public static func < (left: SwitchoverStage, right: SwitchoverStage) -> Bool { left.order < right.order }

    /// What is waited for in it.
    public func text(_ move: SwitchoverMove) -> String {
        switch self {
        case .checkpoint: "\(move.from) writes a checkpoint"
        case .asking: "the cluster is asked to promote \(move.to)"
        case .demoting: "\(move.from) is demoted"
        case .promoting: "\(move.to) is promoted"
        case .opening: "\(move.to) accepts writes"
        case .following: "\(move.from) follows \(move.to)"
        case .takingBack: "what was asked is taken back, and the cluster settles"
        }
    }
}

/// What was seen of a switchover under way.
public struct SwitchoverView: Sendable, Hashable {
    /// The nodes in the promoted role by the cluster's operation history.
    public var promoted: [String]
    /// Whether the target's last operation failed, or it has failures that the cluster counts.
    public var hasTargetFailed: Bool
    /// Whether the target's instance said that it isn't in recovery.
    public var acceptsWrites: Bool

    public init(promoted: [String], hasTargetFailed: Bool, acceptsWrites: Bool) {
        self.promoted = promoted
        self.hasTargetFailed = hasTargetFailed
        self.acceptsWrites = acceptsWrites
    }
}

/// What comes next in a switchover under way.
public enum SwitchoverTurn: Sendable, Hashable {
    case wait(SwitchoverStage)
    /// The target accepts writes.
    case open
    /// It won't come to that: another node is the primary, or the target has failed.
    case failed(SwitchoverStage, SwitchoverMishap)
}

/// Why a switchover under way ends.
public enum SwitchoverMishap: Sendable, Hashable {
    case targetFailed
    /// Another node was promoted instead.
    case promotedInstead(String)
    case timedOut
    case interrupted
    /// A command of the cluster failed.
    case command(String)

    public func text(_ move: SwitchoverMove) -> String {
        switch self {
        case .targetFailed: "\(move.to) has failed"
        case .promotedInstead(let node): "the cluster has promoted \(node) instead of \(move.to)"
        case .timedOut: "not within its time"
        case .interrupted: "interrupted"
        case .command(let why): why
        }
    }
}

/// Goes by what the cluster and the target tell.
///
/// - Parameter former: the stage that was reached before: once the primary was demoted, its return to that role is a
///   failure.
public func followSwitchover(
    _ move: SwitchoverMove,
    _ view: SwitchoverView,
    after former: SwitchoverStage
) -> SwitchoverTurn {
    let isTargetPromoted = view.promoted.contains { sameName($0, move.to) }
    if isTargetPromoted { return view.acceptsWrites ? .open : .wait(.opening) }
    if view.hasTargetFailed { return .failed(max(former, .demoting), .targetFailed) }
    guard let primary = view.promoted.first else { return .wait(.promoting) }
    guard sameName(primary, move.from), former < .promoting else {
        return .failed(.promoting, .promotedInstead(primary))
    }
    return .wait(.demoting)
}

/// Whether Pacemaker leaves the promoted role where it is without being told to: no other node has as high a score.
public func isHeldByScore(_ node: String, _ cluster: ClusterObservation, resource: String) -> Bool {
    let score = { (name: String) -> Int in
        guard
            case .score(let number)? = attributeValue(.score, node: name, in: cluster, resource: resource)
                .flatMap({ PromotionScore($0) })
        else { return .min }
        return number
    }
    let own = score(node)
    return own > 0 && cluster.nodes.allSatisfy { sameName($0.name, node) || score($0.name) < own }
}

/// A node's standing as a clause: "it is a standby, connecting".
public func standingText(_ role: InstanceRole, _ activity: InstanceActivity) -> String {
    role == .standby || role == .primary
        ? "it is \(describe(role)), \(describe(activity))" : "it is \(describe(activity))"
}
