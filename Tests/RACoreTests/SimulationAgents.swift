import RACore
import RATestSupport

/// What the agents do, one effect a step.
extension SimulatedCluster {
    mutating func step(_ index: Int) {
        guard nodes[index].isPowered else { return }
        guard nodes[index].agent.plan.isEmpty else { return carryOut(index) }
        switch nodes[index].agent.action {
        case .none: begin(index)
        case .monitor: monitor(index)
        case .start, .stop, .promote: nodes[index].agent.end()
        }
    }

    /// Chooses the next action as Pacemaker would; promotions are chosen in `promoteSomebody`.
    private mutating func begin(_ index: Int) {
        if cib.nodes[index].resourceRole != .promoted { nodes[index].agent.rest = nil }
        let role = nodes[index].isIsolated ? .unpromoted : cib.nodes[index].resourceRole
        switch role {
        case .failed:
            nodes[index].agent.action = .stop
            nodes[index].agent.plan =
                [.goDown] + plan(announceStop(Build.set(own: nodes[index].name), cluster: view(from: index)))
                + [.report(.stopped)]
        case .stopped, .unknown:
            guard cib.nodes[index].isOnline, view(from: index).hasQuorum else { return }
            nodes[index].agent.action = .start
            nodes[index].agent.plan =
                plan(announceStart(Build.set(own: nodes[index].name), cluster: view(from: index)))
                + [.passGate, .comeUp, .report(.unpromoted)]
        case .promoted, .unpromoted:
            if nodes[index].server.role == .down { return setRole(index, .failed) }
            nodes[index].agent.action = .monitor
        }
    }

    private func plan(_ effects: [ClusterEffect]) -> [SimulatedAgent.Effect] { effects.map { .cluster($0) } }

    private mutating func carryOut(_ index: Int) {
        switch nodes[index].agent.plan.removeFirst() {
        case .cluster(.waitFor(let set)): change(index, to: set)
        case .cluster(let effect): write(effect, from: index)
        case .report(let role): setRole(index, role)
        case .goDown: nodes[index].server.goDown()
        case .passGate: passGate(index)
        case .comeUp: nodes[index].server.comeUpAsStandby()
        case .promote: promote(index)
        case .completePromotion:
            let effects = completePromotion(Build.set(own: nodes[index].name), cluster: view(from: index))
            nodes[index].agent.plan = plan(effects) + [.report(.promoted)]
        }
    }

    private mutating func change(_ index: Int, to set: SynchronousSet) {
        log("\(nodes[index].name): waits for \(set.names)")
        nodes[index].server.file = set
        // Killed after the file was written, and before the server was told to read it.
        if random.oneIn(10) { return nodes[index].agent.end() }
        nodes[index].server.shown = set
        nodes[index].agent.barrier = nil
    }

    private mutating func promote(_ index: Int) {
        guard nodes[index].server.role == .standby else { return fail(index) }
        guard isRecorded(index) else { return }
        nodes[index].server.becomePrimary()
        promotions += 1
        log("\(nodes[index].name): promoted with \(nodes[index].server.log.count) commits")
        for other in nodes.indices where other != index { nodes[other].server.isLinked = false }
        acknowledge()
    }

    /// Records the promotion until the cluster shows it, and waits where that proves nothing.
    private mutating func isRecorded(_ index: Int) -> Bool {
        let (set, cluster) = (Build.set(own: nodes[index].name), view(from: index))
        if refusePromotion(set, cluster: cluster) != nil {
            fail(index)
            return false
        }
        let position = nodes[index].agent.promotedFrom ?? nodes[index].server.published.position
        // A node that is cut off sees what it wrote itself; only the others don't.
        let records =
            nodes[index].isIsolated ? [] : preparePromotion(set, position: position, cluster: cluster)
        if records.isEmpty,
            sabotage == .unprovenPromotion || promotionObstacle(set, cluster: cluster, members: nil) == nil
        {
            return true
        }
        nodes[index].agent.plan = plan(records) + [.promote] + nodes[index].agent.plan
        return false
    }

    mutating func fail(_ index: Int) {
        nodes[index].agent.end()
        setRole(index, .failed)
    }

    /// The check before a start: history against the primary, else the lock file against the record.
    private mutating func passGate(_ index: Int) {
        let set = Build.set(own: nodes[index].name)
        guard primaryElsewhere(set, cluster: view(from: index)) != nil else {
            let record = DataStatus(cib.nodes[index][.dataStatus])
            // Whoever was promoted since would have recorded this node as cut off.
            if nodes[index].server.hasLock, !record.holdsEverything(in: .sync) { fail(index) }
            return
        }
        guard let primary = primaryIndex else { return fail(index) }
        // What an operator does with a fork: `pgrex-tool rejoin`.
        if !nodes[index].server.isPrefix(of: nodes[primary].server) {
            nodes[index].server.log = nodes[primary].server.log
        }
        nodes[index].server.hasLock = false
    }

    // MARK: Monitor

    private mutating func monitor(_ index: Int) {
        if nodes[index].server.role == .down {
            nodes[index].agent.end()
            if !nodes[index].isIsolated { setRole(index, .failed) }
            return
        }
        guard let cluster = nodes[index].agent.seenCluster else {
            if let rest = nodes[index].agent.rest, turns - rest.turn < SimulatedAgent.longestRest,
                RestingState(Build.set(own: nodes[index].name), server: facts(index)) == rest.state
            {
                rests += 1
                return nodes[index].agent.end()
            }
            nodes[index].agent.rest = nil
            nodes[index].agent.seenTurn = turns
            nodes[index].server.file = nodes[index].server.shown
            if random.oneIn(2) { nodes[index].agent.seenServer = nodes[index].agent.seenServer ?? facts(index) }
            nodes[index].agent.seenCluster = view(from: index)
            return
        }
        let seen = nodes[index].agent.seenServer ?? facts(index)
        nodes[index].agent.seenCluster = nil
        nodes[index].agent.seenServer = nil
        if seen.isInRecovery {
            superviseStandby(index, cluster)
        } else {
            supervisePrimary(index, cluster, seen)
        }
    }

    private mutating func supervisePrimary(_ index: Int, _ cluster: ClusterObservation, _ server: ServerFacts) {
        let set = Build.set(own: nodes[index].name)
        if sabotage == .strayRecords, nodes[index].server.isStray {
            nodes[index].agent.plan = plan(strayRecords(index))
            return
        }
        let barrier = sabotage == .noBarrier ? LSN(bytes: 0) : nodes[index].agent.barrier
        let effects = decideSupervision(
            set,
            server: server,
            cluster: cluster,
            barrier: barrier,
            isPromotedHere: nodes[index].server.isPromotedHere
        )
        guard effects.isEmpty else {
            nodes[index].agent.plan = plan(effects)
            let streaming = (server.senders.value ?? []).filter(\.isStreaming).map(\.applicationName)
            if sabotage == .noRecordBeforeChange, !Set(nodes[index].server.shown.names).isSubset(of: streaming) {
                change(index, to: .none)
                nodes[index].server.waitedFor = .none
            }
            return
        }
        let awaited = standbysToConfirm(set, server: server, cluster: cluster)
        guard !awaited.isEmpty else {
            if mayRest(set, cluster: cluster), let state = RestingState(set, server: server) {
                nodes[index].agent.rest = (state, nodes[index].agent.seenTurn)
            }
            return nodes[index].agent.end()
        }
        guard barrier == nil else {
            if random.oneIn(6) { nodes[index].agent.end() }
            return
        }
        // Between two checkpoints, so that every commit waits as the setting says.
        guard nodes[index].server.waitedFor == nodes[index].server.shown else { return }
        nodes[index].agent.barrier = nodes[index].server.lsn
    }

    /// What a stray primary would record if it were taken for a true one.
    private func strayRecords(_ index: Int) -> [ClusterEffect] {
        let own = nodes[index].name
        return [.set(.dataStatus, node: own, value: "LATEST"), .set(.score, node: own, value: "1000")]
            + Build.nodes.filter { $0 != own }.flatMap { peer -> [ClusterEffect] in
                [.set(.dataStatus, node: peer, value: "DISCONNECT"), .set(.score, node: peer, value: "-INFINITY")]
            }
    }

    private mutating func superviseStandby(_ index: Int, _ cluster: ClusterObservation) {
        let set = Build.set(own: nodes[index].name)
        let own = nodes[index].server.published
        nodes[index].agent.end()
        nodes[index].agent.action = .monitor
        guard primaryElsewhere(set, cluster: cluster) == nil else {
            nodes[index].agent.ballots = []
            nodes[index].agent.plan = plan(followPrimary(set, cluster: cluster))
            return
        }
        let ballots = ballots(set, own: own, cluster: cluster)
        nodes[index].agent.looks = ballots == nodes[index].agent.ballots ? nodes[index].agent.looks + 1 : 0
        nodes[index].agent.ballots = ballots
        let verdict = decideElection(
            own: set.ownNode,
            ballots: ballots,
            mode: set.mode,
            confirmations: nodes[index].agent.looks,
            patience: 3
        )
        nodes[index].agent.plan =
            plan(standForElection(set, position: own, cluster: cluster))
            + plan(concludeElection(verdict, set, cluster: cluster))
    }

    private func facts(_ index: Int) -> ServerFacts {
        let server = nodes[index].server
        let senders = nodes.filter { $0.name != nodes[index].name && $0.server.isLinked }.map { node in
            let isWaitedFor = server.shown.contains(node.name) && node.server.isStreaming
            return WALSender(
                applicationName: node.name,
                state: node.server.isStreaming ? "streaming" : "catchup",
                syncState: isWaitedFor ? "sync" : "async",
                flushedLSN: node.server.lsn,
                processID: node.server.connection
            )
        }
        var facts = Build.server(
            isInRecovery: server.role != .primary,
            waitingFor: server.shown.setting,
            senders: .known(server.role == .primary && !server.isStray ? senders : []),
            lsn: server.lsn.bytes
        )
        facts.timeline = Build.timeline(server.timeline)
        return facts
    }
}
