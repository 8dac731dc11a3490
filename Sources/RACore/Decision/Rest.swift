/// What a primary looks like when nothing is under way; while it looks the same, its monitor needn't read the cluster.
///
/// Why that is safe: docs/decisions/0012.
public struct RestingState: Sendable, Equatable {
    /// One line a fact.
    public let text: String

    /// How long a look at the cluster may be old, in milliseconds: what only the cluster shows is found out by then.
    public static let longestMilliseconds = 10_000

    public init(text: String) { self.text = text }

    /// Reads a primary's state; nil while any standby is missing or has WAL to catch up with, as then somebody may wait.
    public init?(_ set: ReplicaSet, server: ServerFacts) {
        guard !server.isInRecovery, let senders = server.senders.value,
            (set.peers + set.external).allSatisfy({ PeerLink(node: $0, senders: senders).isStreaming }),
            senders.allSatisfy({ $0.flushedLSN.map { $0 >= server.lsn } ?? false })
        else { return nil }
        let connections = senders.map { "\($0.processID) \($0.applicationName) \($0.state) \($0.syncState)" }.sorted()
        text =
            ([
                "\(server.systemIdentifier) \(server.timeline.number) \(set.mode.rawValue)",
                server.synchronousStandbyNames, server.synchronousCommit,
                ([set.ownNode] + set.members).joined(separator: " "),
            ] + connections).joined(separator: "\n")
    }
}

/// Whether a primary may rest on a look at the cluster that found nothing to do: everybody is there and recorded so.
///
/// What only takes a while longer to show isn't in its place yet: a standby that streams before its start has ended.
public func mayRest(_ set: ReplicaSet, record: ClusterRecord?, cluster: ClusterObservation) -> Bool {
    record.map { sameName($0.primary, set.ownNode) && !$0.isPromoting } ?? false && cluster.hasQuorum
        && cluster.promotedNode(otherThan: set.ownNode) == nil
        && set.members.allSatisfy { member in
            guard let node = cluster.node(member), node.isOnline, !node.isUnclean,
                let status = attributeValue(.status, node: member, in: cluster, resource: set.resource)
            else { return false }
            return status != StatusValue.stop.rawValue && status != StatusValue.unknown.rawValue
        }
}
