/// Decides the `promote` action once the instance may be promoted.
///
/// - Parameters:
///   - isAttempted: whether this action has asked the server to promote.
///   - records: what must be done and known in the cluster before.
public func decidePromote(
    _ state: InstanceState,
    isAttempted: Bool,
    restarts: Bool,
    records: [ClusterEffect]
) -> Step<InstanceEffect> {
    switch (state, isAttempted, restarts) {
    case (.primary, _, _): return .finish(.success, because: .promoted)
    case (.standby, false, _) where !records.isEmpty:
        return .perform(records.map { .cluster($0) }, because: .mustRecordPromotion)
    case (.standby, false, false): return .perform([.writeLock, .promote], because: .mustPromote)
    case (.standby, false, true): return .perform([.writeLock, .restartAsPrimary], because: .mustPromote)
    case (.standby, true, _): return .wait(because: .promotionRequested)
    case (.starting, _, _), (.stopping, true, true): return .wait(because: .stillStarting)
    case (.fullPrimary, _, _), (.fullStandby, _, _): return .wait(because: .noConnectionLeft)
    case (.absent, false, _): return .finish(.notRunning, because: .standbyCannotPromote)
    case (.absent, true, _): return .finish(.genericError, because: .startFailed)
    case (.stopping, false, _), (.stopping, true, false):
        return .finish(.genericError, because: .standbyCannotPromote)
    case (.refusing, _, _): return .finish(.genericError, because: .refusing)
    case (.hung, _, _): return .finish(.genericError, because: .hung)
    case (.unknown, _, _): return .finish(.genericError, because: .unobservable)
    }
}

/// Why what was recorded of a promotion may not be known to whoever promotes another; nil when it is.
///
/// A node that is cut off sees its own records all the same. While it waits, the others fence it or it comes back, and
/// then sees what they have recorded. Beside a majority a lost node can do nothing, and isn't waited for: Pacemaker may
/// begin to fence it only when the promotion has ended.
public func promotionObstacle(_ set: ReplicaSet, cluster: ClusterObservation) -> String? {
    guard cluster.actsWithQuorum else { return "this partition has no quorum" }
    guard cluster.properties.isFencingEnabled, !cluster.hasMajority,
        let lost = set.peers.first(where: { cluster.node($0)?.isUndecided ?? false })
    else { return nil }
    return "\(lost) is lost and not fenced yet"
}

/// Whether a running primary is the one whose word counts: by the record, or because it was promoted by the agent.
///
/// The record alone can be wrong: of a node that was cut off, the copy of the CIB may be the one with more changes when it
/// comes back, which Pacemaker takes. A server that came up as primary by itself has only the record.
public func isTruePrimary(_ input: SupervisionInput) -> Bool {
    let set = input.set
    guard input.cluster.promotedNode(otherThan: set.ownNode) == nil,
        set.members.contains(where: { sameName($0, set.ownNode) })
    else { return false }
    guard let record = input.record, record.systemIdentifier != nil else { return true }
    let isRecorded = sameName(record.primary, set.ownNode)
    guard input.cluster.properties.isFencingEnabled else { return isRecorded }
    switch input.promotion {
    // With fencing nobody was promoted since: that would have ended this server, or cut it off from its clients.
    case .thisServer: return true
    // Restarted by hand, in maintenance mode: nothing else was promoted as long as the record says so.
    case .earlierServer:
        return isRecorded && record.systemIdentifier == input.server.systemIdentifier
            && record.timeline == input.server.timeline
    // What came up by itself, at boot, has only the record, which may be an old one.
    case .none: return false
    }
}

/// The nodes that must have the record of a promotion themselves before it begins: whoever could be promoted by an older
/// one, and is here; this one as well, whose own commands may have been answered by another.
public func promotionWitnesses(_ set: ReplicaSet, cluster: ClusterObservation) -> [String] {
    cluster.withOwnCopy(set.peers + [set.ownNode])
}

/// The record of a promotion: only this node is certain to have what is acknowledged from now on.
///
/// - Parameters:
///   - record: the newest that is known, without a promotion that wasn't carried out.
///   - keepsFormer: whether what held before holds again if the promotion isn't carried out. Not after a promotion by a
///     restart, which leaves the server on its timeline so that nothing tells; nor when the record wasn't believed.
public func recordOfPromotion(
    _ set: ReplicaSet,
    position: PublishedPosition,
    record: ClusterRecord?,
    keepsFormer: Bool
) -> ClusterRecord {
    ClusterRecord(
        primary: set.ownNode,
        systemIdentifier: position.systemIdentifier,
        history: position.history,
        lsn: position.lsn,
        term: (record?.term ?? 0) + 1,
        isPromoting: true,
        former: keepsFormer
            ? record.map {
                FormerRecord(
                    primary: $0.primary,
                    lsn: $0.lsn,
                    guarantee: $0.guarantee,
                    isLossAccepted: $0.isLossAccepted
                )
            } : nil
    )
}

/// What must be done before a promotion: its record and, in strict mode, commits that wait from the first one on.
///
/// A node that was cut off may come back with more changes, and its configuration would win: one in which somebody is
/// about to be promoted goes before it.
public func preparePromotion(
    _ set: ReplicaSet,
    record: ClusterRecord,
    cluster: ClusterObservation
) -> [ClusterEffect] {
    let effects: [ClusterEffect] = [.record(record), .outrank(adminEpoch: cluster.adminEpoch + 1)]
    guard set.mode == .sync, set.policy.isStrict else { return effects }
    let wanted = decideSynchronousSet(set, streaming: [], inEffect: .none, unsteady: [], outside: [])
    return effects + [.waitFor(wanted, confirmedBy: [])]
}

/// What goes before any other promotion that was only prepared: those who could decide otherwise know of this one.
///
/// - Parameter cluster: in which the others go by the record.
public func sealPromotion(_ cluster: ClusterObservation) -> ClusterEffect {
    .outrank(adminEpoch: cluster.adminEpoch + 1)
}

/// Why this node must not be promoted, whatever asked for it; nil when nothing speaks against it.
///
/// The last look before the point of no return: the promotion score keeps Pacemaker from asking, but a score may be
/// older than what is known since.
public func refusePromotion(
    _ set: ReplicaSet,
    outcome: ElectionOutcome,
    record: ClusterRecord?,
    cluster: ClusterObservation
) -> Refusal? {
    guard set.members.contains(where: { sameName($0, set.ownNode) }) else {
        return Refusal(
            .notConfigured,
            "node_list \"\(set.members.joined(separator: " "))\" doesn't name this node, \"\(set.ownNode)\""
        )
    }
    if let other = cluster.promotedNode(otherThan: set.ownNode) {
        return Refusal(.genericError, "the cluster records \(other) as the running primary")
    }
    if case .chosen(let node, _) = outcome, sameName(node, set.ownNode) { return nil }
    return Refusal(.genericError, "not promoted: \(describe(outcome, record: record))")
}

/// What an election's outcome means, in a clause; names the next command where an operator is needed.
public func describe(_ outcome: ElectionOutcome, record: ClusterRecord?) -> String {
    switch outcome {
    case .chosen(let node, let proof): "\(node) is the best candidate, \(describe(proof))"
    case .awaiting(let nodes): "waiting for the position of \(nodes.joined(separator: ", "))"
    case .lacking(let nodes):
        "acknowledged commits may be only on \(nodes.joined(separator: ", ")): bring \(nodes.count == 1 ? "it" : "them") "
            + "up, or 'pgrex-tool failover --accept-loss'"
    case .foreign(let node): "the data of \(node) belong to another database system"
    case .forked(let node, let best):
        "the data of \(node) and \(best) went different ways: 'pgrex-tool status' shows where"
    }
}

private func describe(_ proof: ElectionProof) -> String {
    switch proof {
    case .lastPrimary(let node): "not behind \(node), the last primary"
    case .synchronous(let nodes): "not behind \(nodes.joined(separator: ", ")), which commits waited for"
    case .everybody: "not behind any other node"
    case .new: "of a cluster of which nothing was recorded"
    case .asynchronous: "and the last commits may be lost, as they waited for nobody"
    }
}
