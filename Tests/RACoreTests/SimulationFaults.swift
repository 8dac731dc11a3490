import RACore
import RATestSupport

/// Pacemaker's choices, and what goes wrong.
extension SimulatedCluster {
    // MARK: Pacemaker

    private var mayPlace: Bool {
        cib.nodes.filter(\.isOnline).count >= 2 && !cib.nodes.contains { $0.isUnclean }
    }

    private func score(_ index: Int) -> Int {
        guard case .score(let number)? = cib.nodes[index][.score].flatMap({ PromotionScore($0) }) else { return 0 }
        return number
    }

    /// Of two primaries the one with the better score stays; one without any doesn't.
    private mutating func settleStrays() {
        for index in nodes.indices where nodes[index].server.isStray && cib.nodes[index].resourceRole == .promoted {
            guard random.oneIn(4) else { continue }
            let other = nodes.indices.first { $0 != index && cib.nodes[$0].resourceRole == .promoted }
            guard score(index) > max(0, other.map(score) ?? 0) else {
                fail(index)
                continue
            }
            log("\(nodes[index].name): the stray primary is kept")
            nodes[index].server.isStray = false
            if let other { fail(other) }
        }
    }

    /// Promotes the node with the best score once no other can be a primary.
    mutating func promoteSomebody() {
        settleStrays()
        let isTaken = cib.nodes.contains { $0.resourceRole == .promoted || ($0.isOnline && $0.resourceRole == .failed) }
        guard mayPlace, !isTaken, !nodes.contains(where: { $0.agent.action == .promote || $0.agent.action == .stop })
        else { return }
        let cluster = cib
        let candidates = cluster.nodes.indices.filter { index in
            let node = cluster.nodes[index]
            return node.isOnline && node.resourceRole == .unpromoted && node.isPromotable
        }
        guard let index = candidates.max(by: { score($0) < score($1) }) else { return }
        nodes[index].agent.end()
        let set = Build.set(own: nodes[index].name)
        if refusePromotion(set, cluster: view(from: index)) != nil { return fail(index) }
        let position = nodes[index].server.published.position
        nodes[index].agent.action = .promote
        nodes[index].agent.promotedFrom = position
        nodes[index].agent.plan = [.promote, .completePromotion]
    }

    mutating func fence() {
        for index in nodes.indices where cib.nodes[index].isUnclean { powerOff(index) }
    }

    private mutating func powerOff(_ index: Int) {
        log("\(nodes[index].name): off")
        nodes[index].isPowered = false
        nodes[index].isIsolated = false
        nodes[index].server.goDown()
        nodes[index].agent.end()
        nodes[index].agent.ballots = []
        nodes[index].agent.rest = nil
        (cib.nodes[index].isOnline, cib.nodes[index].isUnclean) = (false, false)
        cib.nodes[index].transientAttributes = [:]
        setRole(index, .unknown)
    }

    mutating func powerOn(_ index: Int) {
        log("\(nodes[index].name): on")
        nodes[index].isPowered = true
        cib.nodes[index].isOnline = true
        let isStray = !nodes[index].server.hasStandbySignal && random.oneIn(2)
        if isStray { nodes[index].server.comeUpByItself() }
        // The probe reports what it finds.
        setRole(index, isStray ? .promoted : .stopped)
    }

    /// A planned demotion: the primary shuts down once every linked standby has all of its WAL, and comes up as standby.
    mutating func demote() {
        guard mayPlace, let index = primaryIndex, cib.nodes[index].resourceRole == .promoted else { return }
        nodes[index].agent.end()
        for effect in announceDemotion(Build.set(own: nodes[index].name), cluster: view(from: index)) {
            write(effect, from: index)
        }
        for other in nodes.indices { replicate(other, all: true) }
        for other in nodes.indices { nodes[other].server.isLinked = false }
        nodes[index].server.goDown()
        nodes[index].server.comeUpAsStandby()
        setRole(index, .unpromoted)
    }

    // MARK: Faults

    mutating func fault() {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: kill()
        case 1: crash()
        case 2: lose()
        case 3:
            for index in nodes.indices where random.oneIn(2) { nodes[index].server.isLinked = false }
            // Somebody has the servers read their configuration: log rotation, an operator.
            for index in nodes.indices where random.oneIn(2) { nodes[index].server.shown = nodes[index].server.file }
        case 4: if random.oneIn(3) { demote() }
        case _: if random.oneIn(8) { for index in nodes.indices { powerOff(index) } }
        }
    }

    /// Ends an agent between two effects; what it had not finished counts as failed, or is just tried again.
    private mutating func kill() {
        guard let index = pick({ !$0.agent.plan.isEmpty }, &random) else { return }
        log("\(nodes[index].name): agent killed")
        let isLost = nodes[index].agent.action != .monitor || random.oneIn(3)
        if isLost && !nodes[index].isIsolated { fail(index) } else { nodes[index].agent.end() }
    }

    private mutating func crash() {
        guard let index = pick({ $0.isPowered && $0.server.role != .down }, &random) else { return }
        log("\(nodes[index].name): server crashed")
        nodes[index].server.goDown()
    }

    /// One node at a time is dead or cut off; a cut off one goes on serving until it is fenced.
    private mutating func lose() {
        let promoting = nodes.firstIndex { $0.agent.action == .promote }
        guard cib.nodes.allSatisfy({ $0.isOnline && !$0.isUnclean }),
            let index = promoting ?? pick({ $0.isPowered }, &random)
        else { return }
        log("\(nodes[index].name): lost")
        (cib.nodes[index].isOnline, cib.nodes[index].isUnclean) = (false, true)
        nodes[index].isIsolated = true
        if random.oneIn(2) { crashQuietly(index) }
    }

    /// The machine is gone, but its connections look alive for a while.
    private mutating func crashQuietly(_ index: Int) {
        let isLinked = nodes[index].server.isLinked
        nodes[index].agent.end()
        nodes[index].server.role = .down
        nodes[index].server.isLinked = isLinked
    }

    /// A node that joins is probed, and a probe waits for the actions of the transition before.
    private mutating func joinSomebody() {
        guard !nodes.contains(where: { $0.agent.action == .promote }) else { return }
        if let index = pick({ !$0.isPowered }, &random) { powerOn(index) }
    }

    // MARK: Running

    /// The checkpointer reads the configuration: from now on every commit waits as the setting says.
    private mutating func readSetting(_ index: Int) { nodes[index].server.waitedFor = nodes[index].server.shown }

    mutating func turn(faultRarity: Int) {
        turns += 1
        switch Int.random(in: 0..<7, using: &random) {
        case 0: commit()
        case 1, 2: replicate(Int.random(in: 0..<3, using: &random))
        case 3: link(Int.random(in: 0..<3, using: &random))
        case 4: for index in nodes.indices where random.oneIn(2) { readSetting(index) }
        case 5: promoteSomebody()
        case _: if random.oneIn(2) { fence() } else { joinSomebody() }
        }
        step(Int.random(in: 0..<3, using: &random))
        // A promotion is short, and what goes wrong in one is worth more.
        let rarity = nodes.contains { $0.agent.action == .promote } ? faultRarity / 8 : faultRarity
        if rarity > 0, random.oneIn(rarity) { fault() }
        acknowledge()
        check()
    }
}
