/// How a slot of the agent's stands against its limits.
public enum SlotStanding: Sendable, Hashable {
    case missing
    /// It is there, but keeps no WAL: made without reserving any, as by heartbeat/pgsql.
    case unreserved
    /// The server gave it up.
    case lost
    case kept
    /// Half of a limit is reached.
    case near(SlotLimit)
    case over(SlotLimit)
}

/// How much slots may keep; 0 for no such limit.
public struct SlotLimits: Sendable, Hashable {
    /// Percent of the space for WAL.
    public var share: UInt64
    public var bytes: UInt64
    /// Seconds that nobody has used the slot.
    public var age: UInt64

    public init(share: UInt64 = 0, bytes: UInt64 = 0, age: UInt64 = 0) {
        self.share = share
        self.bytes = bytes
        self.age = age
    }

    public init(_ parameters: Parameters) {
        self.init(
            share: UInt64(max(0, parameters.slotKeepMaxShare)),
            bytes: UInt64(max(0, parameters.slotKeepMaxBytes)),
            age: UInt64(max(0, parameters.slotKeepMaxAge))
        )
    }

    /// Percent of the space that a slot in use may keep: its standby is on its way to need less.
    static let shareInUse: UInt64 = 90
}

/// The room that WAL has.
public struct WALSpace: Sendable, Hashable {
    /// Bytes that are free in pg_wal's file system; nil when that can't be told.
    public var free: UInt64?
    /// Bytes of WAL in a second.
    public var rate: UInt64
    /// Seconds until the look after next, when what is decided now has had its effect.
    public var horizon: UInt64

    public init(free: UInt64?, rate: UInt64 = 0, horizon: UInt64 = 0) {
        self.free = free
        self.rate = rate
        self.horizon = horizon
    }

    /// Seconds until it is used up at the present rate; nil while nothing is written.
    public var secondsLeft: UInt64? { free.flatMap { rate > 0 ? $0 / rate : nil } }
}

/// What a slot costs.
public struct SlotUse: Sendable, Hashable {
    /// Bytes of WAL that are there for this slot, if for no other: the whole segments before where recovery would begin.
    public var keeps: UInt64
    /// For how many seconds nobody has used it; 0 while somebody does.
    public var unusedSeconds: UInt64

    public init(keeps: UInt64 = 0, unusedSeconds: UInt64 = 0) {
        self.keeps = keeps
        self.unusedSeconds = unusedSeconds
    }
}

/// Reads a slot as one of the cases that decisions are made over.
public func assessSlot(_ slot: ReplicationSlot?, _ use: SlotUse, space: WALSpace, limits: SlotLimits) -> SlotStanding {
    guard let slot else { return .missing }
    if slot.isLost && !slot.isActive { return .lost }
    guard let retained = slot.retained else { return slot.isActive ? .kept : .unreserved }
    var reached: [(limit: SlotLimit, percent: UInt64)] = []
    // Dropping what keeps nothing frees nothing, however full it is.
    if let free = space.free, limits.share > 0, use.keeps > 0 {
        let share = slot.isActive ? SlotLimits.shareInUse : limits.share
        // A standby that receives WAL takes from what it keeps as quickly as more comes.
        let more = slot.isActive ? 0 : space.rate * space.horizon
        reached.append((.space, percent(use.keeps + more, of: (free + use.keeps) / 100 * share)))
    }
    if !slot.isActive {
        if limits.bytes > 0 { reached.append((.bytes, percent(retained, of: limits.bytes))) }
        if limits.age > 0 { reached.append((.age, percent(use.unusedSeconds, of: limits.age))) }
    }
    guard let worst = reached.max(by: { $0.percent < $1.percent }), worst.percent >= 50 else { return .kept }
    return worst.percent >= 100 ? .over(worst.limit) : .near(worst.limit)
}

private func percent(_ amount: UInt64, of limit: UInt64) -> UInt64 {
    amount >= limit ? 100 : limit < 1 << 56 ? amount * 100 / limit : amount / (limit / 100)
}
