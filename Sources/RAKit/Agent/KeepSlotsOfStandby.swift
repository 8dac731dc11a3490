import RACore

extension SlotKeeping {
    mutating func forwardAll(_ base: String) {
        let primary = primary
        let kept = claims(base, primary)
        for peer in set.peers {
            let name = slotName(base: base, node: peer)
            let slot = seen.slot(name)
            let claimed = kept.first { $0.name == name }
            var claim = claimed.map { $0.lsn.map { SlotClaim.from($0) } ?? .nothing } ?? .unknown
            // The primary itself would need what this standby needs, if it were to come back as a standby.
            if let primary, sameName(primary, peer) { claim = .from(seen.redo) }
            // The primary keeps more for one that is on its way; so does a standby then.
            let isInUse = claimed.map { $0.lsn != nil && $0.unusedSince == nil } ?? false
            let standing = standing(slot, isInUse: isInUse)
            let step = decideStandbySlot(
                slot,
                care == .makingOnly && standing != .missing && standing != .unreserved ? .kept : standing,
                claim: claim,
                redo: seen.redo,
                segmentSize: seen.segmentSize
            )
            agent.remark("slot-" + name, warning(step, name, peer))
            perform(step, slot, name, for: peer)
        }
    }

    private func warning(_ step: SlotStep, _ name: String, _ peer: String) -> String? {
        guard case .warn(let limit) = step else { return nil }
        return "replication slot \(name), for \(peer), has reached half of its limit (\(limit.words))"
    }

    /// The primary by this node's own copy of the record; nil when the server has heard of a later one.
    private var primary: String? {
        guard let record = agent.recordCopy.read(), seen.timeline.map({ $0 <= record.timeline }) ?? false else {
            return nil
        }
        return record.primary
    }

    /// What the primary says that others still need; asked only when somebody's slot could keep less, or isn't there.
    private func claims(_ base: String, _ primary: String?) -> [KeptSlot] {
        guard let primary else { return [] }
        let isWorthAsking = set.peers.contains { peer in
            guard !sameName(peer, primary) else { return false }
            let slot = seen.slot(slotName(base: base, node: peer))
            return slot?.restartLSN == nil || seen.keeps(slot) > 0
        }
        guard isWorthAsking else { return [] }
        let told = agent.tools.publishedWAL(by: agent.lookDeadline.capped(milliseconds: 2000))
        return told.first { sameName($0.node, primary) }?.wal.kept ?? []
    }
}
