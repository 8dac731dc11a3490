/// The cluster and the resource as the commands find them that move, stop or start instances.
public struct OperatorFacts: Sendable, Equatable {
    public var status: ClusterStatus
    public var cluster: ClusterObservation
    /// The resource, or the clone around it, in an operator's commands.
    public var outerName: String
    /// Whether Pacemaker acts on the resource (meta attributes `is-managed` and `maintenance`).
    public var isManaged: Bool
    /// The meta attribute `target-role`; nil when it isn't set.
    public var targetRole: String?
    /// Parameter `sync_strict`: commits wait for ever while too few standbys stream.
    public var isStrict: Bool
    /// The constraints that keep the resource, or its promoted role, off nodes, by node.
    public var bans: [String: String]

    public init(
        status: ClusterStatus,
        cluster: ClusterObservation,
        outerName: String,
        isManaged: Bool = true,
        targetRole: String? = nil,
        isStrict: Bool = false,
        bans: [String: String] = [:]
    ) {
        self.status = status
        self.cluster = cluster
        self.outerName = outerName
        self.isManaged = isManaged
        self.targetRole = targetRole
        self.isStrict = isStrict
        self.bans = bans
    }

    /// The constraint that keeps the resource or its promoted role off a node; nil without one.
    public func ban(_ node: String) -> String? { bans.first { sameName($0.key, node) }?.value }

    /// The row of a node, whatever its letter case.
    public func row(_ name: String) -> NodeStatus? { status.nodes.first { sameName($0.name, name) } }
}

/// Why none of these commands does anything in this cluster, each with the next command.
public enum OperatorObstacle: Error, Sendable, Hashable {
    case clusterStopped(why: String)
    case notReplicated(ReplicationMode)
    /// Of so many nodes so many are here.
    case noQuorum(here: Int, of: Int)
    case maintenance
    case unmanaged(String)
    /// It may still run what it ran.
    case notFenced(String)
    /// It goes by its own copy of the configuration still.
    case joining(String)
    case severalPrimaries([String])

    public var text: String {
        switch self {
        case .clusterStopped(let why):
            "the cluster doesn't run on this node: \(why). HINT: 'crm cluster start' or 'pcs cluster start', then again."
        case .notReplicated(let mode):
            "rep_mode is \"\(mode.rawValue)\", and only \"async\" and \"sync\" have a primary that can move"
        case .noQuorum(let here, let all):
            "this partition has no quorum: \(here) of \(all) nodes are here. HINT: Start the cluster on the others first."
        case .maintenance:
            "the cluster is in maintenance mode, and moves nothing. HINT: 'crm configure property maintenance-mode=false'."
        case .unmanaged(let resource):
            "the cluster doesn't manage \"\(resource)\". HINT: 'crm resource manage \(resource)'."
        case .notFenced(let node):
            "\(node) is lost and not confirmed fenced, and may still run what it ran. HINT: Wait for its fencing; when it is "
                + "surely off, 'stonith_admin --confirm \(node)'."
        case .joining(let node):
            "\(node) is about to join the cluster. HINT: Run it again when 'crm_mon -1' shows it online."
        case .severalPrimaries(let nodes):
            "\(nodes.joined(separator: " and ")) both run as primaries. HINT: 'pgrex-tool status' says which is the cluster's."
        }
    }
}

extension OperatorFacts {
    /// What holds for every one of these commands; nil when the cluster would do as it is told.
    public var obstacle: OperatorObstacle? {
        if case .savedConfiguration(let why, _) = status.source { return .clusterStopped(why: why) }
        guard status.mode.isReplicated else { return .notReplicated(status.mode) }
        guard cluster.actsWithQuorum else {
            let voters = cluster.nodes.filter { !$0.isRemote }
            return .noQuorum(here: voters.filter(\.isOnline).count, of: voters.count)
        }
        guard !cluster.properties.isMaintenanceMode else { return .maintenance }
        guard isManaged else { return .unmanaged(outerName) }
        if let lost = cluster.nodes.first(where: \.isUnclean) { return .notFenced(lost.name) }
        if let new = cluster.nodes.first(where: \.isJoining) { return .joining(new.name) }
        let primaries = cluster.promotedNodes
        let others = status.serving.map(\.name).filter { name in !primaries.contains { sameName($0, name) } }
        guard (primaries + others).count < 2 else { return .severalPrimaries(primaries + others) }
        return nil
    }
}

extension ClusterNode {
    /// The resources with failures that Pacemaker still counts here: its attributes `fail-count-<resource>#<operation>`.
    public var failedResources: [String] {
        var names: [String] = []
        for (key, value) in transientAttributes where key.hasPrefix("fail-count-") && value != "0" && !value.isEmpty {
            let name = String(key.dropFirst("fail-count-".count).prefix { $0 != "#" })
            if !names.contains(name) { names.append(name) }
        }
        return names.sorted()
    }
}

/// An amount of WAL as a person says it: "3 kB", "16 MB".
func sizeText(_ bytes: UInt64) -> String {
    guard bytes >= 1 << 10 else { return "\(bytes) bytes" }
    return bytes < 1 << 20 ? "\(bytes >> 10) kB" : "\(bytes >> 20) MB"
}
