internal import Glibc
import RACore

extension Agent {
    /// How much a look at the slots may do.
    enum SlotCare {
        case everything
        /// Nobody has connected yet, or a change of role is under way: no time to judge what a slot keeps.
        case makingOnly
    }

    /// Keeps a slot for every other node, within its limits; failures are logged and tried again at the next look.
    ///
    /// - Parameter cluster: nil when it couldn't be read, and on standbys, which needn't know it.
    func keepSlots(_ set: ReplicaSet, _ cluster: ClusterObservation?, _ care: SlotCare = .everything) {
        let book = SlotBook(path: ownFiles.slots)
        guard mode.isReplicated, parameters.replicationSlotName != nil || !(book?.entries.isEmpty ?? true),
            case .running(let file) = observePostmaster(dataDirectory: dataDirectory)
        else { return }
        switch observer.connectToChange(file, by: lookDeadline) {
        case .failure(let failure): log.warning("replication slots: \(failure.text)")
        case .success(let connection):
            do throws(QueryFailure) {
                let slots = Slots(connection: connection, deadline: lookDeadline)
                var keeping = SlotKeeping(self, set, cluster, slots, try slots.observe(), book, care)
                keeping.carryOut()
            } catch {
                log.warning("replication slots: \(error.text)")
            }
        }
    }

    /// As `keepSlots`, for a standby: not at every look, as little changes there.
    func keepSlotsNowAndThen() {
        guard SlotWatch(slotWatchFile)?.isDue(at: began.nanoseconds) ?? true else { return }
        keepSlots(replicaSet(nil), nil)
    }

    var slotWatchFile: RunFile { RunFile("slots", resource: environment.resource) }
}

/// One look at the slots, and what follows from it.
struct SlotKeeping {
    let agent: Agent
    let set: ReplicaSet
    /// nil once slots aren't wanted any more: those that the agent made go.
    let base: String?
    let cluster: ClusterObservation?
    let slots: Slots
    let seen: SlotObservation
    let space: WALSpace
    let limits: SlotLimits
    let care: Agent.SlotCare
    let now = time(nil)
    var book: SlotBook
    private var watch: SlotWatch
    /// An unreadable book isn't written: it would lose what it knows.
    private let isBookReadable: Bool
    private var wantsCheckpoint = false

    init(
        _ agent: Agent,
        _ set: ReplicaSet,
        _ cluster: ClusterObservation?,
        _ slots: Slots,
        _ seen: SlotObservation,
        _ book: SlotBook?,
        _ care: Agent.SlotCare
    ) {
        self.agent = agent
        self.set = set
        self.cluster = cluster
        self.slots = slots
        self.seen = seen
        self.care = care
        self.book = book ?? SlotBook()
        isBookReadable = book != nil
        base = agent.parameters.replicationSlotName
        limits = SlotLimits(agent.parameters)
        let moment = agent.began.nanoseconds
        let free = freeBytes(agent.dataDirectory + "/pg_wal")
        watch =
            SlotWatch(agent.slotWatchFile)?.next(seen.lsn, free: free, at: moment)
            ?? SlotWatch(moment: moment, lsn: seen.lsn, free: free)
        space = WALSpace(
            free: free,
            rate: watch.rate,
            horizon: SlotWatch.horizon(interval: agent.environment.meta("interval"), isStandby: seen.isInRecovery),
            cycle: seen.cycle
        )
    }

    mutating func carryOut() {
        let former = book
        if let base {
            for peer in set.peers { noteUse(slotName(base: base, node: peer)) }
            if seen.isInRecovery { forwardAll(base) } else { keepAll(base) }
            reportFormer(base)
        }
        dropLeft()
        if book != former { save() }
        tell()
        if watch.isLimitDue { limitByServer() }
        watch.noteLimit()
        watch.write(agent.slotWatchFile)
        // The last thing, as it may outlast this connection: WAL goes with a checkpoint, and the next may be long in coming.
        if wantsCheckpoint { slots.requestCheckpoint() }
    }

    private mutating func noteUse(_ name: String) {
        // Of one that somebody dropped nothing is known any more.
        guard let slot = seen.slot(name) else { return book.remove(name) }
        book.note(name, isUsed: slot.isActive || seen.isInRecovery, now: now)
    }

    func standing(_ slot: ReplicationSlot?, isInUse: Bool, wasNear: Bool = false) -> SlotStanding {
        let since = slot.flatMap { book.unusedSince($0.name) }
        let use = SlotUse(
            keeps: seen.keeps(slot),
            isInUse: isInUse,
            unusedSeconds: since.map { UInt64(max(0, now - $0)) } ?? 0,
            wasNear: wasNear
        )
        return assessSlot(slot, use, space: space, limits: limits)
    }

    mutating func perform(_ step: SlotStep, _ slot: ReplicationSlot?, _ name: String, for peer: String) {
        let isUsed = seen.isInRecovery
        do throws(QueryFailure) {
            switch step {
            case .leave, .warn: return
            case .create:
                try slots.create(name)
                agent.log.info("made replication slot \(name) for \(peer)")
                book.note(name, isUsed: isUsed, now: now)
            case .replace:
                guard try slots.drop(name, isForced: false) else { return }
                try slots.create(name)
                agent.log.warning("made replication slot \(name) anew: \(state(slot))")
                book.note(name, isUsed: isUsed, now: now)
            case .advance(let lsn): try slots.advance(name, to: lsn)
            case .release:
                guard try slots.drop(name, isForced: false) else { return }
                agent.log.info("dropped replication slot \(name): the primary keeps nothing for \(peer) any more")
            case .drop(let limit):
                guard try slots.drop(name, isForced: limit == .space && slot?.isActive ?? false) else {
                    return agent.log.warning("replication slot \(name) came into use, and stays")
                }
                agent.log.warning("dropped replication slot \(name) (\(limit.words)): \(state(slot))")
                wantsCheckpoint = true
            }
        } catch {
            agent.log.error("replication slot \(name): \(error.text)")
        }
    }

    private func state(_ slot: ReplicationSlot?) -> String {
        guard let slot else { return "it wasn't there" }
        if slot.isLost { return "the server had given it up (\(slot.invalidation ?? "wal_status lost"))" }
        guard let retained = slot.retained else { return "it kept no WAL" }
        return "it kept \(retained) bytes, \(space.free.map(String.init) ?? "an unknown number of") bytes were free, "
            + "and \(space.rate) came in a second"
    }

    /// The one slot of a heartbeat/pgsql of before 4.1.0 would keep WAL for ever.
    private func reportFormer(_ base: String) {
        let old = seen.slot(base).flatMap { $0.isPhysical && !$0.isActive && $0.restartLSN != nil ? $0 : nil }
        let text =
            "replication slot \(base) is one of heartbeat/pgsql's, keeps WAL, and nobody uses it. HINT: 'pgrex-tool slots drop'."
        agent.remark("slot-old", old.map { _ in text })
    }

    private mutating func dropLeft() {
        let peers = base.map { base in set.peers.map { slotName(base: base, node: $0) } } ?? []
        let own = base.map { slotName(base: $0, node: set.ownNode) } ?? ""
        for slot in leftSlots(seen.slots, made: book.names, peers: peers, own: own) where !isStillNeeded(slot.name) {
            do throws(QueryFailure) {
                guard try slots.drop(slot.name, isForced: false) else { continue }
                agent.log.notice("dropped replication slot \(slot.name): no other node of node_list needs it")
                book.remove(slot.name)
            } catch {
                agent.log.error("replication slot \(slot.name): \(error.text)")
            }
        }
        let present = seen.slots.map(\.name)
        for name in book.names where !peers.contains(name) && !present.contains(name) { book.remove(name) }
    }

    /// With another base, a node's slot of before keeps its WAL on the primary until the node uses the new one. A standby's
    /// would stand still, as only those of the present base are moved.
    private func isStillNeeded(_ name: String) -> Bool {
        guard let base, !seen.isInRecovery else { return false }
        return set.peers.contains { peer in
            name.hasSuffix(slotName(base: "", node: peer))
                && !(seen.slot(slotName(base: base, node: peer))?.isActive ?? false)
        }
    }

    private func save() {
        guard isBookReadable else { return }
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
}
