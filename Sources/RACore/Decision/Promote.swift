/// Decides the `promote` action once the instance may be promoted.
///
/// - Parameters:
///   - isAttempted: whether this action has asked the server to promote.
///   - records: what the cluster doesn't show yet and must know before: who isn't promotable any more.
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
/// - Parameter members: who is in this partition by the cluster services' own word, which is newer than the CIB; nil
///   when they weren't asked.
public func promotionObstacle(_ set: ReplicaSet, cluster: ClusterObservation, members: [String]?) -> String? {
    guard cluster.actsWithQuorum else { return "this partition has no quorum" }
    if let members,
        let gone = cluster.nodes.first(where: { node in
            node.isOnline && !members.contains { sameName($0, node.name) }
        })
    {
        return "\(gone.name) has just been lost"
    }
    guard cluster.properties.isFencingEnabled, !cluster.hasMajority,
        let lost = set.peers.first(where: { cluster.node($0)?.isUnclean ?? false })
    else { return nil }
    return "\(lost) is lost and not fenced yet"
}

/// Another node that the cluster records as running the primary.
private func otherPrimary(_ set: ReplicaSet, cluster: ClusterObservation) -> String? {
    cluster.nodes.first { $0.isOnline && $0.resourceRole == .promoted && !sameName($0.name, set.ownNode) }?.name
}

/// Whether a running primary is the one whose word counts: by the record, or because it was promoted by the agent.
///
/// The record alone can be wrong: a node that was cut off wrote its own, and when it comes back its copy of the CIB may
/// be the one with more changes, which Pacemaker takes. A server that came up as primary by itself has only the record.
/// - Parameter isPromotedHere: whether the agent promoted this very server, once the cluster showed the record. With
///   fencing nobody can have been promoted since: it wouldn't run any more.
public func isTruePrimary(_ set: ReplicaSet, cluster: ClusterObservation, isPromotedHere: Bool) -> Bool {
    if refusePromotion(set, cluster: cluster) == nil { return true }
    return isPromotedHere && cluster.properties.isFencingEnabled && otherPrimary(set, cluster: cluster) == nil
}

/// Why this node must not be promoted, whatever asked for it; nil when nothing speaks against it.
///
/// The last look before the point of no return: the promotion score keeps Pacemaker from asking, but a score may be
/// older than what has been recorded since.
public func refusePromotion(_ set: ReplicaSet, cluster: ClusterObservation) -> Refusal? {
    let records = set.members.map { member in
        (
            node: member,
            status: DataStatus(attributeValue(.dataStatus, node: member, in: cluster, resource: set.resource))
        )
    }
    guard let own = records.first(where: { sameName($0.node, set.ownNode) }) else {
        return Refusal(
            .notConfigured,
            "node_list \"\(set.members.joined(separator: " "))\" doesn't name this node, \"\(set.ownNode)\""
        )
    }
    if let other = otherPrimary(set, cluster: cluster) {
        return Refusal(.genericError, "the cluster records \(other) as the running primary")
    }
    let holders = records.filter { $0.status.holdsEverything(in: set.mode) }.map(\.node)
    // Without any holder only a node of which nothing was ever recorded may be promoted, as in an election.
    guard holders.isEmpty ? own.status != .none : !own.status.holdsEverything(in: set.mode) else { return nil }
    let names = holders.joined(separator: " or ")
    let attribute = NodeAttribute.dataStatus.name(resource: set.resource)
    return Refusal(
        .genericError,
        "\(attribute) of \(set.ownNode) is \"\(own.status.text)\": it may lack commits that were acknowledged, and "
            + (holders.isEmpty
                ? "no node is recorded as holding them. HINT: Delete \(attribute) of the node that does."
                : "\(holders.joined(separator: ", ")) has them. HINT: Bring \(names) up.")
    )
}
