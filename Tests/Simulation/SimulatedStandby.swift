import RACore

/// A standby's monitor, and the choice of a primary.
extension SimulatedCluster {
    mutating func superviseStandby(_ index: Int) {
        let isReceiving = nodes[index].server.upstream != nil
        if isReceiving { nodes[index].hasTakenPart = true }
        let isCopyOld = nodes[index].record.map { $0.timeline < nodes[index].server.log.timeline } ?? true
        if isReceiving, !isCopyOld, !nodes[index].agent.mustLook, !nodes[index].agent.isStanding {
            return nodes[index].agent.end()
        }
        let mustLook = nodes[index].agent.mustLook
        nodes[index].agent.mustLook = false
        let (cluster, record) = look(index)
        guard let primary = primaryElsewhere(sets[index], cluster: cluster).flatMap({ self.index(of: $0) }) else {
            guard !isReceiving, knowsItsPosition(index), undecidedNode(sets[index], cluster: cluster) == nil else {
                return nodes[index].agent.end()
            }
            nodes[index].agent.cluster = cluster
            nodes[index].agent.plan = stand(index, cluster, record)
            return
        }
        follow(index, primary, cluster, mustLook: mustLook)
    }

    private mutating func follow(_ index: Int, _ primary: Int, _ cluster: ClusterObservation, mustLook: Bool) {
        var effects = followPrimary(sets[index], cluster: cluster)
        if nodes[index].agent.isStanding { effects.append(.withdrawPosition) }
        nodes[index].agent.isStanding = false
        nodes[index].agent.ballots = []
        if let upstream = nodes[index].server.upstream {
            if mustLook && upstream.node != primary { effects.append(.reconnectReceiver) }
            nodes[index].lock = nil
        } else if hasLeft(index, primary) == true {
            log { "\(name(index)): has other records than \(name(primary))" }
            let never = PromotionScore.never.text
            let refusal = ClusterEffect.set(.score, node: name(index), value: never)
            effects = pending([refusal], in: cluster, resource: SimulatedCluster.resource)
            nodes[index].agent.plan = plan(effects) + [.report(.failed)]
            nodes[index].agent.job = .ending
            return
        }
        nodes[index].agent.plan = plan(effects)
        nodes[index].agent.job = .ending
    }

    /// Before it has replayed all that is here, a server only tells how far that has come.
    func knowsItsPosition(_ index: Int) -> Bool { nodes[index].server.unread == 0 || sabotage == .earlyPositions }

    func position(_ index: Int, _ record: ClusterRecord?) -> PublishedPosition {
        let server = nodes[index].server
        return PublishedPosition(
            systemIdentifier: SimulatedCluster.systemIdentifier,
            history: server.log.history,
            lsn: SimulatedLog.lsn(server.log.count - server.unread),
            replayedLSN: SimulatedLog.lsn(server.log.count - server.unread),
            isRunning: true,
            seen: sabotage == .staleRecord ? nil : record?.stamp,
            hasTakenPart: nodes[index].hasTakenPart
        )
    }

    private mutating func stand(
        _ index: Int,
        _ cluster: ClusterObservation,
        _ record: ClusterRecord?
    ) -> [SimulatedAgent.Effect] {
        nodes[index].agent.isStanding = true
        let own = position(index, record)
        // A record that the cluster has lost is given back to it.
        let shown = shownRecord(index)
        let lost = record.flatMap { $0.stamp > shown?.stamp ?? RecordStamp(term: 0, serial: 0) ? $0 : nil }
        let effects: [ClusterEffect] = [.publish(own)] + (lost.map { [.record($0)] } ?? [])
        return plan(effects + standForElection(sets[index], position: own, cluster: cluster)) + [.elect]
    }

    /// A pre-promote notification: all survivors publish where they are before the promotion begins.
    mutating func standBeforePromotion(_ index: Int) {
        guard nodes[index].server.role == .standby, !nodes[index].server.isHung, knowsItsPosition(index),
            sabotage != .noPositions
        else {
            return nodes[index].agent.end()
        }
        let (cluster, record) = look(index)
        nodes[index].agent.cluster = cluster
        nodes[index].agent.plan = stand(index, cluster, record)
    }

    mutating func elect(_ index: Int) {
        guard nodes[index].server.role == .standby, let cluster = nodes[index].agent.cluster else {
            return nodes[index].agent.end()
        }
        let isAsked = nodes[index].agent.job == .prePromote
        if isAsked {
            guard nodes[index].agent.participants.allSatisfy({ nodes[index].positions[$0]?.isRunning == true }) else {
                nodes[index].agent.waits += 1
                // Too late to change anything: whoever is promoted looks once more.
                nodes[index].agent.plan = nodes[index].agent.waits < 20 ? [.elect] : []
                return
            }
            nodes[index].agent.toldFor = nodes[index].agent.promotion
        }
        let record = newest(index, cluster)
        let candidate = isAsked ? name(nodes[index].agent.candidate) : nil
        let isPatient = isAsked ? false : countLooks(index, cluster, record) < 4
        let outcome = choose(index, cluster, record, isPatient: isPatient, preferred: candidate)
        log { "\(name(index)): \(outcome)" }
        let effects = concludeElection(outcome, sets[index], cluster: cluster, candidate: candidate)
        nodes[index].agent.plan = plan(effects)
        if !isAsked { nodes[index].agent.job = .ending }
    }

    private mutating func countLooks(_ index: Int, _ cluster: ClusterObservation, _ record: ClusterRecord?) -> Int {
        let seen = votes(index, cluster, record, isPatient: true)
        nodes[index].agent.looks = seen == nodes[index].agent.ballots ? nodes[index].agent.looks + 1 : 0
        nodes[index].agent.ballots = seen
        return nodes[index].agent.looks
    }

    func votes(
        _ index: Int,
        _ cluster: ClusterObservation,
        _ record: ClusterRecord?,
        isPatient: Bool
    ) -> [Ballot] {
        let published = nodes.indices.compactMap { other in
            nodes[index].positions[other].map { NodePosition(node: name(other), position: $0) }
        }
        return ballots(
            sets[index],
            positions: published.with(name(index), position(index, record)),
            own: name(index),
            cluster: cluster,
            isPatient: isPatient
        )
    }

    /// The choice as it is seen here; the oracle looks at it.
    mutating func choose(
        _ index: Int,
        _ cluster: ClusterObservation,
        _ record: ClusterRecord?,
        isPatient: Bool,
        preferred: String?
    ) -> ElectionOutcome {
        var votes = votes(index, cluster, record, isPatient: isPatient)
        var record = record
        if sabotage == .noTimelines {
            let history = record?.history ?? nodes[index].server.log.history
            for place in votes.indices { votes[place].position?.history = history }
        }
        if sabotage == .anyOne, let members = record?.guarantee.members, record?.guarantee.count ?? 0 > 0 {
            record?.guarantee.count = members.count
        }
        let outcome = choosePrimary(votes, record: record, mode: scenario.mode, preferred: preferred)
        if case .forked = outcome { forkedTurn = turns }
        // Whether a lost disk had anything that is missing now only an operator can know.
        if case .lacking = outcome, isHealing, nodes.contains(where: \.isBlank) { forkedTurn = turns }
        verify(outcome, by: index, record)
        return outcome
    }
}
