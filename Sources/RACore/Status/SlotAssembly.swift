/// Puts the report together from what the servers answered and what their agents told.
///
/// - Parameter now: seconds since 1970.
public func assembleSlots(
    _ observation: StatusObservation,
    told: [String: PublishedWAL],
    limits: SlotLimits,
    now: Int
) -> SlotReport {
    let base = observation.mode.isReplicated ? observation.slotBase : nil
    return SlotReport(
        resource: observation.resource,
        base: base,
        limits: limits,
        source: observation.source,
        nodes: observation.members.map { node in
            let wal = told.first { sameName($0.key, node) }?.value
            return SlotLines(node: node, base: base, observation: observation, told: wal, limits: limits, now: now)
                .slots
        }
    )
}

/// One server's part in the making.
private struct SlotLines {
    let node: String
    let base: String?
    let observation: StatusObservation
    let told: PublishedWAL?
    let limits: SlotLimits
    let now: Int

    /// What an agent that works tells at least, in seconds, is told again.
    private static let oldest = 180

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

    private var space: Observed<WALSpace> {
        guard let told else { return .unknown(why: "\(node)'s agent doesn't tell of its WAL") }
        let age = max(0, now - told.time)
        guard age <= SlotLines.oldest else {
            return .unknown(why: "\(node)'s agent last told of its WAL \(age) s ago")
        }
        return .known(WALSpace(free: told.free, rate: told.rate))
    }

    private var lines: Observed<[SlotLine]> {
        switch observation.answer(of: node) {
        case .server(_, .known(let extras)): return .known(members(extras.slots) + others(extras.slots))
        case .server(_, .unknown(let why)), .notServing(_, let why), .silent(let why), .none(let why):
            return .unknown(why: why)
        case .replication: return .unknown(why: onlyReplication(node))
        case .notRunning: return .unknown(why: "\(node)'s instance is stopped")
        }
    }

    private func members(_ seen: SlotObservation) -> [SlotLine] {
        guard let base else { return [] }
        return peers.map { peer in
            let name = slotName(base: base, node: peer)
            guard let slot = seen.slot(name) else { return missing(name, peer) }
            return line(slot, .member(peer), seen)
        }
    }

    private func note(_ peer: String) -> SlotNote? {
        attributeValue(.slot, node: peer, in: observation.cluster, resource: observation.resource)
            .flatMap { SlotNote($0) }
    }

    private func missing(_ name: String, _ peer: String) -> SlotLine {
        var state = SlotLineState.standing(.missing)
        if case .dropped(let slot)? = note(peer) { state = .dropped(slot.limit) }
        return SlotLine(name: name, kind: .member(peer), isActive: false, state: state)
    }

    private func others(_ seen: SlotObservation) -> [SlotLine] {
        let known = base.map { base in peers.map { slotName(base: base, node: $0) } } ?? []
        return seen.slots.filter { !known.contains($0.name) }.sorted { $0.name < $1.name }
            .map { line($0, kind(of: $0), seen) }
    }

    private func kind(of slot: ReplicationSlot) -> SlotKind {
        guard slot.isPhysical else { return .logical }
        guard let base else { return .foreign }
        return slot.name == base ? .former : slot.name.hasPrefix(base + "_") ? .left : .foreign
    }

    private func line(_ slot: ReplicationSlot, _ kind: SlotKind, _ seen: SlotObservation) -> SlotLine {
        let since = told?.kept.first { $0.name == slot.name }?.unusedSince
        let unused = slot.isActive ? nil : since.map { UInt64(max(0, now - $0)) }
        let keeps = seen.keeps(slot)
        var line = SlotLine(
            name: slot.name,
            kind: kind,
            isActive: slot.isActive,
            restartLSN: slot.restartLSN,
            retained: slot.retained,
            keeps: keeps,
            unusedSeconds: unused,
            serverStatus: slot.invalidation ?? slot.status,
            state: slot.isActive ? .inUse : .standing(slot.isLost ? .lost : slot.retained == nil ? .unreserved : .kept)
        )
        // Limits are the agent's own business: it minds its members' slots only.
        guard case .member(let peer) = kind else { return line }
        line.limit = limit(slot, keeps: keeps)
        let use = SlotUse(keeps: keeps, isInUse: slot.isActive, unusedSeconds: unused ?? 0)
        let standing = assessSlot(
            slot,
            use,
            space: WALSpace(free: space.value?.free, cycle: seen.cycle),
            limits: limits
        )
        if standing != .kept { line.state = .standing(standing) }
        // The agent reckons with what will be written, too.
        if standing == .kept, case .near(let limit, let keeper)? = note(peer), sameName(keeper, node) {
            line.state = .standing(.near(limit))
        }
        return line
    }

    private func limit(_ slot: ReplicationSlot, keeps: UInt64) -> UInt64? {
        var allowed: [UInt64] = []
        let needed = (slot.retained ?? 0) - min(keeps, slot.retained ?? 0)
        let share = limits.share(isInUse: slot.isActive)
        if limits.share > 0, let most = space.value?.part(share, keeping: keeps) { allowed.append(most + needed) }
        if limits.bytes > 0, !slot.isActive { allowed.append(limits.bytes + needed) }
        return allowed.min()
    }
}
