/// What `pgrex-tool slots` shows.
public struct SlotReport: Sendable, Equatable {
    public var resource: String
    /// The parameter `replication_slot_name`; nil when no slots are configured.
    public var base: String?
    public var limits: SlotLimits
    public var nodes: [NodeSlots]

    public init(resource: String, base: String?, limits: SlotLimits, nodes: [NodeSlots]) {
        self.resource = resource
        self.base = base
        self.limits = limits
        self.nodes = nodes
    }
}

/// One server's slots.
public struct NodeSlots: Sendable, Equatable {
    public var node: String
    public var isLocal: Bool
    public var role: Observed<InstanceRole>
    /// What its agent last told of the room for WAL; nil when it didn't.
    public var space: WALSpace?
    /// `max_slot_wal_keep_size` and `idle_replication_slot_timeout` where they are set, as the server writes them.
    public var serverLimits: [String]
    public var slots: Observed<[SlotLine]>

    public init(
        node: String,
        isLocal: Bool,
        role: Observed<InstanceRole>,
        space: WALSpace?,
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
}

/// One slot, or a node's slot that isn't there.
public struct SlotLine: Sendable, Hashable {
    public var name: String
    public var kind: SlotKind
    public var isActive: Bool
    public var restartLSN: LSN?
    public var retained: UInt64?
    /// nil when it is in use, or its server's agent doesn't tell.
    public var unusedSeconds: UInt64?
    /// How many bytes it may keep while nobody uses it; nil for no limit, or one that isn't known.
    public var limit: UInt64?
    public var state: SlotLineState

    public init(
        name: String,
        kind: SlotKind,
        isActive: Bool,
        restartLSN: LSN? = nil,
        retained: UInt64? = nil,
        unusedSeconds: UInt64? = nil,
        limit: UInt64? = nil,
        state: SlotLineState
    ) {
        self.name = name
        self.kind = kind
        self.isActive = isActive
        self.restartLSN = restartLSN
        self.retained = retained
        self.unusedSeconds = unusedSeconds
        self.limit = limit
        self.state = state
    }
}

/// Whose slot it is.
public enum SlotKind: Sendable, Hashable {
    case member(String)
    /// The one slot that heartbeat/pgsql made before 4.1.0, named as the base.
    case former
    /// Named like a node's, but no such node is in node_list.
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

/// Puts the report together from what the servers answered and what their agents told.
///
/// - Parameter now: seconds since 1970.
public func assembleSlots(
    _ observation: StatusObservation,
    told: [String: PublishedWAL],
    limits: SlotLimits,
    now: Int
) -> SlotReport {
    SlotReport(
        resource: observation.resource,
        base: observation.slotBase,
        limits: limits,
        nodes: observation.members.map { node in
            SlotLines(node: node, observation: observation, told: told[node], limits: limits, now: now).slots
        }
    )
}

/// One server's part in the making.
private struct SlotLines {
    let node: String
    let observation: StatusObservation
    let told: PublishedWAL?
    let limits: SlotLimits
    let now: Int

    private var space: WALSpace? { told.map { WALSpace(free: $0.free, rate: $0.rate) } }
    private var peers: [String] { observation.members.filter { !sameName($0, node) } }

    var slots: NodeSlots {
        NodeSlots(
            node: node,
            isLocal: observation.ownNode.map { sameName($0, node) } ?? false,
            role: role(of: node, observation),
            space: space,
            serverLimits: extras?.slotLimits ?? [],
            slots: lines
        )
    }

    private var extras: ServerExtras? {
        guard case .server(_, .known(let extras)) = observation.answer(of: node) else { return nil }
        return extras
    }

    private var lines: Observed<[SlotLine]> {
        switch observation.answer(of: node) {
        case .server(_, .known(let extras)):
            guard let seen = extras.slots else { return .unknown(why: "\(node) wasn't asked for its slots") }
            return .known(members(seen) + others(seen))
        case .server(_, .unknown(let why)), .notServing(_, let why), .silent(let why), .none(let why):
            return .unknown(why: why)
        case .replication: return .unknown(why: onlyReplication(node))
        case .notRunning: return .unknown(why: "\(node)'s instance is stopped")
        }
    }

    private func members(_ seen: SlotObservation) -> [SlotLine] {
        guard let base = observation.slotBase, observation.mode.isReplicated else { return [] }
        return peers.map { peer in
            let name = slotName(base: base, node: peer)
            guard let slot = seen.slot(name) else { return missing(name, peer, seen) }
            return line(slot, .member(peer), seen)
        }
    }

    private func missing(_ name: String, _ peer: String, _ seen: SlotObservation) -> SlotLine {
        let text = attributeValue(.slot, node: peer, in: observation.cluster, resource: observation.resource)
        var state = SlotLineState.standing(.missing)
        if !seen.isInRecovery, case .dropped(let slot)? = text.flatMap({ SlotNote($0) }) {
            state = .dropped(slot.limit)
        }
        return SlotLine(name: name, kind: .member(peer), isActive: false, state: state)
    }

    private func others(_ seen: SlotObservation) -> [SlotLine] {
        let known = peers.compactMap { peer in observation.slotBase.map { slotName(base: $0, node: peer) } }
        return seen.slots.filter { !known.contains($0.name) }.sorted { $0.name < $1.name }
            .map { line($0, kind(of: $0), seen) }
    }

    private func kind(of slot: ReplicationSlot) -> SlotKind {
        guard slot.isPhysical else { return .logical }
        guard let base = observation.slotBase else { return .foreign }
        return slot.name == base ? .former : slot.name.hasPrefix(base + "_") ? .left : .foreign
    }

    private func line(_ slot: ReplicationSlot, _ kind: SlotKind, _ seen: SlotObservation) -> SlotLine {
        let since = told?.kept.first { $0.name == slot.name }?.unusedSince
        let unused = slot.isActive ? nil : since.map { UInt64(max(0, now - $0)) }
        let keeps = slot.restartLSN.map { seen.redo.distance(from: $0) } ?? 0
        let use = SlotUse(keeps: keeps, unusedSeconds: unused ?? 0)
        let standing = assessSlot(slot, use, space: space ?? WALSpace(free: nil), limits: limits)
        var state = SlotLineState.standing(standing)
        if slot.isActive, standing == .kept { state = .inUse }
        var limit: UInt64?
        if case .member = kind { limit = bytesAllowed(keeps: keeps) }
        return SlotLine(
            name: slot.name,
            kind: kind,
            isActive: slot.isActive,
            restartLSN: slot.restartLSN,
            retained: slot.retained,
            unusedSeconds: unused,
            limit: limit,
            state: state
        )
    }

    private func bytesAllowed(keeps: UInt64) -> UInt64? {
        var allowed: [UInt64] = []
        if let free = told?.free, limits.share > 0 { allowed.append((free + keeps) / 100 * limits.share) }
        if limits.bytes > 0 { allowed.append(limits.bytes) }
        return allowed.min()
    }
}
