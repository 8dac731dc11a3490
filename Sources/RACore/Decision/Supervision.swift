/// Decides what the running primary changes: its own record, its peers' records, and whom commits wait for.
///
/// The order keeps S2 when the agent is killed between any two effects: a standby that commits no longer wait for is
/// recorded as not promotable first, and the record is seen in the cluster before anything else is decided; a standby is
/// recorded as promotable only once it is seen to be synchronous.
/// Reference for the values: heartbeat/pgsql, attributes `-status`, `-data-status` and the promotion score.
/// - Parameter barrier: a position that the WAL had reached when `server`'s setting was in effect already: commits before
///   it may not have waited for anybody, so that a standby counts as synchronous once it has flushed so far. nil when no
///   such position is known.
/// - Parameter isPromotedHere: whether the agent promoted this very server; see `isTruePrimary`.
public func decideSupervision(
    _ set: ReplicaSet,
    server: ServerFacts,
    cluster: ClusterObservation,
    barrier: LSN?,
    isPromotedHere: Bool
) -> [ClusterEffect] {
    // A server that came up as primary by itself, at boot or by hand, mustn't call the true primary cut off.
    guard isTruePrimary(set, cluster: cluster, isPromotedHere: isPromotedHere) else { return [] }
    let own = ownRecord(set)
    guard let senders = server.senders.value,
        let inEffect = SynchronousSet.names(inSetting: server.synchronousStandbyNames),
        mayRecord(inEffect: inEffect, cluster: cluster)
    else { return pending(own, in: cluster, resource: set.resource) }
    let links = set.peers.map { (node: $0, link: link(to: $0, senders: senders, cluster: cluster)) }
    let wanted = decideSynchronousSet(set, links: links, inEffect: inEffect, senders: senders)
    let ranks = rankCandidates(set, links: links, senders: senders, cluster: cluster)
    var demotions: [ClusterEffect] = []
    var promotions: [ClusterEffect] = []
    for (node, link) in links {
        let isWaitedFor =
            wanted.contains(node) && inEffect.contains { sameName($0, node) }
            && (isRecordedSynchronous(node, set, cluster) || hasReached(barrier, node, senders))
        let record = decidePeerRecord(link, mode: set.mode, isWaitedFor: isWaitedFor)
        let score = record.isCandidate ? PromotionScore.score(ranks[node] ?? 1) : .never
        let effects = peerEffects(node, record, score, set: set, cluster: cluster)
        if record.isCandidate { promotions += effects } else { demotions += effects }
    }
    let change: [ClusterEffect] =
        set.mode == .sync && wanted.setting != server.synchronousStandbyNames ? [.waitFor(wanted)] : []
    let recorded = pending(own + demotions, in: cluster, resource: set.resource)
    // What the cluster doesn't show yet isn't recorded: commits stop waiting for a standby only once it does.
    guard pending(demotions, in: cluster, resource: set.resource).isEmpty else { return recorded }
    return recorded + change + pending(promotions, in: cluster, resource: set.resource)
}

/// The peers that commits wait for and that are recorded as synchronous once they have reached a barrier.
public func standbysToConfirm(_ set: ReplicaSet, server: ServerFacts, cluster: ClusterObservation) -> [String] {
    guard set.mode == .sync, let senders = server.senders.value,
        let inEffect = SynchronousSet.names(inSetting: server.synchronousStandbyNames)
    else { return [] }
    return set.peers.filter { node in
        inEffect.contains { sameName($0, node) } && link(to: node, senders: senders, cluster: cluster) == .synchronous
            && !isRecordedSynchronous(node, set, cluster)
    }
}

/// Whether a peer's standby has flushed the WAL up to a position.
public func hasReached(_ barrier: LSN?, _ node: String, _ senders: [WALSender]) -> Bool {
    guard let barrier else { return false }
    return senders.contains { sender in
        sameName(sender.applicationName, node) && sender.isStreaming && sender.flushedLSN.map { $0 >= barrier } ?? false
    }
}

private func isRecordedSynchronous(_ node: String, _ set: ReplicaSet, _ cluster: ClusterObservation) -> Bool {
    DataStatus(attributeValue(.dataStatus, node: node, in: cluster, resource: set.resource)) == .synchronous
}

/// Whether what this node records reaches whoever promotes another.
///
/// A partition without quorum records for itself only. And a standby that was lost but isn't yet known to be down may be
/// about to be promoted, by the record that commits wait for it: until it is fenced, they do.
private func mayRecord(inEffect: [String], cluster: ClusterObservation) -> Bool {
    guard cluster.actsWithQuorum else { return false }
    guard cluster.properties.isFencingEnabled else { return true }
    return !inEffect.contains { cluster.node($0)?.isUnclean ?? false }
}

/// How a peer is connected; one that the cluster knows to be down isn't, whatever its connection still looks like: the
/// server takes a minute to find out (`wal_sender_timeout`).
private func link(to node: String, senders: [WALSender], cluster: ClusterObservation) -> PeerLink {
    if let known = cluster.node(node), !known.isOnline, !known.isUnclean { return .none }
    return PeerLink(node: node, senders: senders)
}

private func ownRecord(_ set: ReplicaSet) -> [ClusterEffect] {
    [
        .set(.dataStatus, node: set.ownNode, value: DataStatus.latest.text),
        .set(.status, node: set.ownNode, value: StatusValue.primary.rawValue),
        .set(.score, node: set.ownNode, value: PromotionScore.primary.text),
    ]
}

/// What is recorded of a peer.
public struct PeerRecord: Sendable, Hashable {
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

/// Decides what the primary records of a peer.
///
/// - Parameter isWaitedFor: whether commits wait for it before and after this supervision's change.
public func decidePeerRecord(_ link: PeerLink, mode: ReplicationMode, isWaitedFor: Bool) -> PeerRecord {
    switch (link, mode, isWaitedFor) {
    case (.none, _, _): PeerRecord(.disconnected, nil, isCandidate: false)
    case (.synchronous, .sync, true): PeerRecord(.synchronous, .synchronous, isCandidate: true)
    case (.synchronous, .sync, false): PeerRecord(.asynchronous, .asynchronous, isCandidate: false)
    case (.asynchronous, .sync, _): PeerRecord(.asynchronous, .asynchronous, isCandidate: false)
    case (.potential, .sync, _): PeerRecord(.other("STREAMING|POTENTIAL"), .potential, isCandidate: false)
    case (.asynchronous, .async, _), (.potential, .async, _):
        PeerRecord(.asynchronous, .asynchronous, isCandidate: true)
    case (.synchronous, .async, _): PeerRecord(.synchronous, .synchronous, isCandidate: true)
    case (.other(let text), _, _): PeerRecord(.other(text), .connected, isCandidate: false)
    // Supervision runs in replicated modes only; outside them nobody is a candidate.
    case (_, .none, _), (_, .slave, _): PeerRecord(.disconnected, nil, isCandidate: false)
    }
}

private func peerEffects(
    _ node: String,
    _ record: PeerRecord,
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

/// Decides whom commits wait for: the standby that they wait for now while it streams, else the next that does.
///
/// Standbys outside the cluster that stream are waited for as well, as heartbeat/pgsql does.
func decideSynchronousSet(
    _ set: ReplicaSet,
    links: [(node: String, link: PeerLink)],
    inEffect: [String],
    senders: [WALSender]
) -> SynchronousSet {
    guard set.mode == .sync else { return .none }
    let streaming = links.filter { $0.link.isStreaming }.map(\.node)
    let kept = streaming.first { node in inEffect.contains { sameName($0, node) } }
    let chosen = [kept ?? streaming.first].compactMap { $0 }.map { ReplicaSet.applicationName(of: $0) }
    let outside = set.external.filter { PeerLink(node: $0, senders: senders).isStreaming }
    let names = chosen + outside
    return names.isEmpty ? .none : SynchronousSet(names: names, count: names.count)
}

/// How far a standby may fall behind another before it ranks after it, in bytes: rank changes cost a transition.
let rankTolerance: UInt64 = 1 << 20

/// Ranks the standbys that stream: 100 for the first, then 99, 98 and so on.
///
/// The present order is kept while nobody is further behind than the tolerance, so that scores don't flicker.
func rankCandidates(
    _ set: ReplicaSet,
    links: [(node: String, link: PeerLink)],
    senders: [WALSender],
    cluster: ClusterObservation
) -> [String: Int] {
    let streaming = links.filter { $0.link.isStreaming }.map(\.node)
    let flushed = { (node: String) -> UInt64 in
        senders.filter { sameName($0.applicationName, node) }.compactMap { $0.flushedLSN?.bytes }.max() ?? 0
    }
    let present = { (node: String) -> Int in
        guard let text = attributeValue(.score, node: node, in: cluster, resource: set.resource),
            case .score(let number)? = PromotionScore(text)
        else { return 0 }
        return number
    }
    let furthest = streaming.map(flushed).max() ?? 0
    let ordered = streaming.enumerated().sorted { left, right in
        let (leftLag, rightLag) = (furthest - flushed(left.element), furthest - flushed(right.element))
        let (leftLags, rightLags) = (leftLag > rankTolerance, rightLag > rankTolerance)
        if leftLags != rightLags { return rightLags }
        if leftLags && leftLag != rightLag { return leftLag < rightLag }
        let (leftScore, rightScore) = (present(left.element), present(right.element))
        return leftScore != rightScore ? leftScore > rightScore : left.offset < right.offset
    }
    var ranks: [String: Int] = [:]
    for (index, entry) in ordered.enumerated() { ranks[entry.element] = max(1, 100 - index) }
    return ranks
}

/// What must be recorded before a standby is promoted: it holds everything, and no other node what it will acknowledge.
public func preparePromotion(_ set: ReplicaSet, position: WALPosition, cluster: ClusterObservation) -> [ClusterEffect] {
    var effects: [ClusterEffect] = []
    for peer in set.peers {
        if let node = cluster.node(peer), node.isOnline,
            attributeValue(.score, node: peer, in: cluster, resource: set.resource) != nil
        {
            effects.append(.set(.score, node: peer, value: PromotionScore.never.text))
        }
        if cluster.node(peer) != nil {
            effects.append(.set(.dataStatus, node: peer, value: DataStatus.disconnected.text))
        }
    }
    // It holds everything, or it would have been refused; without this record it couldn't start again behind its own lock
    // file if the promotion is cut short, and nobody else may.
    effects.append(.set(.dataStatus, node: set.ownNode, value: DataStatus.latest.text))
    effects.append(.set(.masterBaseline, node: set.ownNode, value: position.lsn.digits))
    return pending(effects, in: cluster, resource: set.resource)
}

/// What is recorded once the instance is the primary.
public func completePromotion(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    pending(
        ownRecord(set) + [.delete(.xlogLocation, node: set.ownNode), .delete(.position, node: set.ownNode)],
        in: cluster,
        resource: set.resource
    )
}
