/// Which nodes replicate with each other, and how.
public struct ReplicaSet: Sendable, Hashable {
    public var resource: String
    /// This node, spelled as the cluster spells it.
    public var ownNode: String
    /// The nodes of `node_list`, spelled as the cluster spells them, in the parameter's order.
    public var members: [String]
    /// Standbys outside the cluster that commits may wait for.
    public var external: [String]
    public var mode: ReplicationMode
    public var policy: SynchronousPolicy

    public init(
        resource: String,
        ownNode: String,
        members: [String],
        external: [String] = [],
        mode: ReplicationMode,
        policy: SynchronousPolicy = SynchronousPolicy()
    ) {
        self.resource = resource
        self.ownNode = ownNode
        self.members = members
        self.external = external
        self.mode = mode
        self.policy = policy
    }

    public var peers: [String] { members.filter { !sameName($0, ownNode) } }

    /// The name by which a node's standby connects: the incumbent's, the node's name in lower case.
    public static func applicationName(of node: String) -> String {
        String(decoding: node.utf8.map(lowerCased), as: UTF8.self)
    }
}

/// For how many standbys commits wait, in synchronous mode.
public struct SynchronousPolicy: Sendable, Hashable {
    public var method: SynchronousMethod
    /// Parameter `sync_num`.
    public var count: Int
    /// Whether commits stop when there are too few standbys (parameter `sync_strict`).
    public var isStrict: Bool

    public init(method: SynchronousMethod = .first, count: Int = 1, isStrict: Bool = false) {
        self.method = method
        self.count = count
        self.isStrict = isStrict
    }
}

/// How the primary sees a peer's standby: the finite reading of its row in pg_stat_replication.
public enum PeerLink: Sendable, Hashable {
    case none
    case synchronous
    case asynchronous
    case potential
    /// Connected, not streaming: "CATCHUP|ASYNC".
    case other(String)

    /// The row of a node; of several rows with its name a streaming one counts.
    public init(node: String, senders: [WALSender]) {
        let rows = senders.filter { sameName($0.applicationName, node) }
        guard let row = rows.first(where: \.isStreaming) ?? rows.first else {
            self = .none
            return
        }
        switch (row.isStreaming, row.syncState) {
        case (true, "sync"), (true, "quorum"): self = .synchronous
        case (true, "async"): self = .asynchronous
        case (true, "potential"): self = .potential
        case (_, _): self = .other(upperCased(row.state) + "|" + upperCased(row.syncState))
        }
    }

    public var isStreaming: Bool {
        switch self {
        case .synchronous, .asynchronous, .potential: true
        case .none, .other: false
        }
    }
}

func upperCased(_ text: String) -> String {
    String(decoding: text.utf8.map { (0x61...0x7A).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
}
