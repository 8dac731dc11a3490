import RACore

/// The actions `promote` and `start`.
extension SimulatedCluster {
    private static var patience: Int { 40 }

    /// One look of `promote`: nothing speaks against it, its record is written, and everybody has the record.
    mutating func lookBeforePromotion(_ index: Int) {
        guard nodes[index].server.role == .standby, !nodes[index].server.isHung else { return end(index, as: .failed) }
        guard knowsItsPosition(index) else { return waitWithPromotion(index) }
        let (cluster, record) = look(index)
        if let written = nodes[index].agent.written { return goOnWithPromotion(index, written, cluster) }
        let own = position(index, record)
        let outcome =
            sabotage == .noPositions
            ? .chosen(name(index), because: .everybody)
            : choose(index, cluster, record, isPatient: false, preferred: name(index))
        if let refusal = refusePromotion(sets[index], outcome: outcome, record: record, cluster: cluster) {
            log { "\(name(index)): \(refusal.reason)" }
            switch outcome {
            case .lacking, .awaiting: return waitWithPromotion(index)
            case .chosen, .foreign, .forked: return end(index, as: .failed)
            }
        }
        guard promotionObstacle(sets[index], cluster: cluster) == nil else { return waitWithPromotion(index) }
        if case .chosen(_, .synchronous) = outcome, scenario.policy.method == .any { counts.quorumElections += 1 }
        let open = record.map { carriedOut($0, votes(index, cluster, record, isPatient: false)) }
        let wanted = recordOfPromotion(sets[index], position: own, record: open, keepsFormer: true)
        nodes[index].agent.written = wanted
        nodes[index].agent.plan = preparePromotion(sets[index], record: wanted, cluster: cluster).flatMap {
            effect -> [SimulatedAgent.Effect] in
            switch effect {
            case .record(let record): [.writeRecord(record)]
            case .waitFor(let set, _): [.writeSetting(set), .loadSetting(set)]
            case .set, .delete, .publish, .withdrawPosition, .outrank, .reconnectReceiver: [.cluster(effect)]
            }
        }
    }

    /// Everybody who is here has the record, then the configuration wins over any other, then it is carried out.
    private mutating func goOnWithPromotion(_ index: Int, _ written: ClusterRecord, _ cluster: ClusterObservation) {
        let peers = promotionWitnesses(sets[index], cluster: cluster).compactMap { self.index(of: $0) }
        // The others have shown it before the configuration was made to win; whatever replaces it since shows here.
        let isSealed = nodes[index].agent.sealed != nil
        let isKnown = ((isSealed ? [] : peers) + [index]).allSatisfy {
            hasRecord(written, $0, askedBy: index)
        }
        guard promotionObstacle(sets[index], cluster: cluster) == nil,
            isKnown || sabotage == .unconfirmedPromotion
        else { return waitWithPromotion(index) }
        if let sealed = nodes[index].agent.sealed, cluster.adminEpoch < sealed { return waitWithPromotion(index) }
        guard nodes[index].agent.sealed == nil else {
            nodes[index].agent.plan = [.promote, .complete]
            return
        }
        nodes[index].agent.sealed = cluster.adminEpoch + 1
        nodes[index].agent.plan = [.cluster(sealPromotion(cluster))]
    }

    private mutating func waitWithPromotion(_ index: Int) {
        nodes[index].agent.waits += 1
        if nodes[index].agent.waits > SimulatedCluster.patience { end(index, as: .failed) }
    }

    mutating func promote(_ index: Int) {
        guard nodes[index].server.role == .standby, !nodes[index].server.isHung else { return end(index, as: .failed) }
        log { "\(name(index)): promoted with \(nodes[index].server.log.count) records" }
        checkFurthest(index)
        nodes[index].server.isPromotedHere = true
        nodes[index].hasTakenPart = true
        nodes[index].server.becomePrimary(newEntry(isCommit: false))
        nodes[index].lock = nodes[index].server.log.timeline
        counts.promotions += 1
        notePrimary(index)
    }

    // MARK: Start

    /// Whether a node's log has records that another's hasn't, as far as the agent can tell; nil when it can't ask.
    func hasLeft(_ index: Int, _ primary: Int) -> Bool? {
        guard reaches(index, primary), reaches(primary, index), serves(primary) else { return nil }
        let log = nodes[primary].server.log
        return hasLeft(index, log.history, flushed: log.lsn)
    }

    private func hasLeft(_ index: Int, _ history: TimelineHistory, flushed: LSN) -> Bool {
        let own = nodes[index].server.log
        // Two that were promoted apart may call their timelines by one number: the lock file tells.
        if nodes[index].lock == own.timeline, own.timeline == history.timeline { return true }
        let verdict = compareHistories(
            local: InstanceHistory(systemIdentifier: SimulatedCluster.systemIdentifier, history: own.history),
            primary: InstanceHistory(systemIdentifier: SimulatedCluster.systemIdentifier, history: history),
            flushed: flushed
        )
        switch verdict {
        case .foreign, .forked: return true
        case .ancestorUnlessRecord(let position): return own.lsn > position.lsn
        }
    }

    /// The check before a start: history against the primary, else against the record.
    mutating func passGate(_ index: Int) {
        guard !nodes[index].isBlank else { return refuseStart(index) }
        let (cluster, record) = look(index)
        if let primary = primaryElsewhere(sets[index], cluster: cluster).flatMap({ self.index(of: $0) }) {
            if let record, record.primary == name(primary), !record.isPromoting, record.systemIdentifier != nil,
                !hasLeft(index, record.history, flushed: LSN(bytes: .max))
            {
                nodes[index].hasTakenPart = true
            }
            switch hasLeft(index, primary) {
            case true?: return refuseStart(index)
            case false?:
                nodes[index].lock = nil
                return checkGate(index, nodes[primary].server.log)
            case nil:
                nodes[index].agent.waits += 1
                if nodes[index].agent.waits > SimulatedCluster.patience { return end(index, as: .failed) }
                nodes[index].agent.plan.insert(.passGate, at: 0)
                return
            }
        }
        guard let record, !record.isPromoting, record.systemIdentifier != nil, record.primary != name(index) else {
            return
        }
        if hasLeft(index, record.history, flushed: LSN(bytes: .max)) { return refuseStart(index) }
        if let primary = lastPrimary, record.primary == name(primary),
            record.timeline == nodes[primary].server.log.timeline
        {
            checkGate(index, nodes[primary].server.log)
        }
    }

    private mutating func refuseStart(_ index: Int) {
        log { "\(name(index)): start refused" }
        counts.refusedStarts += 1
        nodes[index].isBanned = true
        publish(.failure(true, node: index), from: index)
        end(index, as: .failed)
    }
}
