/// What a promotion would give up that no record proves to be safe.
public struct LossPlan: Sendable, Equatable {
    /// The node that is to be promoted.
    public var candidate: String
    public var position: PublishedPosition
    /// Whose data may have acknowledged commits that the candidate lacks.
    public var givenUp: [String]
    /// Of those, what is known of where they are: they are here, and went another way, or couldn't be started.
    public var told: [NodePosition]
    /// Why the cluster doesn't promote anybody by itself.
    public var obstacle: ElectionOutcome
    /// The record that makes the cluster promote the candidate.
    public var record: ClusterRecord

    /// What an operator who agreed to an earlier plan doesn't know; nil when this one gives up the same, and no more of it.
    public func news(since agreed: LossPlan) -> String? {
        if candidate != agreed.candidate {
            return "\(candidate), on \(position.position), would be promoted now, not \(agreed.candidate), on "
                + "\(agreed.position.position)"
        }
        // Whoever was it meanwhile may have acknowledged commits that nobody was told of.
        if record.term != agreed.record.term { return "another was about to be the primary meanwhile" }
        if givenUp != agreed.givenUp {
            return "\(names(givenUp)) would be given up now, not \(names(agreed.givenUp))"
        }
        let known = agreed.told.map(\.node)
        if let newcomer = told.first(where: { !known.contains($0.node) }) { return "\(newcomer.node) is here now" }
        if obstacle != agreed.obstacle { return "nobody is promoted for another reason now" }
        guard position.systemIdentifier == agreed.position.systemIdentifier,
            position.position >= agreed.position.position, isContinued(agreed.position, by: position)
        else {
            return "\(candidate) is on \(position.position) now, not on \(agreed.position.position)"
        }
        return nil
    }

    private func names(_ nodes: [String]) -> String { nodes.isEmpty ? "nobody" : nodes.joined(separator: ", ") }
}

/// Why there is nothing to accept, or nothing to promote.
public enum LossRefusal: Error, Sendable, Equatable {
    case primaryRuns(String)
    case noQuorum
    /// The cluster is about to promote a node by itself.
    case needless(String)
    /// It may still be the primary.
    case notFenced(String)
    case nobodyIsHere
    case notACandidate(String, here: [String])
    /// What was agreed to isn't what is found now.
    case changed(String)
    /// Of several that went different ways, or come from different database systems, the operator must choose.
    case mustChoose([String])

    /// One clause; names the next command.
    public var text: String {
        switch self {
        case .primaryRuns(let node): "\(node) runs as the primary: there is nothing to fail over"
        case .noQuorum:
            "this partition has no quorum: bring a majority of the nodes up first; when that can't be, make sure that the "
                + "others are off, then 'corosync-cmapctl -s quorum.cancel_wait_for_all u8 1'"
        case .needless(let node):
            "\(node) has everything, and the cluster promotes it by itself: 'pgrex-tool status --watch'"
        case .notFenced(let node):
            "\(node) is lost and not fenced, and may still be the primary: nobody is promoted before. Make sure that it is off, "
                + "then 'stonith_admin --confirm \(node)'"
        case .nobodyIsHere:
            "no standby runs that has told its position: 'pgrex-tool status' shows the nodes; one that the cluster waits to "
                + "fence is given up by 'stonith_admin --confirm <node>' once it is surely off"
        case .notACandidate(let node, let here):
            here.isEmpty
                ? "no standby runs on \(node)"
                : "no standby runs on \(node): choose among \(here.joined(separator: ", "))"
        case .changed(let news):
            "the nodes aren't as they were when the question was asked (\(news)): run the command again"
        case .mustChoose(let nodes):
            "the data of \(nodes.joined(separator: " and ")) went different ways, or belong to different database systems: "
                + "name the node that is to be promoted"
        }
    }
}

/// Plans a promotion that an operator wants although acknowledged commits may be elsewhere.
///
/// - Parameters:
///   - positions: what the nodes that are here have published.
///   - wanted: the node that the operator named; nil for the furthest.
///   - agreed: whom the operator has agreed to: of several that are as far it goes first, whoever else has come since.
public func planLoss(
    _ set: ReplicaSet,
    positions: [NodePosition],
    record: ClusterRecord?,
    cluster: ClusterObservation,
    wanted: String?,
    agreed: String? = nil
) -> Result<LossPlan, LossRefusal> {
    if let primary = cluster.promotedNode() { return .failure(.primaryRuns(primary)) }
    guard cluster.actsWithQuorum else { return .failure(.noQuorum) }
    if let lost = undecidedNode(set, cluster: cluster) { return .failure(.notFenced(lost)) }
    let here = candidates(set, positions: positions, cluster: cluster)
    guard !here.isEmpty else { return .failure(.nobodyIsHere) }
    let outcome = electionOutcome(set, positions: positions, record: record, cluster: cluster)
    if case .chosen(let node, _) = outcome { return .failure(.needless(node)) }
    let chosen: NodePosition
    switch choose(wanted, agreed, among: here, outcome, record) {
    case .failure(let refusal): return .failure(refusal)
    case .success(let choice): chosen = choice
    }
    let givenUp = givenUp(by: chosen, outcome, set, here)
    return .success(
        LossPlan(
            candidate: chosen.node,
            position: chosen.position,
            givenUp: givenUp,
            told: positions.filter { told in givenUp.contains { sameName($0, told.node) } },
            obstacle: outcome,
            record: acceptingRecord(of: chosen, after: record, positions)
        )
    )
}

/// The node that the operator named; without a name the furthest, where that can be told.
private func choose(
    _ wanted: String?,
    _ agreed: String?,
    among here: [NodePosition],
    _ outcome: ElectionOutcome,
    _ record: ClusterRecord?
) -> Result<NodePosition, LossRefusal> {
    if let wanted {
        guard let named = here.first(where: { sameName($0.node, wanted) }) else {
            return .failure(.notACandidate(wanted, here: here.map(\.node)))
        }
        return .success(named)
    }
    switch outcome {
    case .forked(let node, let best): return .failure(.mustChoose([best, node]))
    case .foreign: return .failure(.mustChoose(here.map(\.node)))
    case .chosen, .awaiting, .lacking: break
    }
    // Positions in another database system can't be compared with.
    let related = here.filter { told in record?.systemIdentifier.map { $0 == told.position.systemIdentifier } ?? true }
    let end = related.map(\.position.position).max()
    let furthest = related.filter { $0.position.position == end }
    let known = furthest.first { told in agreed.map { sameName($0, told.node) } ?? false }
    // Of several that are as far the first, so that each look finds the same one.
    return (known ?? furthest.first).map { .success($0) } ?? .failure(.mustChoose(here.map(\.node)))
}

/// How the choice of a primary stands, as the nodes themselves would see it now.
public func electionOutcome(
    _ set: ReplicaSet,
    positions: [NodePosition],
    record: ClusterRecord?,
    cluster: ClusterObservation
) -> ElectionOutcome {
    choosePrimary(
        ballots(set, positions: positions, own: nil, cluster: cluster, isPatient: false),
        record: record,
        mode: set.mode
    )
}

/// The standbys that run and have told their positions.
private func candidates(
    _ set: ReplicaSet,
    positions: [NodePosition],
    cluster: ClusterObservation
) -> [NodePosition] {
    set.members.compactMap { member in
        guard let node = cluster.node(member), node.isOnline, node.resourceRole != .failed,
            node.resourceRole != .stopped
        else { return nil }
        return positions.first { sameName($0.node, member) && $0.position.isRunning }
    }
}

/// Whose data may hold what the chosen node's don't: those who aren't here, and of those who are whoever is further, went
/// another way, or has another database system.
private func givenUp(
    by chosen: NodePosition,
    _ outcome: ElectionOutcome,
    _ set: ReplicaSet,
    _ here: [NodePosition]
) -> [String] {
    let missing: [String]
    switch outcome {
    case .lacking(let nodes), .awaiting(let nodes): missing = nodes
    case .chosen, .foreign, .forked: missing = []
    }
    return set.members.filter { member in
        guard !sameName(member, chosen.node) else { return false }
        guard let told = here.first(where: { sameName($0.node, member) })?.position else {
            return missing.contains { sameName($0, member) }
        }
        return told.systemIdentifier != chosen.position.systemIdentifier || told.position > chosen.position.position
            || !isContinued(told, by: chosen.position)
    }
}

/// The record that makes the nodes choose this one.
private func acceptingRecord(
    of chosen: NodePosition,
    after record: ClusterRecord?,
    _ positions: [NodePosition]
) -> ClusterRecord {
    let seen = (positions.compactMap(\.position.seen) + [record?.stamp].compactMap { $0 }).max()
    return ClusterRecord(
        primary: chosen.node,
        systemIdentifier: chosen.position.systemIdentifier,
        history: chosen.position.history,
        lsn: chosen.position.lsn,
        term: (seen?.term ?? 0) + 1,
        isLossAccepted: true
    )
}
