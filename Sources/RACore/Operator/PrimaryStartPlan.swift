/// What `pgrex-tool primary-start` goes by.
public struct PrimaryStartFacts: Sendable, Equatable {
    /// The node on which it runs.
    public var node: String
    public var facts: OperatorFacts
    /// How the choice of a primary stands; nil while one runs.
    public var election: ElectionOutcome?
    public var record: ClusterRecord?

    public init(node: String, facts: OperatorFacts, election: ElectionOutcome? = nil, record: ClusterRecord? = nil) {
        self.node = node
        self.facts = facts
        self.election = election
        self.record = record
    }
}

/// What is taken back and cleared, so that the cluster starts and promotes by itself.
public struct PrimaryStartAction: Sendable, Hashable {
    /// The nodes that `stop` put into standby mode and that are started again: this one.
    public var nodesToRelease: [String]
    /// What `stop --all` noted; nil when the resource isn't stopped.
    public var stopOfAll: StopNote?
    /// Whether this node has failures of the resource that the cluster is to forget.
    public var clearsFailures: Bool
    /// By the record; nil when nothing is recorded.
    public var lastPrimary: String?

    public init(
        nodesToRelease: [String] = [],
        stopOfAll: StopNote? = nil,
        clearsFailures: Bool = false,
        lastPrimary: String? = nil
    ) {
        self.nodesToRelease = nodesToRelease
        self.stopOfAll = stopOfAll
        self.clearsFailures = clearsFailures
        self.lastPrimary = lastPrimary
    }

    /// Whether only time is needed.
    public var isOnlyWaiting: Bool { nodesToRelease.isEmpty && stopOfAll == nil && !clearsFailures }
}

/// What starting a primary takes.
public enum PrimaryStartPlan: Sendable, Hashable {
    /// This node is the primary.
    case nothing
    case start(PrimaryStartAction)
    case refuse(PrimaryStartRefusal)
}

/// Why nothing is started, with the next command.
public enum PrimaryStartRefusal: Error, Sendable, Hashable {
    case cluster(OperatorObstacle)
    case notAMember(String, members: [String])
    case otherPrimary(String, node: String)
    case standbyMode(String)
    case nodeMaintenance(String)
    case banned(String, constraint: String)
    /// Set by somebody else, who alone knows why.
    case targetRole(String, outerName: String)
    /// The cluster chooses another node, which has everything.
    case othersTurn(String, node: String)
    /// Nobody is promoted by itself: acknowledged commits may be elsewhere.
    case undecided(String)

    public var text: String {
        switch self {
        case .cluster(let obstacle): obstacle.text
        case .notAMember(let node, let members):
            "\(node) isn't in node_list, which has \(members.joined(separator: ", "))"
        case .otherPrimary(let primary, let node):
            "\(primary) is the primary already. HINT: 'pgrex-tool rejoin' makes \(node) its standby; 'pgrex-tool switchover "
                + "\(node)' then makes it the primary."
        case .standbyMode(let node):
            "\(node) is in standby mode, not by 'pgrex-tool stop'. HINT: 'crm node online \(node)', if whoever did that agrees."
        case .nodeMaintenance(let node): "\(node) is in maintenance mode. HINT: 'crm node ready \(node)'."
        case .banned(let node, let constraint):
            "constraint \"\(constraint)\" keeps the primary away from \(node). HINT: 'crm configure delete \(constraint)', if "
                + "whoever set it agrees."
        case .targetRole(let value, let outerName):
            "target-role of \(outerName) is \"\(value)\", not by 'pgrex-tool stop'. HINT: 'crm resource start \(outerName)', if "
                + "whoever did that agrees."
        case .othersTurn(let other, let node):
            "\(other) has everything, \(node) has no more, and the cluster promotes \(other) by itself. HINT: 'pgrex-tool status "
                + "--watch' shows it; 'pgrex-tool switchover \(node)' follows then."
        case .undecided(let why):
            "nobody is promoted: \(why). HINT: 'pgrex-tool failover --dry-run' says what would be lost without them."
        }
    }
}

/// Decides how the resource gets a primary, here if nobody has more.
///
/// Nothing is forced: what was stopped is started, and the nodes choose by the record and their positions.
public func decidePrimaryStart(_ input: PrimaryStartFacts) -> PrimaryStartPlan {
    let facts = input.facts
    if let obstacle = facts.obstacle { return .refuse(.cluster(obstacle)) }
    if let primary = facts.cluster.promotedNode() ?? facts.status.serving.first?.name {
        return sameName(primary, input.node) ? .nothing : .refuse(.otherPrimary(primary, node: input.node))
    }
    guard let row = facts.row(input.node), let node = facts.cluster.node(input.node) else {
        return .refuse(.notAMember(input.node, members: facts.status.nodes.map(\.name)))
    }
    if node.isMaintenance { return .refuse(.nodeMaintenance(row.name)) }
    if let constraint = facts.ban(row.name) { return .refuse(.banned(row.name, constraint: constraint)) }
    var action = PrimaryStartAction(
        clearsFailures: node.resourceRole == .failed || node.failedResources.contains(facts.status.resource),
        lastPrimary: input.record.flatMap { $0.primary.isEmpty ? nil : $0.primary }
    )
    switch standbyMark(of: node, resource: facts.status.resource) {
    case .none: break
    case .ours: action.nodesToRelease = [row.name]
    case .foreign: return .refuse(.standbyMode(row.name))
    }
    switch targetRoleMark(facts.targetRole, cluster: facts.cluster, resource: facts.status.resource) {
    case .none: break
    case .ours(let note): action.stopOfAll = note
    case .foreign: return .refuse(.targetRole(facts.targetRole ?? "", outerName: facts.outerName))
    }
    // What isn't started yet hasn't told where it is: the choice is made afterwards.
    guard action.isOnlyWaiting, let election = input.election else { return .start(action) }
    return judge(election, input, action)
}

/// Of those that the choice lacks the nodes that are here and whose instances the cluster may be starting; nil when none is.
public func nodesToCome(_ election: ElectionOutcome, _ facts: OperatorFacts) -> [String]? {
    switch election {
    case .lacking(let nodes), .awaiting(let nodes):
        let coming = nodes.filter { name in
            guard let node = facts.cluster.node(name) else { return false }
            return node.isOnline && !node.isInStandbyMode && node.resourceRole != .failed
        }
        return coming.isEmpty ? nil : coming
    case .chosen, .foreign, .forked: return nil
    }
}

private func judge(
    _ election: ElectionOutcome,
    _ input: PrimaryStartFacts,
    _ action: PrimaryStartAction
) -> PrimaryStartPlan {
    switch election {
    case .awaiting: .start(action)
    case .chosen(let node, _):
        sameName(node, input.node) ? .start(action) : .refuse(.othersTurn(node, node: input.node))
    // They start already: time may do.
    case .lacking where nodesToCome(election, input.facts) != nil: .start(action)
    case .lacking, .foreign, .forked: .refuse(.undecided(describe(election, record: input.record)))
    }
}
