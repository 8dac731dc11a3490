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

    /// The share that holds for a slot.
    func share(isInUse: Bool) -> UInt64 { isInUse ? SlotLimits.shareInUse : share }
}

/// The room that WAL has.
public struct WALSpace: Sendable, Hashable {
    /// Bytes that are free in pg_wal's file system; nil when that can't be told.
    public var free: UInt64?
    /// Bytes of WAL in a second.
    public var rate: UInt64
    /// Seconds until the look after next, when what is decided now has had its effect.
    public var horizon: UInt64
    /// Bytes of WAL between two checkpoints at most (`max_wal_size`).
    public var cycle: UInt64

    public init(free: UInt64?, rate: UInt64 = 0, horizon: UInt64 = 0, cycle: UInt64 = 0) {
        self.free = free
        self.rate = rate
        self.horizon = horizon
        self.cycle = cycle
    }

    /// So many percent of the room that WAL has beside what a slot keeps; nil when that can't be told.
    public func part(_ percent: UInt64, keeping bytes: UInt64) -> UInt64? { free.map { ($0 + bytes) / 100 * percent } }

    /// Whether a slot that keeps so much leaves next to nothing: then it goes even if nobody can be told.
    public func isAlmostUsedUp(keeping bytes: UInt64) -> Bool {
        part(SlotLimits.shareInUse, keeping: bytes).map { bytes > 0 && bytes >= $0 } ?? false
    }

    /// Seconds until it is used up at the present rate; nil while nothing is written.
    public var secondsLeft: UInt64? { free.flatMap { rate > 0 ? $0 / rate : nil } }
}

/// What a slot costs.
public struct SlotUse: Sendable, Hashable {
    /// Bytes of WAL that are there for this slot, if for no other: the whole segments before where recovery would begin.
    public var keeps: UInt64
    /// Whether its owner receives WAL: over this slot or, of a standby's, over the primary's.
    public var isInUse: Bool
    /// For how many seconds nobody has used it; 0 while somebody does.
    public var unusedSeconds: UInt64
    /// Whether half of a limit was reached already: it takes less then to be so still.
    public var wasNear: Bool

    public init(keeps: UInt64 = 0, isInUse: Bool = false, unusedSeconds: UInt64 = 0, wasNear: Bool = false) {
        self.keeps = keeps
        self.isInUse = isInUse
        self.unusedSeconds = unusedSeconds
        self.wasNear = wasNear
    }
}

/// Reads a slot as one of the cases that decisions are made over.
public func assessSlot(_ slot: ReplicationSlot?, _ use: SlotUse, space: WALSpace, limits: SlotLimits) -> SlotStanding {
    guard let slot else { return .missing }
    if slot.isLost && !slot.isActive { return .lost }
    if slot.restartLSN == nil && !slot.isActive { return .unreserved }
    var reached: [(limit: SlotLimit, percent: UInt64)] = []
    // Dropping what keeps nothing frees nothing, however full it is.
    if let percent = shareReached(use, space, limits), use.keeps > 0 { reached.append((.space, percent)) }
    if !use.isInUse {
        if limits.bytes > 0 { reached.append((.bytes, percent(use.keeps, of: limits.bytes))) }
        if limits.age > 0 { reached.append((.age, percent(use.unusedSeconds, of: limits.age))) }
    }
    guard let worst = reached.max(by: { $0.percent < $1.percent }), worst.percent >= (use.wasNear ? 40 : 50) else {
        return .kept
    }
    return worst.percent >= 100 ? .over(worst.limit) : .near(worst.limit)
}

/// How much of its share of the room a slot has reached, in percent; nil where no share limits it.
private func shareReached(_ use: SlotUse, _ space: WALSpace, _ limits: SlotLimits) -> UInt64? {
    guard limits.share > 0, let most = space.part(SlotLimits.shareInUse, keeping: use.keeps),
        let share = space.part(limits.share, keeping: use.keeps)
    else { return nil }
    guard !use.isInUse else {
        // A standby on its way isn't ended for the little that checkpoints come and go with.
        return use.keeps >= space.cycle ? percent(use.keeps, of: most) : 0
    }
    // What is about to be written, by what is left; what is there, by the share.
    let soon = percent(use.keeps + space.rate * space.horizon, of: most)
    return max(percent(use.keeps, of: share), soon < 100 ? 0 : soon)
}

private func percent(_ amount: UInt64, of limit: UInt64) -> UInt64 {
    amount >= limit ? 100 : limit < 1 << 56 ? amount * 100 / limit : amount / (limit / 100)
}
