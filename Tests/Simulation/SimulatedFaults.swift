import RACore

/// What goes wrong, what an operator does about it, and what ends by itself.
extension SimulatedCluster {
    mutating func fault() {
        switch random.below(19) {
        case 0, 1: killAgent()
        case 2: crash()
        case 3: if random.oneIn(2) { hang() } else { reload() }
        case 4: losePower()
        case 5, 6, 7: split()
        case 8: cutReplication()
        case 14, 15: conspire()
        case 16: slowDown()
        case 17, 18: partBriefly()
        case 9: breakFence()
        case 10: if random.oneIn(2) { configure() } else { cleanUp() }
        case 11: if random.oneIn(2) { switchOver() } else { configure() }
        case 12: if random.oneIn(6) { loseEverything() } else { losePower() }
        case _: if random.oneIn(3) { replaceDisk() } else { heal() }
        }
    }

    /// Ends an agent between two effects; what it had not finished counts as failed, or is just tried again.
    private mutating func killAgent() {
        guard let index = random.pick(indices { !$0.agent.plan.isEmpty }) else { return }
        log { "\(name(index)): agent killed during \(nodes[index].agent.job)" }
        switch nodes[index].agent.job {
        case .none, .monitor, .ending, .prePromote:
            nodes[index].agent.end()
            if random.oneIn(4) { setRole(index, .failed) }
        case .probe, .start, .stop, .demote, .promote:
            nodes[index].agent.end()
            setRole(index, .failed)
        }
    }

    private mutating func crash() {
        guard let index = random.pick(indices { $0.isPowered && $0.server.isRunning }) else { return }
        log { "\(name(index)): server crashed" }
        nodes[index].server.goDown()
    }

    private mutating func hang() {
        guard let index = random.pick(indices { $0.isPowered && $0.server.isRunning }) else { return }
        log { "\(name(index)): server hangs" }
        nodes[index].server.isHung = true
    }

    /// Somebody has the servers read their configuration: log rotation, an operator.
    private mutating func reload() {
        for index in nodes.indices where random.oneIn(2) { nodes[index].server.shown = nodes[index].server.file }
    }

    private mutating func losePower() {
        let promoting = indices { $0.agent.job == .promote }
        guard let index = random.pick(promoting + indices { $0.isPowered }) else { return }
        powerOff(index)
    }

    private mutating func loseEverything() {
        for index in nodes.indices where nodes[index].isPowered { powerOff(index) }
    }

    /// The cluster services part; WAL may go on through another network, or one way only.
    private mutating func split() {
        guard nodes.allSatisfy({ $0.island == nodes[0].island }) else { return heal() }
        let promoting = indices { $0.agent.job == .promote || $0.server.role == .primary }
        let alone = plannedSplit == turns || random.oneIn(2) ? random.pick(promoting) : random.below(nodes.count)
        for index in nodes.indices { nodes[index].island = 0 }
        if plannedSplit != turns, random.oneIn(3) {
            for index in nodes.indices { nodes[index].island = random.below(random.oneIn(4) ? nodes.count : 2) }
        } else if let alone {
            nodes[alone].island = 1
        }
        let shape = random.below(4)
        for from in nodes.indices {
            for to in nodes.indices where nodes[from].island != nodes[to].island {
                // All WAL is cut, none, or what goes into one island.
                isCut[from][to] = shape == 0 ? false : shape == 1 ? nodes[to].island == 0 : true
            }
        }
        log { "split \(nodes.map(\.island)), cut \(isCut)" }
        reform()
    }

    /// A node's copy of the CIB falls behind.
    private mutating func slowDown() { nodes[random.below(nodes.count)].slowUntil = turns + 20 + random.below(60) }

    /// What goes wrong together: a standby loses its connection and falls behind with the CIB, so that commits are
    /// about to stop waiting for it, and then the primary is cut off.
    private mutating func conspire() {
        guard let primary = nodes.indices.first(where: { serves($0) }) else { return slowDown() }
        let other = random.below(nodes.count)
        guard other != primary, !isHealing else { return }
        isCut[primary][other] = true
        nodes[other].slowUntil = turns + 20 + random.below(80)
        // The connection ends at once, as if it had been refused.
        nodes[primary].server.senders.removeAll { $0.node == other }
        nodes[other].server.upstream = nil
        plannedSplit = turns + 10 + random.below(60)
        log { "\(name(other)): loses its connection, and its CIB is slow" }
    }

    /// A standby is cut off for so short a time that nobody fences it, and soon after the primary is lost: what the
    /// standby published meanwhile is old.
    private mutating func partBriefly() {
        guard let primary = nodes.indices.first(where: { serves($0) }), !isHealing, nodes.count > 2,
            nodes.allSatisfy({ $0.island == 0 })
        else { return slowDown() }
        let other = random.below(nodes.count)
        guard other != primary else { return }
        nodes[other].island = 1
        let isCutOff = random.oneIn(2)
        for node in nodes.indices where node != other {
            (isCut[node][other], isCut[other][node]) = (isCutOff, isCutOff)
        }
        if isCutOff { nodes[other].server.upstream = nil }
        reform()
        for number in parts.indices { parts[number].isFenceBroken = true }
        plannedReturn = turns + 15 + random.below(40)
        plannedLoss = plannedReturn + 1 + random.below(25)
        log { "\(name(other)): parted briefly" }
    }

    private mutating func cutReplication() {
        let (from, to) = (random.below(nodes.count), random.below(nodes.count))
        guard from != to else { return }
        isCut[from][to] = true
        if random.oneIn(2) { isCut[to][from] = true }
        // A flapping link: the connection ends although the way is open again.
        if random.oneIn(2) {
            (isCut[from][to], isCut[to][from]) = (false, false)
            if nodes[to].server.upstream?.node == from { nodes[to].server.upstream = nil }
        }
    }

    mutating func heal() {
        guard nodes.contains(where: { $0.island != 0 }) || isCut.contains(where: { $0.contains(true) }) else { return }
        log { "healed" }
        for index in nodes.indices { nodes[index].island = 0 }
        isCut = nodes.map { _ in nodes.map { _ in false } }
        reform()
    }

    private mutating func breakFence() {
        guard let number = parts.indices.randomElement(using: &random) else { return }
        parts[number].isFenceBroken = true
    }

    /// An operator changes the configuration, wherever he happens to be logged in.
    private mutating func configure() {
        guard let index = random.pick(indices { $0.isPowered }) else { return }
        let count = 1 + random.below(6)
        log { "\(name(index)): an operator makes \(count) changes" }
        for _ in 0..<count { publish(.configuration, from: index) }
    }

    /// `crm resource cleanup` forgets failures, `crm resource refresh` everything that is known of an instance.
    private mutating func cleanUp() {
        for index in nodes.indices where nodes[index].isPowered {
            if nodes[index].isBanned { forgive(index) }
            if random.oneIn(3) { publish(.role(.unknown, node: index), from: index) }
        }
    }

    private mutating func switchOver() {
        guard let index = random.pick(indices { _ in true }.filter { serves($0) }),
            parts[nodes[index].part].hasQuorum, nodes[index].agent.next == nil
        else { return }
        log { "\(name(index)): a planned demotion" }
        nodes[index].agent.next = .demote
    }

    /// A node is lost for good and comes back with an empty disk, while a primary has everything.
    private mutating func replaceDisk() {
        guard indices(where: { _ in true }).contains(where: { serves($0) }),
            let index = random.pick(indices { !$0.isPowered && !$0.server.isRunning }), index != lastPrimary
        else { return }
        log { "\(name(index)): a new disk" }
        nodes[index].server.log = SimulatedLog()
        nodes[index].isBlank = true
        nodes[index].record = nil
        nodes[index].lock = nil
        nodes[index].epoch = 0
        for other in nodes.indices { nodes[index].copy.nodes[other].permanentAttributes = [:] }
    }

    /// What ends by itself after a while, or because somebody looks after it.
    mutating func recover() {
        for index in nodes.indices where !nodes[index].isPowered && random.oneIn(isHealing ? 20 : 60) { powerOn(index) }
        if random.oneIn(isHealing ? 10 : 70) { heal() }
        if plannedSplit == turns, !isHealing { split() }
        if plannedReturn == turns { heal() }
        if plannedLoss == turns, !isHealing, let primary = nodes.indices.first(where: { serves($0) }) {
            powerOff(primary)
        }
        for number in parts.indices where parts[number].isFenceBroken && random.oneIn(isHealing ? 5 : 60) {
            parts[number].isFenceBroken = false
        }
        for index in nodes.indices where nodes[index].isBanned || nodes[index].isBlank {
            if random.oneIn(isHealing ? 20 : 80) { rejoin(index) }
        }
    }

    /// Two went different ways and nothing tells who is right: an operator decides for the one that was promoted last.
    mutating func decideFork() {
        guard let last = lastPrimary, nodes[last].isPowered, !nodes.contains(where: { $0.server.role == .primary })
        else { return }
        let term = nodes.indices.compactMap { shownRecord($0)?.term }.max() ?? 0
        let record = ClusterRecord(
            primary: name(last),
            systemIdentifier: SimulatedCluster.systemIdentifier,
            history: nodes[last].server.log.history,
            lsn: nodes[last].server.log.lsn,
            term: term + 1,
            isLossAccepted: true
        )
        log { "an operator decides for \(name(last))" }
        counts.decisions += 1
        records[record.text] = record
        nodes[last].record = record
        publish(.record(record, node: last), from: last)
    }

    /// `pgrex-tool rejoin`: a copy of the primary's data; what is replaced is kept elsewhere.
    private mutating func rejoin(_ index: Int) {
        guard nodes[index].isPowered, nodes[index].part >= 0, !nodes[index].server.isRunning,
            nodes[index].agent.job == .none
        else { return }
        let primaries = parts[nodes[index].part].members.filter { serves($0) && reaches($0, index) }
        if let primary = primaries.first, parts[nodes[index].part].hasQuorum {
            log { "\(name(index)): re-joined with a copy of \(name(primary))" }
            nodes[index].server.log = nodes[primary].server.log
            nodes[index].server.hasStandbySignal = true
            nodes[index].isBlank = false
            nodes[index].lock = nil
            forgive(index)
            counts.rejoins += 1
        } else if isHealing, !nodes[index].isBlank, random.oneIn(10) {
            // Without a primary an operator can only try again.
            forgive(index)
        }
    }

    private mutating func forgive(_ index: Int) {
        nodes[index].isBanned = false
        publish(.failure(false, node: index), from: index)
    }
}
