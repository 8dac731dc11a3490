/// What `pgrex-tool stop` stops.
public struct StopAction: Sendable, Hashable {
    public var scope: StopScope
    /// The nodes whose instances end, the primary first: it is the one whose checkpoint takes longest.
    public var nodes: [String]
    /// The primary among them; nil when it isn't.
    public var primary: String?
    /// `target-role` as it is set now.
    public var formerTargetRole: String?
    /// What a person is to know first; with any, the command asks.
    public var warnings: [StopWarning]

    public init(
        scope: StopScope,
        nodes: [String],
        primary: String?,
        formerTargetRole: String? = nil,
        warnings: [StopWarning]
    ) {
        self.scope = scope
        self.nodes = nodes
        self.primary = primary
        self.formerTargetRole = formerTargetRole
        self.warnings = warnings
    }

    /// Whether another plan stops the same with the same consequences.
    public func isSame(as other: StopAction) -> Bool { self == other }
}

/// What a stop does beside stopping.
public enum StopWarning: Sendable, Hashable {
    /// The primary stops, and the cluster promotes this node.
    case failsOver(primary: String, to: String)
    /// The primary stops, and nobody can take over.
    case nobodyTakesOver(primary: String)
    case everythingStops
    /// Commits wait for this standby alone: then for nobody.
    case commitsUnprotected(String)
    /// Commits wait for this standby alone, and with sync_strict until another one streams.
    case commitsWait(String)
    /// Other resources leave the node as well.
    case wholeNode(String)

    /// Whether it is asked before such a stop.
    public var asks: Bool {
        switch self {
        case .failsOver, .nobodyTakesOver, .everythingStops, .commitsUnprotected, .commitsWait: true
        case .wholeNode: false
        }
    }

    public var text: String {
        switch self {
        case .failsOver(let primary, let node):
            "\(primary) is the primary, and \(node) takes over. 'pgrex-tool switchover' first keeps the gap short and says "
                + "what it waits for."
        case .nobodyTakesOver(let primary):
            "\(primary) is the primary, and no standby can take over: nothing accepts writes until it is started again."
        case .everythingStops: "Every instance stops: nothing accepts writes or reads until 'pgrex-tool primary-start'."
        case .commitsUnprotected(let node):
            "\(node) is the only standby that commits wait for: from then on they are on the primary alone."
        case .commitsWait(let node):
            "\(node) is the only standby that commits wait for, and sync_strict is set: commits hang until another one streams."
        case .wholeNode(let node): "\(node) goes into standby mode: the cluster runs nothing else there either."
        }
    }
}

/// What a stop does.
public enum StopPlan: Sendable, Hashable {
    case nothing(StoppedAlready)
    case stop(StopAction)
    case refuse(StopRefusal)
}

/// Why there is nothing to stop.
public enum StoppedAlready: Sendable, Hashable {
    case node(String, StopMark)
    case all(StopMark)
    /// Each node by itself.
    case everyNode

    /// How it is started again.
    public func text(outerName: String) -> String {
        switch self {
        case .node(let node, .ours): "\(node) is stopped already. Start it again by 'pgrex-tool rejoin' there."
        case .node(let node, .foreign), .node(let node, .none):
            "\(node) is in standby mode already, not by this command. Start it again by 'crm node online \(node)'."
        case .all(.ours): "\(outerName) is stopped already. Start it again by 'pgrex-tool primary-start'."
        case .everyNode: "Every node is in standby mode already. Start the first by 'pgrex-tool primary-start' there."
        case .all(.foreign), .all(.none):
            "\(outerName) is stopped already, not by this command. Start it again by 'crm resource start \(outerName)'."
        }
    }
}

/// Why nothing is stopped, with the next command.
public enum StopRefusal: Error, Sendable, Hashable {
    case cluster(OperatorObstacle)
    case unknownNode(String, members: [String])
    case offline(String)
    case nodeMaintenance(String)
    case changed

    public var text: String {
        switch self {
        case .cluster(let obstacle): obstacle.text
        case .unknownNode(let node, let members): "no node \"\(node)\": there are \(members.joined(separator: ", "))"
        case .offline(let node):
            "\(node) is offline, and runs nothing that could be stopped. HINT: 'pgrex-tool status'."
        case .nodeMaintenance(let node):
            "\(node) is in maintenance mode, and the cluster stops nothing there. HINT: 'crm node ready \(node)'."
        case .changed: "the nodes aren't as they were when the question was asked. HINT: Run the command again."
        }
    }
}

/// Decides what a stop of one node does.
public func decideStop(node wanted: String, _ facts: OperatorFacts) -> StopPlan {
    if let obstacle = facts.obstacle { return .refuse(.cluster(obstacle)) }
    guard let row = facts.row(wanted), let node = facts.cluster.node(wanted) else {
        return .refuse(.unknownNode(wanted, members: facts.status.nodes.map(\.name)))
    }
    guard node.isOnline else { return .refuse(.offline(row.name)) }
    guard !node.isMaintenance else { return .refuse(.nodeMaintenance(row.name)) }
    switch standbyMark(of: node, resource: facts.status.resource) {
    case .none: break
    case .ours(let note): return .nothing(.node(row.name, .ours(note)))
    case .foreign: return .nothing(.node(row.name, .foreign))
    }
    let isPrimary = facts.cluster.promotedNodes.contains { sameName($0, row.name) }
    return .stop(
        StopAction(
            scope: .node,
            nodes: [row.name],
            primary: isPrimary ? row.name : nil,
            warnings: (isPrimary ? [lossOfPrimary(row.name, facts)] : lossOfStandby(row, facts)) + [
                .wholeNode(row.name)
            ]
        )
    )
}

/// Decides what a stop of the whole resource does.
///
/// The primary ends first, while its standbys still stream: its shutdown waits until they have all that it has written, so
/// that all end at one place, and each could be the next primary. Stopping the standbys first, as one stops nodes one by
/// one, would leave the last commits on the primary alone.
public func decideStopOfAll(_ facts: OperatorFacts) -> StopPlan {
    if let obstacle = facts.obstacle { return .refuse(.cluster(obstacle)) }
    switch targetRoleMark(facts.targetRole, cluster: facts.cluster, resource: facts.status.resource) {
    case .none: break
    case .ours(let note): return .nothing(.all(.ours(note)))
    case .foreign: return .nothing(.all(.foreign))
    }
    let primary = facts.cluster.promotedNode()
    let members = facts.status.nodes.map(\.name).filter { name in
        facts.cluster.node(name).map { $0.isOnline && !$0.isInStandbyMode } ?? false
    }
    guard !members.isEmpty else { return .nothing(.everyNode) }
    let others = members.filter { name in primary.map { !sameName($0, name) } ?? true }
    return .stop(
        StopAction(
            scope: .all,
            nodes: (primary.map { [$0] } ?? []) + others,
            primary: primary,
            formerTargetRole: facts.targetRole,
            warnings: [.everythingStops]
        )
    )
}

private func lossOfPrimary(_ primary: String, _ facts: OperatorFacts) -> StopWarning {
    // Whatever it has to replay: the cluster doesn't ask that.
    switch decideSwitchover(facts, wanted: nil, lagLimit: .max, trace: nil) {
    case .move(let move): .failsOver(primary: primary, to: move.to)
    case .nothing, .refuse: .nobodyTakesOver(primary: primary)
    }
}

private func lossOfStandby(_ row: NodeStatus, _ facts: OperatorFacts) -> [StopWarning] {
    guard facts.status.mode == .sync, isSynchronous(row) else { return [] }
    // One that streams takes its place, unless it is alone.
    let isReplaced = facts.status.standbys.contains { other in
        !sameName(other.name, row.name) && other.activity == .known(.streaming)
    }
    guard !isReplaced else { return [] }
    return [facts.isStrict ? .commitsWait(row.name) : .commitsUnprotected(row.name)]
}

private func isSynchronous(_ row: NodeStatus) -> Bool {
    switch row.synchronousState {
    case .known(let state): state == "sync" || state == "quorum"
    case .unknown: true
    case nil: false
    }
}
