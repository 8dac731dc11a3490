/// The primary that the cluster knows of, apart from this node.
public func primaryElsewhere(_ set: ReplicaSet, cluster: ClusterObservation) -> String? {
    cluster.nodes.first { node in
        guard node.isOnline, !node.isUnclean, !sameName(node.name, set.ownNode) else { return false }
        switch node.resourceRole {
        case .promoted: return true
        case .stopped, .failed: return false
        case .unpromoted, .unknown:
            return node.transientAttributes[NodeAttribute.status.name(resource: set.resource)]
                == StatusValue.primary.rawValue
        }
    }?.name
}

/// The ballots of all members, with this node's own position as it is now.
public func ballots(_ set: ReplicaSet, own: PublishedPosition, cluster: ClusterObservation) -> [Ballot] {
    set.members.map { member in
        let node = cluster.node(member)
        let isOwn = sameName(member, set.ownNode)
        let published = attributeValue(.position, node: member, in: cluster, resource: set.resource)
        return Ballot(
            node: member,
            isOnline: node?.isOnline ?? false,
            dataStatus: DataStatus(attributeValue(.dataStatus, node: member, in: cluster, resource: set.resource)),
            position: isOwn ? own : published.flatMap { PublishedPosition($0) }
        )
    }
}

/// What a standby tells the cluster while a primary runs elsewhere.
public func followPrimary(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    var effects: [ClusterEffect] = [
        .delete(.xlogLocation, node: set.ownNode), .delete(.position, node: set.ownNode),
    ]
    let record = DataStatus(attributeValue(.dataStatus, node: set.ownNode, in: cluster, resource: set.resource))
    let status = attributeValue(.status, node: set.ownNode, in: cluster, resource: set.resource)
    // What runs isn't stopped, even if its start couldn't say so: a stopped standby is given no score.
    let isStale = [nil, StatusValue.stop.rawValue, StatusValue.unknown.rawValue].contains(status)
    if record == .disconnected || isStale {
        effects.append(.set(.status, node: set.ownNode, value: StatusValue.alone.rawValue))
    }
    return pending(effects, in: cluster, resource: set.resource)
}

/// What a standby tells the cluster while there is no primary: where it stands, so that one can be chosen.
public func standForElection(
    _ set: ReplicaSet,
    position: PublishedPosition,
    cluster: ClusterObservation
) -> [ClusterEffect] {
    pending(
        [
            .set(.status, node: set.ownNode, value: StatusValue.alone.rawValue),
            .set(.xlogLocation, node: set.ownNode, value: position.position.lsn.digits),
            .set(.position, node: set.ownNode, value: position.text),
        ],
        in: cluster,
        resource: set.resource
    )
}

/// What an election's outcome changes.
public func concludeElection(
    _ verdict: ElectionVerdict,
    _ set: ReplicaSet,
    cluster: ClusterObservation
) -> [ClusterEffect] {
    let score: PromotionScore
    switch verdict {
    case .won:
        // A standby that is promotable already stays as it is: a new score would only abort the transition.
        let present = attributeValue(.score, node: set.ownNode, in: cluster, resource: set.resource)
        guard present.flatMap({ PromotionScore($0) })?.isPromotable != true else { return [] }
        score = .primary
    case .lost, .barred, .foreign: score = .never
    // Whoever was found promotable before the primary was lost stays so while the others are awaited.
    case .waiting: return []
    }
    return pending([.set(.score, node: set.ownNode, value: score.text)], in: cluster, resource: set.resource)
}

/// What an instance tells the cluster before it is started: it isn't promotable, and says nothing of the past.
public func announceStart(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    pending(
        [
            .set(.score, node: set.ownNode, value: PromotionScore.never.text),
            .set(.status, node: set.ownNode, value: StatusValue.stop.rawValue),
            .delete(.masterBaseline, node: set.ownNode), .delete(.xlogLocation, node: set.ownNode),
            .delete(.position, node: set.ownNode),
        ],
        in: cluster,
        resource: set.resource
    )
}

/// What an instance tells the cluster before it is demoted.
public func announceDemotion(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    pending(
        [
            .set(.score, node: set.ownNode, value: PromotionScore.never.text),
            .set(.status, node: set.ownNode, value: StatusValue.alone.rawValue),
            .delete(.masterBaseline, node: set.ownNode),
        ],
        in: cluster,
        resource: set.resource
    )
}

/// What an instance tells the cluster once it is stopped.
public func announceStop(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    pending(
        [
            .set(.score, node: set.ownNode, value: PromotionScore.never.text),
            .set(.status, node: set.ownNode, value: StatusValue.stop.rawValue),
            .delete(.xlogLocation, node: set.ownNode), .delete(.position, node: set.ownNode),
            .delete(.masterBaseline, node: set.ownNode), .delete(.receiverStatus, node: set.ownNode),
        ],
        in: cluster,
        resource: set.resource
    )
}
