/// What a server says of its replication slots, and of the WAL that they keep.
public struct SlotObservation: Sendable, Hashable {
    public var isInRecovery: Bool
    /// Primary: the write position. Standby: received or replayed, whichever is further.
    public var lsn: LSN
    /// Where recovery would begin: WAL before is kept for slots only.
    public var redo: LSN
    public var segmentSize: UInt64
    /// Bytes of WAL between two checkpoints at most (`max_wal_size`).
    public var cycle: UInt64
    /// The furthest timeline that a standby has heard of; nil on a primary.
    public var timeline: TimelineID?
    public var slots: [ReplicationSlot]

    public init(
        isInRecovery: Bool,
        lsn: LSN,
        redo: LSN,
        segmentSize: UInt64 = 16 << 20,
        cycle: UInt64 = 0,
        timeline: TimelineID? = nil,
        slots: [ReplicationSlot] = []
    ) {
        self.isInRecovery = isInRecovery
        self.lsn = lsn
        self.redo = redo
        self.segmentSize = segmentSize
        self.cycle = cycle
        self.timeline = timeline
        self.slots = slots
    }

    public func slot(_ name: String) -> ReplicationSlot? { slots.first { $0.name == name } }

    /// Bytes of WAL that are there for a slot, if for no other: whole segments before where recovery would begin.
    public func keeps(_ slot: ReplicationSlot?) -> UInt64 {
        guard let restart = slot?.restartLSN else { return 0 }
        return segmentStart(redo).distance(from: segmentStart(restart))
    }

    /// Where a position's segment begins: whole segments are kept, so that less of a difference is none.
    public func segmentStart(_ lsn: LSN) -> LSN { LSN(bytes: lsn.bytes - lsn.bytes % max(1, segmentSize)) }
}

/// A row of pg_replication_slots.
public struct ReplicationSlot: Sendable, Hashable {
    public var name: String
    public var isPhysical: Bool
    /// Whether a connection uses it now.
    public var isActive: Bool
    /// The oldest WAL that it keeps; nil when it keeps none, as one that was created without reserving any.
    public var restartLSN: LSN?
    /// Bytes from there to the server's position; nil without such.
    public var retained: UInt64?
    /// `wal_status`: reserved, extended, unreserved or lost; nil before PostgreSQL 13.
    public var status: String?
    /// `invalidation_reason` from PostgreSQL 17 on (`conflicting` says less): "wal_removed", "idle_timeout".
    public var invalidation: String?

    public init(
        name: String,
        isPhysical: Bool = true,
        isActive: Bool = false,
        restartLSN: LSN? = nil,
        retained: UInt64?,
        status: String? = nil,
        invalidation: String? = nil
    ) {
        self.name = name
        self.isPhysical = isPhysical
        self.isActive = isActive
        self.restartLSN = restartLSN
        self.retained = retained
        self.status = status
        self.invalidation = invalidation
    }

    /// Whether the server has given it up: it can't be used again.
    public var isLost: Bool { status == "lost" || invalidation != nil }
}
