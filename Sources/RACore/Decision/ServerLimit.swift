/// What a server says of `max_slot_wal_keep_size`, by which it gives slots up itself.
public struct ServerLimitFacts: Sendable, Hashable {
    /// What the agent's own file says, in megabytes; nil without the file.
    public var own: UInt64?
    /// What that file has brought into effect; nil for nothing.
    public var inEffect: UInt64?
    /// Whether anybody else's file has the setting: an operator's word counts. Unknown when this user may not look.
    public var isSetElsewhere: Observed<Bool>
    /// Whether any slot isn't the agent's: the server would give that one up as well.
    public var hasOtherSlots: Bool
    /// Bytes that pg_wal's file system has for WAL: what is free, and what is in pg_wal; nil when that can't be told.
    public var room: UInt64?
    /// Bytes of WAL that come between two checkpoints at most (`max_wal_size`).
    public var cycle: UInt64

    public init(
        own: UInt64?,
        inEffect: UInt64?,
        isSetElsewhere: Observed<Bool>,
        hasOtherSlots: Bool,
        room: UInt64?,
        cycle: UInt64
    ) {
        self.own = own
        self.inEffect = inEffect
        self.isSetElsewhere = isSetElsewhere
        self.hasOtherSlots = hasOtherSlots
        self.room = room
        self.cycle = cycle
    }
}

/// What becomes of the agent's file with that setting.
public enum ServerLimitStep: Sendable, Hashable {
    case leave
    /// The file is right, but the server hasn't read it.
    case reload
    /// Megabytes.
    case set(UInt64)
    case remove
}

/// Decides on the server's own limit: the last resort when no agent looks, as in maintenance, or not soon enough.
///
/// It leaves room for a checkpoint's WAL below `SlotLimits.shareInUse`, and is never nearer than the agent's own limit.
public func decideServerLimit(_ facts: ServerLimitFacts, limits: SlotLimits) -> ServerLimitStep {
    let unread: ServerLimitStep = facts.own == facts.inEffect ? .leave : .reload
    let without: ServerLimitStep = facts.own == nil ? unread : .remove
    guard limits.share > 0, !facts.hasOtherSlots else { return without }
    switch facts.isSetElsewhere {
    case .unknown: return .leave
    case .known(true): return facts.own == nil ? .leave : .remove
    case .known(false): break
    }
    guard let room = facts.room else { return unread }
    let most = room / 100 * SlotLimits.shareInUse
    let wanted = max(room / 100 * limits.share, most > facts.cycle ? most - facts.cycle : 0) >> 20
    guard wanted > 0 else { return unread }
    guard let own = facts.own, own > 0 else { return .set(wanted) }
    // Every change has all of the server's processes read their configuration.
    let difference = own > wanted ? own - wanted : wanted - own
    return difference > own / 10 ? .set(wanted) : unread
}
