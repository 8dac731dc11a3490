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

/// Whether nobody acknowledges commits any more, nor will without a promotion: the recorded primary was demoted or has
/// stopped, or its node is gone and fenced.
///
/// One whose demotion or monitor has failed may still be serving: not before it is stopped.
public func isPrimaryOver(_ set: ReplicaSet, record: ClusterRecord?, cluster: ClusterObservation) -> Bool {
    guard cluster.promotedNode(otherThan: set.ownNode) == nil, undecidedNode(set, cluster: cluster) == nil else {
        return false
    }
    guard let record, !sameName(record.primary, set.ownNode), let node = cluster.node(record.primary), node.isOnline
    else { return true }
    return switch node.resourceRole {
    case .stopped, .unpromoted: true
    case .promoted, .failed, .unknown: false
    }
}

/// What a standby tells the cluster while a primary runs elsewhere.
public func followPrimary(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    var effects: [ClusterEffect] = [.delete(.xlogLocation, node: set.ownNode)]
    let told = DataStatus(attributeValue(.dataStatus, node: set.ownNode, in: cluster, resource: set.resource))
    let status = attributeValue(.status, node: set.ownNode, in: cluster, resource: set.resource)
    // What runs isn't stopped, even if its start couldn't say so: a stopped standby is given no score.
    let isStale = [nil, StatusValue.stop.rawValue, StatusValue.unknown.rawValue].contains(status)
    if told == .disconnected || isStale {
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
            .set(.xlogLocation, node: set.ownNode, value: position.lsn.digits),
        ],
        in: cluster,
        resource: set.resource
    )
}

/// What has Pacemaker promote nobody on this node, whatever the cluster shows of it.
public func giveUp(_ set: ReplicaSet, status: StatusValue) -> [ClusterEffect] {
    [
        .set(.score, node: set.ownNode, value: PromotionScore.never.text),
        .set(.status, node: set.ownNode, value: status.rawValue),
    ]
}

/// What an instance tells the cluster before it is started: it isn't promotable, and says nothing of the past.
public func announceStart(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    pending(
        giveUp(set, status: .stop) + [
            .delete(.masterBaseline, node: set.ownNode), .delete(.xlogLocation, node: set.ownNode),
        ],
        in: cluster,
        resource: set.resource
    )
}

/// What an instance tells the cluster before it is demoted.
public func announceDemotion(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    pending(
        giveUp(set, status: .alone) + [.delete(.masterBaseline, node: set.ownNode)],
        in: cluster,
        resource: set.resource
    )
}

/// What an instance tells the cluster once it is stopped. The baseline goes with the next start: every change in the middle
/// of a failover makes Pacemaker plan it anew.
public func announceStop(_ set: ReplicaSet, cluster: ClusterObservation) -> [ClusterEffect] {
    pending(
        giveUp(set, status: .stop) + [
            .delete(.xlogLocation, node: set.ownNode),
            .delete(.receiverStatus, node: set.ownNode),
        ],
        in: cluster,
        resource: set.resource
    )
}
