/// The ballots of all members.
///
/// - Parameters:
///   - positions: what the nodes have published, each once.
///   - own: a node whose position is as it is now, whatever the cluster records of it; nil for none.
///   - isPatient: whether nodes that haven't told their position are waited for still: those that are here and,
///     while nothing was ever recorded, all.
public func ballots(
    _ set: ReplicaSet,
    positions: [NodePosition],
    own: String?,
    cluster: ClusterObservation,
    isPatient: Bool
) -> [Ballot] {
    let newest = positions.compactMap(\.position.seen).max()
    return set.members.map { member in
        let node = cluster.node(member)
        let told = positions.first { sameName($0.node, member) }?.position
        if let told, let own, sameName(member, own) { return Ballot(node: member, isAwaited: false, position: told) }
        let mayCome = node.map { mayTakePart($0, resource: set.resource) } ?? false
        let isHere = node.map { $0.isOnline && $0.resourceRole != .failed } ?? false
        return Ballot(
            node: member,
            isAwaited: isPatient && (mayCome || newest == nil),
            position: isHere ? told.flatMap { isRecent($0, newest) ? $0 : nil } : nil,
            told: node?.isOnline ?? false ? told : nil
        )
    }
}

/// Whether a candidate is the one to be chosen by what is published alone, of nodes that are all taken for present: who
/// needn't change that needn't look at the cluster as well.
///
/// - Parameters:
///   - positions: what the nodes have published, the one that asks included.
///   - record: the newest that the one that asks has a copy of.
public func isChosen(
    _ candidate: String,
    _ set: ReplicaSet,
    positions: [NodePosition],
    record: ClusterRecord?
) -> Bool {
    let newest = positions.compactMap(\.position.seen).max()
    let ballots = set.members.map { member in
        let told = positions.first { sameName($0.node, member) }?.position
        return Ballot(
            node: member,
            isAwaited: false,
            position: told.flatMap { isRecent($0, newest) ? $0 : nil },
            told: told
        )
    }
    guard case .chosen(let node, _) = choosePrimary(ballots, record: record, mode: set.mode, preferred: candidate)
    else { return false }
    return sameName(node, candidate)
}

extension [NodePosition] {
    /// With one node's position in the place of what it has published before.
    public func with(_ node: String, _ position: PublishedPosition) -> [NodePosition] {
        filter { !sameName($0.node, node) } + [NodePosition(node: node, position: position)]
    }
}

/// Whether a node's instance runs, or may be started in a moment.
private func mayTakePart(_ node: ClusterNode, resource: String) -> Bool {
    guard node.isOnline, !node.isInStandbyMode else { return false }
    switch node.resourceRole {
    case .promoted, .unpromoted, .unknown: return true
    case .failed: return false
    // One that failed stays down until an operator has looked at it.
    case .stopped: return !node.transientAttributes.keys.contains { $0.hasPrefix("fail-count-" + resource + "#") }
    }
}

/// A node that may still be the primary, and send WAL: what a standby tells of its position is old in a moment.
public func undecidedNode(_ set: ReplicaSet, cluster: ClusterObservation) -> String? {
    guard cluster.properties.isFencingEnabled else { return nil }
    return set.members.first { cluster.node($0)?.isUndecided ?? false }
}

/// Whether a position was published since the last promotion: each is recorded, so that an older one has seen less.
private func isRecent(_ position: PublishedPosition, _ newest: RecordStamp?) -> Bool {
    guard let newest else { return true }
    return position.seen.map { $0 >= newest } ?? false
}

/// The node that Pacemaker would promote now: the one with the best score; nil when nobody may be promoted.
public func promotableNode(_ set: ReplicaSet, cluster: ClusterObservation) -> String? {
    let scores = set.members.compactMap { member -> (node: String, score: Int)? in
        guard let node = cluster.node(member), node.isOnline, ![.stopped, .failed].contains(node.resourceRole),
            let text = attributeValue(.score, node: member, in: cluster, resource: set.resource),
            case .score(let number)? = PromotionScore(text), number > 0
        else { return nil }
        return (member, number)
    }
    return scores.max { $0.score < $1.score }?.node
}

/// What an election's outcome changes of the scores.
///
/// - Parameter candidate: the node that Pacemaker would promote now. The chosen one must outdo it: whoever sees that first
///   says so, as all see the same.
public func concludeElection(
    _ outcome: ElectionOutcome,
    _ set: ReplicaSet,
    cluster: ClusterObservation,
    candidate: String?
) -> [ClusterEffect] {
    var scores: [(node: String, score: PromotionScore)] = []
    switch (outcome, candidate) {
    case (.chosen(let node, _), nil):
        scores = [(set.ownNode, sameName(node, set.ownNode) ? .primary : .never)]
    case (.chosen(let node, _), let candidate?):
        // A candidate that is chosen stays as it is: a new score would only abort the transition.
        // One that isn't mustn't win by where it is preferred to run.
        if !sameName(node, candidate) { scores = [(node, .primary), (candidate, .never)] }
    case (.lacking, _), (.foreign, _), (.forked, _):
        scores = ([candidate].compactMap { $0 } + [set.ownNode]).map { ($0, .never) }
    // Whoever was found promotable before the primary was lost stays so while the others are awaited.
    case (.awaiting, _): break
    }
    let effects = scores.map { ClusterEffect.set(.score, node: $0.node, value: $0.score.text) }
    return pending(unique(effects), in: cluster, resource: set.resource)
}

private func unique(_ effects: [ClusterEffect]) -> [ClusterEffect] {
    effects.enumerated().filter { index, effect in !effects[..<index].contains(effect) }.map(\.element)
}
