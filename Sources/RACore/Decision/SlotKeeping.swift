/// Whether a peer could use its slot.
public enum PeerPresence: Sendable, Hashable, CaseIterable {
    /// Its instance runs, by its own word.
    case up
    case away
    /// The cluster couldn't be read.
    case unknown
}

/// What a standby knows of the primary's slot for another node.
public enum SlotClaim: Sendable, Hashable {
    /// WAL from here on is still needed.
    case from(LSN)
    /// The primary keeps nothing for it any more.
    case nothing
    case unknown
}

/// What is to be done about one slot.
public enum SlotStep: Sendable, Hashable {
    case leave
    case create
    /// It can't be used again: another takes its place.
    case replace
    /// Keeps less: WAL before this position is of no more use.
    case advance(to: LSN)
    case warn(SlotLimit)
    /// Gives it up; for want of room a connection that uses it is ended, too.
    case drop(SlotLimit)
    /// The primary keeps nothing for its owner any more: nor does a standby.
    case release
}

/// Decides on the primary's slot for a peer.
///
/// - Parameter wasDropped: whether a note tells that it was given up: then it isn't made again for somebody who is away.
public func decidePrimarySlot(_ standing: SlotStanding, _ presence: PeerPresence, wasDropped: Bool) -> SlotStep {
    switch (standing, presence, wasDropped) {
    case (.missing, .up, _), (.missing, .away, false): .create
    case (.missing, .away, true), (.missing, .unknown, _): .leave
    case (.unreserved, _, _): .replace
    case (.lost, .up, _): .replace
    case (.lost, .away, _), (.lost, .unknown, _): .drop(.server)
    case (.kept, _, _): .leave
    case (.near(let limit), _, _): .warn(limit)
    case (.over(let limit), _, _): .drop(limit)
    }
}

/// Decides on a standby's slot for a peer, which nobody uses: it only holds what the peer will need if this standby is
/// promoted.
///
/// - Parameter redo: where this standby's own recovery would begin: a peer whose data have to be rewound needs WAL from the
///   last checkpoint that both have, and WAL from here on is kept anyway.
public func decideStandbySlot(
    _ slot: ReplicationSlot?,
    _ standing: SlotStanding,
    claim: SlotClaim,
    redo: LSN,
    segmentSize: UInt64
) -> SlotStep {
    let target = forwardTarget(slot, claim: claim, redo: redo, segmentSize: segmentSize)
    switch (standing, claim) {
    case (.missing, .nothing): return .leave
    case (.missing, .from), (.missing, .unknown): return .create
    case (_, .nothing): return .release
    case (.unreserved, _), (.lost, _): return .replace
    case (.kept, .from), (.kept, .unknown): return target.map { .advance(to: $0) } ?? .leave
    case (.near(let limit), .from), (.near(let limit), .unknown): return target.map { .advance(to: $0) } ?? .warn(limit)
    // Made anew it keeps what is kept anyway.
    case (.over, .from), (.over, .unknown): return target.map { .advance(to: $0) } ?? .replace
    }
}

/// Where a standby's slot may move to; nil when that would free no segment.
private func forwardTarget(_ slot: ReplicationSlot?, claim: SlotClaim, redo: LSN, segmentSize: UInt64) -> LSN? {
    guard case .from(let lsn) = claim, let slot, !slot.isActive, let present = slot.restartLSN else { return nil }
    let target = min(lsn, redo)
    return target.bytes / max(1, segmentSize) > present.bytes / max(1, segmentSize) ? target : nil
}

/// Decides what becomes of the note about a peer's slot.
///
/// - Returns: nil to leave it as it is; otherwise the note, or nil inside for none.
public func decideSlotNote(
    _ note: SlotNote?,
    slot: ReplicationSlot?,
    step: SlotStep,
    keeper: String,
    time: String
) -> SlotNote?? {
    switch step {
    case .drop(let limit):
        // Written anew as long as it can't be dropped it would only disturb the cluster.
        if case .dropped(let former)? = note, former.keeper == keeper, former.lsn == slot?.restartLSN { return nil }
        return .some(.dropped(DroppedSlot(limit: limit, keeper: keeper, lsn: slot?.restartLSN, time: time)))
    case .replace where slot?.isLost ?? false:
        return .some(.dropped(DroppedSlot(limit: .server, keeper: keeper, lsn: slot?.restartLSN, time: time)))
    case .warn(let limit):
        // That WAL is gone is the worse news.
        if case .dropped? = note { break }
        return note == .near(limit, keeper: keeper) ? nil : .some(.near(limit, keeper: keeper))
    case .leave, .create, .replace, .advance, .release: break
    }
    switch note {
    case nil: return nil
    case .near: return .some(nil)
    // Its node receives WAL again, or this node has all that the one before had.
    case .dropped(let dropped):
        guard let slot, let restart = slot.restartLSN else { return nil }
        return slot.isActive || dropped.lsn.map { restart <= $0 } ?? false ? .some(nil) : nil
    }
}

/// The slots that nobody needs and nobody uses: those of nodes that left the cluster, and one for this node itself, which
/// came with a copy of another node's disk.
///
/// - Parameters:
///   - made: those that the agent is known to have made here, or that were a peer's.
///   - peers: the slots of the other nodes of the cluster.
public func leftSlots(
    _ slots: [ReplicationSlot],
    made: [String],
    peers: [String],
    own: String
) -> [ReplicationSlot] {
    slots.filter { slot in
        slot.isPhysical && !slot.isActive && !peers.contains(slot.name)
            && (made.contains(slot.name) || slot.name == own)
    }
}
