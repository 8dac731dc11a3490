/// One change of what the cluster knows, or of what commits wait for.
///
/// All that `monitor` may do: nothing here can start, stop or promote an instance.
public enum ClusterEffect: Sendable, Hashable {
    case set(NodeAttribute, node: String, value: String)
    case delete(NodeAttribute, node: String)
    /// Writes the durable record.
    case record(ClusterRecord)
    /// Makes commits wait for these standbys, an empty list for none; not before these nodes have the record themselves.
    case waitFor(SynchronousSet, confirmedBy: [String])
    /// Tells how far this node is, without writing it into the cluster's configuration.
    case publish(PublishedPosition)
    /// Takes that back.
    case withdrawPosition
    /// Raises the CIB's `admin_epoch` to this: it wins then over that of a node which was away, whatever that one changed.
    case outrank(adminEpoch: Int)
    /// Ends the WAL receiver so that it connects anew, to where the primary is now.
    case reconnectReceiver
}

/// One change of the local instance.
public enum InstanceEffect: Sendable, Hashable {
    case cluster(ClusterEffect)
    /// Writes the settings that the agent owns, so that the next start is a standby's.
    case configureStandby
    /// Writes the settings of an instance outside replication.
    case configureAlone
    case startPostmaster
    case shutDown(ShutdownMode)
    /// Leaves the lock file before this node's WAL can take a way of its own.
    case writeLock
    case promote
    /// Restarts without standby.signal (parameter `restart_on_promote`).
    case restartAsPrimary
}

extension ClusterEffect {
    /// Whether it changes whom commits wait for.
    public var changesSetting: Bool {
        switch self {
        case .waitFor: true
        case .set, .delete, .record, .publish, .withdrawPosition, .outrank, .reconnectReceiver: false
        }
    }

    /// Whether the cluster's state already is what this effect would make it.
    func isDone(in cluster: ClusterObservation, resource: String) -> Bool {
        switch self {
        case .set(let attribute, let node, let value):
            attributeValue(attribute, node: node, in: cluster, resource: resource) == value
        case .delete(let attribute, let node):
            attributeValue(attribute, node: node, in: cluster, resource: resource) == nil
        case .record, .waitFor, .publish, .withdrawPosition, .outrank, .reconnectReceiver: false
        }
    }
}

/// The value of one of the resource's node attributes.
public func attributeValue(
    _ attribute: NodeAttribute,
    node: String,
    in cluster: ClusterObservation,
    resource: String
) -> String? {
    guard let node = cluster.node(node) else { return nil }
    let name = attribute.name(resource: resource)
    return attribute.isPermanent ? node.permanentAttributes[name] : node.transientAttributes[name]
}

/// The effects that would change something, in their order.
public func pending(
    _ effects: [ClusterEffect],
    in cluster: ClusterObservation,
    resource: String
) -> [ClusterEffect] {
    effects.filter { !$0.isDone(in: cluster, resource: resource) }
}
