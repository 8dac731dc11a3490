/// What people and location rules are told of a peer.
public struct PeerAttributes: Sendable, Hashable {
    public var dataStatus: DataStatus
    /// nil leaves the peer's own word.
    public var status: StatusValue?
    public var isCandidate: Bool

    public init(_ dataStatus: DataStatus, _ status: StatusValue?, isCandidate: Bool) {
        self.dataStatus = dataStatus
        self.status = status
        self.isCandidate = isCandidate
    }
}

/// Decides what the primary tells of a peer.
///
/// - Parameter isWaitedFor: whether the durable record names it among those that have every acknowledged commit.
public func decidePeerAttributes(_ link: PeerLink, mode: ReplicationMode, isWaitedFor: Bool) -> PeerAttributes {
    switch (link, mode, isWaitedFor) {
    // Rules that send readers to a synchronous standby must not find one that receives nothing any more.
    case (.none, _, _): PeerAttributes(.disconnected, .alone, isCandidate: false)
    case (.synchronous, .sync, true): PeerAttributes(.synchronous, .synchronous, isCandidate: true)
    case (.synchronous, .sync, false): PeerAttributes(.asynchronous, .asynchronous, isCandidate: false)
    case (.asynchronous, .sync, _): PeerAttributes(.asynchronous, .asynchronous, isCandidate: false)
    case (.potential, .sync, _): PeerAttributes(.other("STREAMING|POTENTIAL"), .potential, isCandidate: false)
    case (.asynchronous, .async, _), (.potential, .async, _):
        PeerAttributes(.asynchronous, .asynchronous, isCandidate: true)
    case (.synchronous, .async, _): PeerAttributes(.synchronous, .synchronous, isCandidate: true)
    case (.other(let text), _, _): PeerAttributes(.other(text), .connected, isCandidate: false)
    // Supervision runs in replicated modes only; outside them nobody is a candidate.
    case (_, .none, _), (_, .slave, _): PeerAttributes(.disconnected, nil, isCandidate: false)
    }
}

/// What is told of the peers: first what speaks against them, later what speaks for them.
func peerAttributes(
    _ links: [(node: String, link: PeerLink)],
    record: ClusterRecord,
    inEffect: SynchronousSet,
    senders: [WALSender],
    _ input: SupervisionInput
) -> (demotions: [ClusterEffect], promotions: [ClusterEffect]) {
    let (set, cluster) = (input.set, input.cluster)
    let ranks = rankCandidates(set, links: links, senders: senders, cluster: cluster)
    var demotions: [ClusterEffect] = []
    var promotions: [ClusterEffect] = []
    for (node, link) in links {
        let isWaitedFor = record.guarantee.count > 0 && record.guarantee.contains(node) && inEffect.contains(node)
        let told = decidePeerAttributes(link, mode: set.mode, isWaitedFor: isWaitedFor)
        let score = told.isCandidate ? PromotionScore.score(ranks[node] ?? 1) : .never
        let effects = peerAttributes(node, told, score, set: set, cluster: cluster)
        if told.isCandidate { promotions += effects } else { demotions += effects }
    }
    return (
        pending(demotions, in: cluster, resource: set.resource),
        pending(promotions, in: cluster, resource: set.resource)
    )
}

private func peerAttributes(
    _ node: String,
    _ record: PeerAttributes,
    _ score: PromotionScore,
    set: ReplicaSet,
    cluster: ClusterObservation
) -> [ClusterEffect] {
    guard let known = cluster.node(node) else { return [] }
    let status = attributeValue(.status, node: node, in: cluster, resource: set.resource)
    let hasScore = attributeValue(.score, node: node, in: cluster, resource: set.resource) != nil
    // A node that left, or whose instance was stopped, keeps its own last word.
    let isRunning =
        known.isOnline && status.map { $0 != StatusValue.stop.rawValue && $0 != StatusValue.unknown.rawValue } ?? false
    var effects: [ClusterEffect] = []
    if known.isOnline && hasScore && !score.isPromotable { effects.append(.set(.score, node: node, value: score.text)) }
    effects.append(.set(.dataStatus, node: node, value: record.dataStatus.text))
    guard isRunning else { return effects }
    if let word = record.status { effects.append(.set(.status, node: node, value: word.rawValue)) }
    if score.isPromotable { effects.append(.set(.score, node: node, value: score.text)) }
    return effects
}
