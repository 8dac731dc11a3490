internal import Glibc
import RACore

extension Agent {
    /// Keeps a slot for every other node, within its limits; failures are logged and tried again at the next look.
    ///
    /// - Parameter cluster: nil when it couldn't be read: then nothing is made, and a slot over its limits is dropped still.
    func keepSlots(_ set: ReplicaSet, _ cluster: ClusterObservation?) {
        guard mode.isReplicated, let base = parameters.replicationSlotName,
            case .running(let file) = observePostmaster(dataDirectory: dataDirectory)
        else { return }
        switch observer.connectToChange(file, by: lookDeadline) {
        case .failure(let failure): log.warning("replication slots: \(failure.text)")
        case .success(let connection):
            do throws(QueryFailure) {
                let slots = Slots(connection: connection, deadline: lookDeadline)
                var keeping = SlotKeeping(self, set, base: base, cluster, slots, try slots.observe())
                keeping.carryOut()
            } catch {
                log.warning("replication slots: \(error.text)")
            }
        }
    }

    /// As `keepSlots`, for a standby: not at every look, as little changes there.
    func keepSlotsNowAndThen() {
        guard mode.isReplicated, parameters.replicationSlotName != nil else { return }
        guard SlotWatch(slotWatchFile)?.isDue(at: began.nanoseconds) ?? true else { return }
        keepSlots(replicaSet(nil), nil)
    }

    var slotWatchFile: RunFile { RunFile("slots", resource: environment.resource) }
}

/// One look at the slots, and what follows from it.
struct SlotKeeping {
    let agent: Agent
    let set: ReplicaSet
    let base: String
    let cluster: ClusterObservation?
    let slots: Slots
    let seen: SlotObservation
    let space: WALSpace
    let limits: SlotLimits
    private var watch: SlotWatch
    private var book: SlotBook
    private let now = time(nil)

    init(
        _ agent: Agent,
        _ set: ReplicaSet,
        base: String,
        _ cluster: ClusterObservation?,
        _ slots: Slots,
        _ seen: SlotObservation
    ) {
        self.agent = agent
        self.set = set
        self.base = base
        self.cluster = cluster
        self.slots = slots
        self.seen = seen
        limits = SlotLimits(agent.parameters)
        let moment = agent.began.nanoseconds
        let free = freeBytes(agent.dataDirectory + "/pg_wal")
        watch =
            SlotWatch(agent.slotWatchFile)?.next(seen.lsn, free: free, at: moment)
            ?? SlotWatch(moment: moment, lsn: seen.lsn, free: free)
        let interval = UInt64(agent.environment.meta("interval").flatMap { Int($0) } ?? 10_000) / 1000
        space = WALSpace(
            free: free,
            rate: watch.rate,
            horizon: 2 * (seen.isInRecovery ? interval + SlotWatch.seldom / 1_000_000_000 : interval)
        )
        book = SlotBook(path: agent.ownFiles.slots)
    }

    mutating func carryOut() {
        let former = book
        for peer in set.peers {
            guard let slot = seen.slot(name(peer)) else { continue }
            book.note(slot.name, isUsed: slot.isActive || seen.isInRecovery, now: now)
        }
        let others = claims()
        for peer in set.peers { seen.isInRecovery ? forward(peer, others) : keep(peer) }
        dropLeft()
        reportForeign()
        if book != former { save() }
        tell()
        if watch.isLimitDue { limitByServer(book) }
        watch.noteLimit()
        watch.write(agent.slotWatchFile)
    }

    private func name(_ peer: String) -> String { slotName(base: base, node: peer) }

    private func standing(_ slot: ReplicationSlot?) -> SlotStanding {
        let since = slot.flatMap { book.unusedSince($0.name) }
        let unused = since.map { UInt64(max(0, now - $0)) } ?? 0
        return assessSlot(
            slot,
            SlotUse(keeps: seen.keeps(slot), unusedSeconds: unused),
            space: space,
            limits: limits
        )
    }

    // The primary's slots

    private mutating func keep(_ peer: String) {
        let slot = seen.slot(name(peer))
        let note = cluster.flatMap { attributeValue(.slot, node: peer, in: $0, resource: set.resource) }
            .flatMap { SlotNote($0) }
        var wasDropped = false
        if case .dropped? = note { wasDropped = true }
        let step = decidePrimarySlot(standing(slot), presence(of: peer), wasDropped: wasDropped)
        let change = decideSlotNote(note, slot: slot, step: step, keeper: set.ownNode, time: timestamp())
        // Told first: a slot that is gone without a word would only be made again.
        if let change { tell(change, of: peer) }
        perform(step, slot, peer)
    }

    private func presence(of peer: String) -> PeerPresence {
        guard let cluster else { return .unknown }
        guard let node = cluster.node(peer), node.isOnline,
            let status = attributeValue(.status, node: peer, in: cluster, resource: set.resource)
        else { return .away }
        return status == StatusValue.stop.rawValue || status == StatusValue.unknown.rawValue ? .away : .up
    }

    private func tell(_ note: SlotNote?, of peer: String) {
        guard let node = cluster?.node(peer)?.name else { return }
        let effect = note.map { ClusterEffect.set(.slot, node: node, value: $0.text) } ?? .delete(.slot, node: node)
        if let failure = agent.tools.write([effect], by: agent.deadline.capped(milliseconds: 2000)) {
            agent.log.warning(failure)
        }
        if let note { agent.log.warning(note.sentence(node: node)) }
    }

    // A standby's

    /// What the primary says that others still need; asked only when somebody's slot could keep less, or isn't there.
    private func claims() -> [KeptSlot] {
        guard seen.isInRecovery, let primary = agent.recordCopy.read()?.primary else { return [] }
        let isWorthAsking = set.peers.contains { peer in
            guard !sameName(peer, primary) else { return false }
            guard let restart = seen.slot(name(peer))?.restartLSN else { return true }
            return seen.segmentStart(seen.redo) > restart
        }
        guard isWorthAsking else { return [] }
        let told = agent.tools.publishedWAL(by: agent.lookDeadline.capped(milliseconds: 2000))
        return told.first { sameName($0.node, primary) }?.wal.kept ?? []
    }

    private func claim(of peer: String, _ kept: [KeptSlot]) -> SlotClaim {
        // The primary itself would need what this standby needs, if it were to come back as a standby.
        if let primary = agent.recordCopy.read()?.primary, sameName(primary, peer) { return .from(seen.redo) }
        guard let slot = kept.first(where: { $0.name == name(peer) }) else { return .unknown }
        return slot.lsn.map { .from($0) } ?? .none
    }

    private mutating func forward(_ peer: String, _ kept: [KeptSlot]) {
        let slot = seen.slot(name(peer))
        let step = decideStandbySlot(
            slot,
            standing(slot),
            claim: claim(of: peer, kept),
            redo: seen.redo,
            segmentSize: seen.segmentSize
        )
        perform(step, slot, peer)
    }

    // Both

    private mutating func perform(_ step: SlotStep, _ slot: ReplicationSlot?, _ peer: String) {
        let name = name(peer)
        agent.remark("slot-" + name, warning(step, slot, peer))
        do throws(QueryFailure) {
            switch step {
            case .leave, .warn: return
            case .create:
                try slots.create(name)
                agent.log.info("made replication slot \(name) for \(peer)")
            case .replace:
                try slots.drop(name, isForced: false)
                try slots.create(name)
                agent.log.warning("made replication slot \(name) anew: \(state(slot))")
            case .advance(let lsn): return try slots.advance(name, to: lsn)
            case .release:
                try slots.drop(name, isForced: false)
                return agent.log.info(
                    "dropped replication slot \(name): the primary keeps nothing for \(peer) any more"
                )
            case .drop(let limit):
                try slots.drop(name, isForced: limit == .space)
                agent.log.warning("dropped replication slot \(name) (\(limit.words)): \(state(slot))")
                book.remove(name)
                // WAL goes with a checkpoint, and the next one may be long in coming.
                return slots.requestCheckpoint()
            }
            book.note(name, isUsed: seen.isInRecovery, now: now)
        } catch {
            agent.log.error("replication slot \(name): \(error.text)")
        }
    }

    private func warning(_ step: SlotStep, _ slot: ReplicationSlot?, _ peer: String) -> String? {
        guard case .warn(let limit) = step, seen.isInRecovery else { return nil }
        return "replication slot \(name(peer)), for \(peer), has reached half of its limit (\(limit.words))"
    }

    private func state(_ slot: ReplicationSlot?) -> String {
        guard let slot else { return "it wasn't there" }
        if slot.isLost { return "the server had given it up (\(slot.invalidation ?? "wal_status lost"))" }
        guard let retained = slot.retained else { return "it kept no WAL" }
        return "it kept \(retained) bytes, \(space.free.map(String.init) ?? "an unknown number of") bytes were free, "
            + "and \(space.rate) came in a second"
    }

    private mutating func dropLeft() {
        let peers = set.peers.map(name)
        for slot in leftSlots(seen.slots, made: book.names, peers: peers, own: name(set.ownNode)) {
            do throws(QueryFailure) {
                try slots.drop(slot.name, isForced: false)
                agent.log.notice("dropped replication slot \(slot.name): no other node of node_list needs it")
            } catch {
                agent.log.error("replication slot \(slot.name): \(error.text)")
            }
        }
        let present = seen.slots.map(\.name)
        for name in book.names where !peers.contains(name) && !present.contains(name) { book.remove(name) }
    }

    /// The one slot of a heartbeat/pgsql of before 4.1.0 would keep WAL for ever.
    private func reportForeign() {
        let old = seen.slot(base).flatMap { $0.isPhysical && !$0.isActive && $0.restartLSN != nil ? $0 : nil }
        let text =
            "replication slot \(base) is one of heartbeat/pgsql's, keeps WAL, and nobody uses it. HINT: 'pgrex-tool slots drop'."
        agent.remark("slot-old", old.map { _ in text })
    }

    private func save() {
        do throws(SystemError) {
            try book.write(agent.ownFiles.slots, owner: agent.account)
        } catch {
            agent.log.warning(error.description)
        }
    }

    /// Tells the other nodes from where on this primary keeps WAL, and how much room is left.
    private mutating func tell() {
        let kept = seen.isInRecovery ? [] : set.peers.compactMap { keptSlot(of: $0) }
        let wal = PublishedWAL(time: now, free: space.free, rate: space.rate, kept: kept)
        let mark = clusterManagerMark()
        guard watch.isWorthTelling(wal, mark: mark) else { return }
        if let failure = agent.tools.publish(wal, by: agent.deadline.capped(milliseconds: 2000)) {
            return agent.log.warning(failure)
        }
        watch.noteTold(wal, mark: mark)
    }

    /// As it was seen, unless it has just been given up; one that is about to be made is told of at the next look.
    private func keptSlot(of peer: String) -> KeptSlot? {
        let name = name(peer)
        guard let slot = seen.slot(name) else {
            guard let cluster,
                case .dropped? = attributeValue(.slot, node: peer, in: cluster, resource: set.resource)
                    .flatMap({ SlotNote($0) })
            else { return nil }
            return KeptSlot(name: name, lsn: nil)
        }
        guard let lsn = slot.restartLSN, !slot.isLost else { return nil }
        return KeptSlot(name: name, lsn: seen.segmentStart(lsn), unusedSince: book.unusedSince(name))
    }
}
