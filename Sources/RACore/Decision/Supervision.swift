/// What the agent has noted of its promotions on this node since the node booted; its `start`, `demote` and `stop` forget.
public enum NotedPromotion: Sendable, Hashable, CaseIterable {
    case none
    /// The server that runs is the one that was promoted.
    case thisServer
    /// Another one was, and somebody else has ended it.
    case earlierServer
}

/// What supervision is decided from, all of one look.
public struct SupervisionInput: Sendable {
    public var set: ReplicaSet
    public var server: ServerFacts
    public var cluster: ClusterObservation
    /// The newest record that is known here or there.
    public var record: ClusterRecord?
    /// What the agent promoted here.
    public var promotion: NotedPromotion
    /// Standbys that were lost too often to be waited for again so soon.
    public var unsteady: [String]
    /// Standbys whose connection looks alive, but that take no WAL.
    public var stalled: [String]

    public init(
        set: ReplicaSet,
        server: ServerFacts,
        cluster: ClusterObservation,
        record: ClusterRecord?,
        promotion: NotedPromotion,
        unsteady: [String] = [],
        stalled: [String] = []
    ) {
        self.set = set
        self.server = server
        self.cluster = cluster
        self.record = record
        self.promotion = promotion
        self.unsteady = unsteady
        self.stalled = stalled
    }
}

/// What supervision changes next, and whether it waits for standbys.
public struct SupervisionPlan: Sendable, Equatable {
    public var effects: [ClusterEffect] = []
    /// A guarantee that may be recorded once enough of its members have reached a barrier.
    public var awaited: Guarantee?

    public init(effects: [ClusterEffect] = [], awaited: Guarantee? = nil) {
        self.effects = effects
        self.awaited = awaited
    }
}

/// Decides what the running primary changes: the durable record, whom commits wait for, and what people and rules see.
///
/// One step of `decideGuarantee` at a time; the cluster is read again after each.
/// - Parameter barrier: a position that the WAL had reached when `server`'s setting was in effect already: commits before
///   it may not have waited for anybody, so that a standby has everything once it has flushed so far. nil when no such
///   position is known.
public func decideSupervision(_ input: SupervisionInput, barrier: LSN?) -> SupervisionPlan {
    let (set, server, cluster) = (input.set, input.server, input.cluster)
    // A server that came up as primary by itself, at boot or by hand, mustn't call the true primary cut off.
    guard isTruePrimary(input) else { return SupervisionPlan() }
    // In a partition without quorum it goes on, and tells nobody: what it wrote might outlive what the others write.
    guard cluster.actsWithQuorum else { return SupervisionPlan() }
    let own = pending(ownAttributes(set, server.history), in: cluster, resource: set.resource)
    guard let record = presentRecord(input) else { return SupervisionPlan(effects: own) }
    let shown = attributeValue(.record, node: set.ownNode, in: cluster, resource: set.resource)
    // Only what the cluster shows is recorded: an agent may have been killed before it could write more than its own copy.
    guard record == input.record, shown == record.text else { return SupervisionPlan(effects: own + [.record(record)]) }
    // A setting that names nobody, "*", proves of no standby that commits wait for it.
    let inEffect = server.synchronousSet ?? .none
    guard let senders = server.senders.value,
        !isWaitingForLost(set, inEffect: inEffect, record: record, cluster: cluster)
    else { return SupervisionPlan(effects: own) }
    let links = set.peers.map { (node: $0, link: link(to: $0, senders: senders, input)) }
    let peers = peerAttributes(links, record: record, inEffect: inEffect, senders: senders, input)
    let step = nextStep(links, record: record, inEffect: inEffect, senders: senders, input)
    return plan(step, own: own + peers.demotions, promotions: peers.promotions, record, barrier, input, senders)
}

private func nextStep(
    _ links: [(node: String, link: PeerLink)],
    record: ClusterRecord,
    inEffect: SynchronousSet,
    senders: [WALSender],
    _ input: SupervisionInput
) -> GuaranteeStep {
    let set = input.set
    let streaming = links.filter { $0.link.isStreaming }.map(\.node)
    switch set.mode {
    case .sync:
        let wanted = decideSynchronousSet(
            set,
            streaming: streaming,
            inEffect: inEffect,
            unsteady: input.unsteady,
            outside: set.external.filter { name in
                link(to: name, senders: senders, input).isStreaming
                    && (inEffect.contains(name) || !input.unsteady.contains { sameName($0, name) })
            }
        )
        let step = decideGuarantee(recorded: record.guarantee, inEffect: inEffect, wanted: wanted, nodes: set.peers)
        // Nothing to promise, and commits wait for whoever may come.
        return step == .nothing && input.server.synchronousSet == nil ? .change(wanted, confirmedBy: []) : step
    case .async, .slave, .none:
        let followers = Guarantee(members: streaming, count: 0)
        return followers.isSame(as: record.guarantee) ? .nothing : .weaken(followers)
    }
}

private func plan(
    _ step: GuaranteeStep,
    own: [ClusterEffect],
    promotions: [ClusterEffect],
    _ record: ClusterRecord,
    _ barrier: LSN?,
    _ input: SupervisionInput,
    _ senders: [WALSender]
) -> SupervisionPlan {
    switch step {
    case .nothing: return SupervisionPlan(effects: own + promotions)
    case .weaken(let guarantee):
        // Where the WAL ends now may never reach the disk: after a crash the primary would be behind its own record.
        return SupervisionPlan(effects: own + [.record(record.renewed(guarantee, at: record.lsn))])
    case .change(let wanted, let nodes):
        return SupervisionPlan(
            effects: own + [.waitFor(wanted, confirmedBy: input.cluster.withOwnCopy(nodes))]
        )
    case .strengthen(let guarantee):
        guard let barrier, isReached(barrier, by: guarantee, senders) else {
            return SupervisionPlan(effects: own + promotions, awaited: guarantee)
        }
        let reached = lastRecordEnd(barrier, of: guarantee, senders).map { max($0, record.lsn) } ?? record.lsn
        return SupervisionPlan(effects: own + [.record(record.renewed(guarantee, at: reached))])
    }
}

/// Whether enough of a guarantee's members have flushed the WAL up to a position.
public func isReached(_ barrier: LSN, by guarantee: Guarantee, _ senders: [WALSender]) -> Bool {
    let reached = guarantee.members.filter { node in
        senders.contains { sender in
            sameName(sender.applicationName, node) && sender.isStreaming
                && sender.flushedLSN.map { $0 >= barrier } ?? false
        }
    }
    return reached.count >= guarantee.count
}

/// A position within a barrier at which every member of a guarantee has a whole WAL record end; nil when none is known.
///
/// A barrier may be in the middle of a record, as WAL is written by pages: a server that crashed there comes up at the end
/// of the record before, the primary as well as a standby, and would be behind what is recorded of it. What a standby has
/// replayed ends with a record, and its primary had flushed it.
private func lastRecordEnd(_ barrier: LSN, of guarantee: Guarantee, _ senders: [WALSender]) -> LSN? {
    let replayed = guarantee.members.map { node in
        senders.first { sameName($0.applicationName, node) && $0.isStreaming }?.replayedLSN
    }
    guard let least = replayed.compactMap({ $0 }).min(), !replayed.contains(nil) else { return nil }
    return min(least, barrier)
}

extension ClusterRecord {
    /// The next record of this primary.
    func renewed(_ guarantee: Guarantee, at lsn: LSN) -> ClusterRecord {
        var record = self
        record.serial += 1
        record.guarantee = guarantee
        record.lsn = lsn
        return record
    }
}

/// The record as this primary must have it before anything else; nil when its own history isn't known.
private func presentRecord(_ input: SupervisionInput) -> ClusterRecord? {
    let server = input.server
    if let record = input.record, sameName(record.primary, input.set.ownNode), !record.isPromoting,
        record.timeline == server.timeline, record.systemIdentifier == server.systemIdentifier
    {
        return record
    }
    guard let history = server.history else { return nil }
    let isOwnTerm = input.record.map { sameName($0.primary, input.set.ownNode) } ?? false
    let former = input.record
    return ClusterRecord(
        primary: input.set.ownNode,
        systemIdentifier: server.systemIdentifier,
        history: history,
        // Nothing is behind the position where its timeline began; the end of the WAL may never reach the disk. The first
        // timeline has no beginning that is known here: the position counts until standbys have flushed a barrier.
        lsn: history.ancestors.last?.switchPoint ?? server.lsn,
        term: isOwnTerm ? former?.term ?? 1 : (former?.term ?? 0) + 1,
        serial: isOwnTerm ? (former?.serial ?? 0) + 1 : 1
    )
}

/// Whether a standby that commits wait for is lost and not known to be down: it may be about to be promoted, by the
/// record that commits wait for it. Until it is fenced, or has joined and can be told, they do.
private func isWaitingForLost(
    _ set: ReplicaSet,
    inEffect: SynchronousSet,
    record: ClusterRecord,
    cluster: ClusterObservation
) -> Bool {
    guard cluster.properties.isFencingEnabled else { return false }
    return set.peers.contains { node in
        (inEffect.contains(node) || record.guarantee.contains(node))
            && cluster.node(node)?.isUndecided ?? false
    }
}

/// How a peer is connected; one that the cluster knows to be down isn't, whatever its connection still looks like: the
/// server takes a minute to find out (`wal_sender_timeout`).
private func link(to node: String, senders: [WALSender], _ input: SupervisionInput) -> PeerLink {
    if let known = input.cluster.node(node), !known.isOnline, !known.isUnclean { return .none }
    if input.stalled.contains(where: { sameName($0, node) }) { return .other("STALLED") }
    return PeerLink(node: node, senders: senders)
}

/// What a primary tells people and rules of itself.
public func ownAttributes(_ set: ReplicaSet, _ history: TimelineHistory?) -> [ClusterEffect] {
    var effects: [ClusterEffect] = [
        .set(.dataStatus, node: set.ownNode, value: DataStatus.latest.text),
        .set(.status, node: set.ownNode, value: StatusValue.primary.rawValue),
        .set(.score, node: set.ownNode, value: PromotionScore.primary.text),
        .delete(.xlogLocation, node: set.ownNode),
    ]
    // Where its timeline began: how far it had come as a standby.
    if let start = history?.ancestors.last?.switchPoint {
        effects.append(.set(.masterBaseline, node: set.ownNode, value: start.digits))
    }
    return effects
}
