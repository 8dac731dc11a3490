/// What `pgrex-tool slots` shows.
public struct SlotReport: Sendable, Equatable {
    public var resource: String
    /// The base of the slots' names; nil when the agent keeps none, for want of `replication_slot_name` or of a mode.
    public var base: String?
    public var limits: SlotLimits
    public var source: StatusSource
    public var nodes: [NodeSlots]

    public init(
        resource: String,
        base: String?,
        limits: SlotLimits,
        source: StatusSource = .cluster,
        nodes: [NodeSlots]
    ) {
        self.resource = resource
        self.base = base
        self.limits = limits
        self.source = source
        self.nodes = nodes
    }

    /// The nodes whose slots can't be seen.
    public var unseen: [String] { nodes.filter { $0.slots.value == nil }.map(\.node) }
}

/// One server's slots.
public struct NodeSlots: Sendable, Equatable {
    public var node: String
    public var isLocal: Bool
    public var role: Observed<InstanceRole>
    /// What its agent last told of the room for WAL.
    public var space: Observed<WALSpace>
    /// `max_slot_wal_keep_size` and `idle_replication_slot_timeout` where they are set, as the server writes them.
    public var serverLimits: [String]
    public var slots: Observed<[SlotLine]>

    public init(
        node: String,
        isLocal: Bool,
        role: Observed<InstanceRole>,
        space: Observed<WALSpace>,
        serverLimits: [String],
        slots: Observed<[SlotLine]>
    ) {
        self.node = node
        self.isLocal = isLocal
        self.role = role
        self.space = space
        self.serverLimits = serverLimits
        self.slots = slots
    }

    /// Seconds until the room for WAL is used up; nil while no slot keeps more and more, as checkpoints make room again.
    public var secondsLeft: UInt64? {
        guard (slots.value ?? []).contains(where: { !$0.isActive && $0.keeps > 0 }) else { return nil }
        return space.value?.secondsLeft
    }
}

/// One slot, or a node's slot that isn't there.
public struct SlotLine: Sendable, Hashable {
    public var name: String
    public var kind: SlotKind
    public var isActive: Bool
    public var restartLSN: LSN?
    /// Bytes from there to the server's position.
    public var retained: UInt64?
    /// Bytes of WAL that are there for this slot, if for no other.
    public var keeps: UInt64
    /// nil when it is in use, or its server's agent doesn't tell.
    public var unusedSeconds: UInt64?
    /// How much it may retain before it is given up; nil for no limit, or one that isn't known.
    public var limit: UInt64?
    /// PostgreSQL's word for it: why it was invalidated, or else its `wal_status`.
    public var serverStatus: String?
    public var state: SlotLineState

    public init(
        name: String,
        kind: SlotKind,
        isActive: Bool,
        restartLSN: LSN? = nil,
        retained: UInt64? = nil,
        keeps: UInt64 = 0,
        unusedSeconds: UInt64? = nil,
        limit: UInt64? = nil,
        serverStatus: String? = nil,
        state: SlotLineState
    ) {
        self.name = name
        self.kind = kind
        self.isActive = isActive
        self.restartLSN = restartLSN
        self.retained = retained
        self.keeps = keeps
        self.unusedSeconds = unusedSeconds
        self.limit = limit
        self.serverStatus = serverStatus
        self.state = state
    }

    /// Whether the server has it.
    public var isThere: Bool {
        switch state {
        case .standing(.missing), .dropped: false
        case .inUse, .standing(.unreserved), .standing(.lost), .standing(.kept), .standing(.near), .standing(.over):
            true
        }
    }
}

/// Whose slot it is.
public enum SlotKind: Sendable, Hashable {
    case member(String)
    /// The one slot that heartbeat/pgsql made before 4.1.0, named as the base.
    case former
    /// Named like a node's, but no other node of node_list is called so: a node's that left, or somebody else's.
    case left
    /// A logical one: the agent leaves it alone.
    case logical
    /// Any other: the agent leaves it alone.
    case foreign
}

/// How a slot stands.
public enum SlotLineState: Sendable, Hashable {
    case inUse
    case standing(SlotStanding)
    /// It was given up, and isn't made again while its node is away.
    case dropped(SlotLimit)
}
