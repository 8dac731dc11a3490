import RACore

/// What the agents do, one effect a step.
extension SimulatedCluster {
    mutating func step(_ index: Int) {
        guard nodes[index].isPowered else { return }
        let length = nodes[index].server.log.count
        if !nodes[index].agent.plan.isEmpty {
            carryOut(index)
        } else {
            switch nodes[index].agent.job {
            case .none: beginNext(index)
            case .monitor: monitor(index)
            case .promote: lookBeforePromotion(index)
            case .ending, .probe, .start, .stop, .demote, .prePromote: nodes[index].agent.end()
            }
        }
        if nodes[index].server.log.count < length { violate { "S5: an agent shortened the log of \(name(index))" } }
    }

    private mutating func beginNext(_ index: Int) {
        guard let job = nodes[index].agent.next else {
            if random.oneIn(3) { beginMonitor(index) }
            return
        }
        nodes[index].agent.next = nil
        nodes[index].agent.job = job
        nodes[index].agent.rest = nil
        log { "\(name(index)): \(job)" }
        switch job {
        case .none, .monitor, .ending, .promote: return
        case .probe:
            let role = probed(index)
            nodes[index].agent.plan = (role == .stopped ? stoppedPosition(index) : []) + [.report(role)]
        case .start:
            nodes[index].agent.plan =
                stoppedPosition(index) + plan(announceStart(sets[index], cluster: look(index).cluster))
                + [.passGate, .comeUp, .report(.unpromoted)]
        case .stop:
            nodes[index].agent.plan =
                [.shutDown] + plan(announceStop(sets[index], cluster: look(index).cluster)) + [.report(.stopped)]
        case .demote:
            guard nodes[index].server.role == .primary else { return end(index, as: .failed) }
            nodes[index].agent.plan =
                plan(announceDemotion(sets[index], cluster: look(index).cluster))
                + [.shutDown, .comeUp, .report(.unpromoted)]
        case .prePromote: standBeforePromotion(index)
        }
    }

    /// What a node that doesn't run yet tells the others: above all which record it has seen. One without data tells
    /// nothing: it has forgotten what it had seen.
    private mutating func stoppedPosition(_ index: Int) -> [SimulatedAgent.Effect] {
        guard !nodes[index].isBlank else { return [] }
        var stopped = position(index, look(index).record)
        stopped.isRunning = false
        nodes[index].agent.isStanding = true
        return [.cluster(.publish(stopped))]
    }

    private mutating func beginMonitor(_ index: Int) {
        // The executor monitors what runs, by the last result that it knows itself.
        switch nodes[index].copy.nodes[index].resourceRole {
        case .promoted, .unpromoted: nodes[index].agent.job = .monitor
        case .stopped, .failed, .unknown: return
        }
    }

    private func probed(_ index: Int) -> RecordedRole {
        if nodes[index].server.isHung { return .failed }
        switch nodes[index].server.role {
        case .down: return .stopped
        case .standby: return .unpromoted
        case .primary: return .promoted
        }
    }

    func plan(_ effects: [ClusterEffect]) -> [SimulatedAgent.Effect] { effects.map { .cluster($0) } }

    mutating func setRole(_ index: Int, _ role: RecordedRole) {
        log { "\(name(index)): \(role)" }
        publish(.role(role, node: index), from: index)
    }

    /// Ends the job of an agent; the result is recorded.
    mutating func end(_ index: Int, as role: RecordedRole) {
        nodes[index].agent.end()
        setRole(index, role)
    }

    /// The CIB as an agent reads it, and the newest record that is known here; the node's own copy of it is renewed.
    mutating func look(_ index: Int) -> (cluster: ClusterObservation, record: ClusterRecord?) {
        var view = nodes[index].copy
        nodes[index].agent.generation = generation
        if sabotage == .noQuorum {
            view.hasQuorum = true
            for other in view.nodes.indices { view.nodes[other].isUnclean = false }
        }
        return (view, newest(index, view))
    }

    mutating func newest(_ index: Int, _ view: ClusterObservation) -> ClusterRecord? {
        let own = sabotage == .staleRecord ? nil : nodes[index].record
        let record = newestRecord(index, view, own)
        if let record, isWorthKeeping(record, own: name(index), copy: own) { nodes[index].record = record }
        return record
    }

    /// Reading the same records again takes most of a run's time: the last answer is kept.
    mutating func newestRecord(_ index: Int, _ view: ClusterObservation, _ own: ClusterRecord?) -> ClusterRecord? {
        let texts = view.nodes.compactMap { $0.permanentAttributes[SimulatedCluster.recordName] }
        if let last = nodes[index].lastReading, last.texts == texts, last.own == own { return last.newest }
        let newest = RACore.newestRecord(in: view, resource: SimulatedCluster.resource, copy: own)
        if !texts.isEmpty { nodes[index].lastReading = (texts, own, newest) }
        return newest
    }

    // MARK: Effects

    private mutating func carryOut(_ index: Int) {
        let effect = nodes[index].agent.plan.removeFirst()
        switch effect {
        case .cluster(let effect): carryOut(effect, index)
        case .copyRecord(let record): nodes[index].record = record
        case .writeRecord(let record):
            log { "\(name(index)): records \(record.text)" }
            records[record.text] = record
            publish(.record(record, node: index), from: index)
        case .confirm(let record, let others): confirm(record, others, index)
        case .writeSetting(let set):
            nodes[index].server.file = SimulatedSetting(set, nodes: sets[index].members)
        case .loadSetting(let set):
            log { "\(name(index)): waits for \(set.setting)" }
            nodes[index].server.shown = SimulatedSetting(set, nodes: sets[index].members)
        case .elect: elect(index)
        case .passGate: passGate(index)
        case .comeUp:
            let most = min(4, nodes[index].server.log.count)
            nodes[index].server.comeUpAsStandby(unread: random.oneIn(2) ? random.below(most + 1) : 0)
        case .shutDown: shutDown(index)
        case .promote: promote(index)
        // What is told of a new primary its first monitor tells.
        case .complete: nodes[index].agent.plan = plan([.withdrawPosition]) + [.report(.promoted)]
        case .report(let role):
            end(index, as: role)
            notifyOthers(of: index)
        }
    }

    private mutating func carryOut(_ effect: ClusterEffect, _ index: Int) {
        switch effect {
        case .set(let attribute, let node, let value): write(attribute, node, value, from: index)
        case .delete(let attribute, let node): write(attribute, node, nil, from: index)
        case .record(let record):
            nodes[index].agent.plan = [.copyRecord(record), .writeRecord(record)] + nodes[index].agent.plan
        case .waitFor(let set, let confirmedBy):
            let others = confirmedBy.compactMap { self.index(of: $0) }
            nodes[index].agent.plan =
                [.confirm(nodes[index].record, nodes: others), .writeSetting(set), .loadSetting(set)]
                + nodes[index].agent.plan
        case .publish(let position): publish(position, from: index)
        case .withdrawPosition: publish(nil, from: index)
        case .outrank(let epoch): publish(.adminEpoch(epoch), from: index)
        case .reconnectReceiver: nodes[index].server.upstream = nil
        }
    }

    private mutating func write(_ attribute: NodeAttribute, _ node: String, _ value: String?, from index: Int) {
        guard let target = self.index(of: node) else { return }
        if attribute == .score { log { "\(name(index)): score of \(node) becomes \(value ?? "none")" } }
        // A notification ends only when its node's own copy shows the score.
        let isSeenAtOnce = nodes[index].agent.job == .prePromote || random.oneIn(2)
        publish(.attribute(attribute, node: target, value: value), from: index, isSeenAtOnce: isSeenAtOnce)
    }

    /// Whether another node's own copy of the CIB shows a record at least as new.
    func hasRecord(_ record: ClusterRecord?, _ other: Int, askedBy index: Int) -> Bool {
        guard nodes[other].isPowered, nodes[other].part == nodes[index].part else { return false }
        guard let record else { return true }
        let shown = nodes[other].copy.nodes.compactMap { node in
            node.permanentAttributes[SimulatedCluster.recordName].flatMap { records[$0] }
        }
        return goesBy(record, shown)
    }

    /// Asks until the answer is right, then gives up: what was to follow isn't done.
    private mutating func confirm(_ record: ClusterRecord?, _ others: [Int], _ index: Int) {
        if sabotage == .unconfirmedChange || others.allSatisfy({ hasRecord(record, $0, askedBy: index) }) { return }
        nodes[index].agent.waits += 1
        if nodes[index].agent.waits > 8 { return nodes[index].agent.end() }
        nodes[index].agent.plan.insert(.confirm(record, nodes: others), at: 0)
    }

    /// A fast shutdown ends once every linked standby has all of the WAL; one that takes too long is cut short.
    private mutating func shutDown(_ index: Int) {
        if nodes[index].server.role == .primary, !nodes[index].server.isHung, !nodes[index].server.isStray {
            nodes[index].server.log.append(newEntry(isCommit: false))
            if !random.oneIn(8) { for other in nodes.indices { replicate(other, all: true) } }
        }
        log { "\(name(index)): shut down with \(nodes[index].server.log.count) records" }
        nodes[index].server.goDown()
    }
}
