import RACore

extension SlotKeeping {
    mutating func keepAll(_ base: String) {
        for peer in set.peers { keep(peer, slotName(base: base, node: peer)) }
        if care == .everything { withdrawOldNotes() }
    }

    private mutating func keep(_ peer: String, _ name: String) {
        let slot = seen.slot(name)
        let note = slotNote(of: peer)
        var (wasDropped, wasNear) = (false, false)
        switch note {
        case .dropped?: wasDropped = true
        case .near?: wasNear = true
        case nil: break
        }
        let standing = standing(slot, isInUse: slot?.isActive ?? false, wasNear: wasNear)
        let step = decidePrimarySlot(standing, presence(of: peer), wasDropped: wasDropped)
        guard care == .everything else { return givesUp(step) ? () : perform(step, slot, name, for: peer) }
        let change = decideSlotNote(note, slot: slot, step: step, keeper: set.ownNode, time: timestamp())
        // Told first: a slot that is gone without a word would only be made again. It waits for the word, unless there is
        // no room to wait.
        let isTold = change.map { tell($0, of: peer) } ?? (cluster != nil)
        if givesUp(step), !isTold, !space.isAlmostUsedUp(keeping: seen.keeps(slot)) { return }
        perform(step, slot, name, for: peer)
    }

    private func givesUp(_ step: SlotStep) -> Bool {
        switch step {
        case .drop: true
        case .leave, .warn, .create, .replace, .advance, .release: false
        }
    }

    private func slotNote(of node: String) -> SlotNote? {
        cluster.flatMap { attributeValue(.slot, node: node, in: $0, resource: set.resource) }.flatMap { SlotNote($0) }
    }

    private func presence(of peer: String) -> PeerPresence {
        guard let cluster else { return .unknown }
        guard let node = cluster.node(peer), node.isOnline,
            let status = attributeValue(.status, node: peer, in: cluster, resource: set.resource)
        else { return .away }
        return status == StatusValue.stop.rawValue || status == StatusValue.unknown.rawValue ? .away : .up
    }

    /// Whether the cluster knows it now.
    private func tell(_ note: SlotNote?, of peer: String) -> Bool {
        if let note { agent.log.warning(note.sentence(node: peer)) }
        guard let node = cluster?.node(peer)?.name else { return false }
        let effect = note.map { ClusterEffect.set(.slot, node: node, value: $0.text) } ?? .delete(.slot, node: node)
        guard let failure = agent.tools.write([effect], by: agent.deadline.capped(milliseconds: 2000)) else {
            return true
        }
        agent.log.warning(failure)
        return false
    }

    /// Nobody keeps anything for the primary itself, nor for a node that left.
    private func withdrawOldNotes() {
        guard let cluster else { return }
        for node in cluster.nodes where !set.peers.contains(where: { sameName($0, node.name) }) {
            guard attributeValue(.slot, node: node.name, in: cluster, resource: set.resource) != nil else { continue }
            _ = tell(nil, of: node.name)
        }
    }

    /// As it was seen, unless it has just been given up; one that is about to be made is told of at the next look.
    func keptSlot(of peer: String) -> KeptSlot? {
        guard let base else { return nil }
        let name = slotName(base: base, node: peer)
        guard let slot = seen.slot(name) else {
            guard case .dropped? = slotNote(of: peer) else { return nil }
            return KeptSlot(name: name, lsn: nil)
        }
        guard let lsn = slot.restartLSN, !slot.isLost else { return nil }
        return KeptSlot(
            name: name,
            lsn: seen.segmentStart(lsn),
            unusedSince: slot.isActive ? nil : book.unusedSince(name)
        )
    }
}
