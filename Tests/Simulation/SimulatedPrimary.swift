import RACore

/// The monitor of a running instance, and a primary's supervision.
extension SimulatedCluster {
    mutating func monitor(_ index: Int) {
        guard nodes[index].server.isRunning, !nodes[index].server.isHung else { return end(index, as: .failed) }
        let isPrimary = nodes[index].server.role == .primary
        // A role that nobody asked for is reported, and dealt with by Pacemaker.
        let told = nodes[index].copy.nodes[index].resourceRole
        if isPrimary != (told == .promoted) { setRole(index, isPrimary ? .promoted : .unpromoted) }
        if isPrimary { supervise(index) } else { superviseStandby(index) }
    }

    func facts(_ index: Int) -> ServerFacts {
        let server = nodes[index].server
        var senders: [WALSender] = []
        if server.role == .primary {
            let rows = server.senders.sorted { place($0.node, server.shown) < place($1.node, server.shown) }
            var waitedFor = 0
            for row in rows {
                let isListed = server.shown.members.contains(row.node)
                let isChosen = isListed && (server.shown.set.method == .any || waitedFor < server.shown.set.count)
                if isChosen && row.isStreaming { waitedFor += 1 }
                senders.append(
                    WALSender(
                        applicationName: name(row.node),
                        state: row.isStreaming ? "streaming" : "catchup",
                        syncState: isChosen ? "sync" : isListed ? "potential" : "async",
                        flushedLSN: SimulatedLog.lsn(row.flushed),
                        processID: row.processID
                    )
                )
            }
        }
        return ServerFacts(
            isInRecovery: server.role != .primary,
            systemIdentifier: SimulatedCluster.systemIdentifier,
            timeline: server.log.timeline,
            history: server.log.history,
            lsn: server.log.lsn,
            synchronousStandbyNames: server.shown.set.setting,
            senders: .known(senders)
        )
    }

    private func place(_ node: Int, _ setting: SimulatedSetting) -> Int { setting.members.firstIndex(of: node) ?? 99 }

    private mutating func supervise(_ index: Int) {
        if nodes[index].agent.awaited != nil { return awaitFlush(index) }
        guard let cluster = nodes[index].agent.cluster else {
            if rests(index) { return nodes[index].agent.end() }
            nodes[index].agent.mustLook = false
            nodes[index].agent.rest = nil
            nodes[index].agent.seenTurn = turns
            nodes[index].agent.cluster = look(index).cluster
            // The cluster and the server are looked at one after the other.
            if nodes[index].agent.rounds == 0 && random.oneIn(2) { nodes[index].agent.facts = facts(index) }
            return
        }
        let seen = nodes[index].agent.facts ?? facts(index)
        (nodes[index].agent.cluster, nodes[index].agent.facts) = (nil, nil)
        supervise(index, cluster, seen)
    }

    private mutating func rests(_ index: Int) -> Bool {
        guard !nodes[index].agent.mustLook, nodes[index].agent.rounds == 0, let rest = nodes[index].agent.rest,
            turns - rest.turn < 150, RestingState(sets[index], server: facts(index)) == rest.state
        else { return false }
        counts.rests += 1
        return true
    }

    private mutating func supervise(_ index: Int, _ cluster: ClusterObservation, _ server: ServerFacts) {
        if nodes[index].agent.rounds == 0 { nodes[index].server.file = setting(server, index) }
        nodes[index].agent.rounds += 1
        guard nodes[index].agent.rounds < 9 else { return nodes[index].agent.end() }
        let record = newest(index, cluster)
        let input = SupervisionInput(
            set: sets[index],
            server: server,
            cluster: cluster,
            record: record,
            promotion: nodes[index].server.isPromotedHere || sabotage == .strayRecords ? .thisServer : .none,
            unsteady: isHealing || !random.oneIn(8) ? [] : [name(random.below(nodes.count))]
        )
        let barrier = sabotage == .noBarrier ? LSN(bytes: 0) : nodes[index].agent.barrier
        let plan = decideSupervision(input, barrier: barrier)
        guard plan.effects.isEmpty else {
            if plan.effects.contains(where: \.changesSetting) { nodes[index].agent.barrier = nil }
            if sabotage == .changeBeforeRecord { changeEarly(index, server) }
            nodes[index].agent.plan = self.plan(plan.effects)
            return
        }
        guard let awaited = plan.awaited else { return rest(index, server, record, cluster) }
        // Between two checkpoints, so that every commit waits as the setting says.
        guard nodes[index].agent.barrier == nil, nodes[index].server.inEffect == nodes[index].server.shown else {
            return nodes[index].agent.end()
        }
        nodes[index].agent.barrier = nodes[index].server.log.lsn
        nodes[index].agent.awaited = awaited
        nodes[index].agent.cluster = cluster
    }

    private func setting(_ server: ServerFacts, _ index: Int) -> SimulatedSetting {
        let set = SynchronousSet(setting: server.synchronousStandbyNames) ?? .none
        return SimulatedSetting(set, nodes: sets[index].members)
    }

    /// Looks at the server alone until enough standbys have come so far, as the performer does.
    private mutating func awaitFlush(_ index: Int) {
        guard let awaited = nodes[index].agent.awaited, let barrier = nodes[index].agent.barrier else { return }
        let now = facts(index)
        if isReached(barrier, by: awaited, now.senders.value ?? []) {
            nodes[index].agent.awaited = nil
            nodes[index].agent.facts = now
            return
        }
        nodes[index].agent.waits += 1
        if nodes[index].agent.waits > 8 { nodes[index].agent.end() }
    }

    private mutating func rest(
        _ index: Int,
        _ server: ServerFacts,
        _ record: ClusterRecord?,
        _ cluster: ClusterObservation
    ) {
        if mayRest(sets[index], record: record, cluster: cluster),
            let state = RestingState(sets[index], server: server)
        {
            nodes[index].agent.rest = (state, nodes[index].agent.seenTurn)
        }
        nodes[index].agent.end()
    }

    /// The sabotage: whom commits wait for follows the connections at once.
    private mutating func changeEarly(_ index: Int, _ server: ServerFacts) {
        let streaming = (server.senders.value ?? []).filter(\.isStreaming).map(\.applicationName)
        let shown = nodes[index].server.shown.set
        guard !shown.names.allSatisfy({ name in streaming.contains(name) }) else { return }
        let names = Array(streaming.prefix(scenario.policy.count))
        let set = SynchronousSet(names: names, count: names.count, method: .first)
        nodes[index].server.file = SimulatedSetting(set, nodes: sets[index].members)
        nodes[index].server.shown = nodes[index].server.file
        nodes[index].server.inEffect = nodes[index].server.file
    }
}
