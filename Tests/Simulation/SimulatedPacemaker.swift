import RACore

/// Pacemaker's choices, one action at a time in each partition.
extension SimulatedCluster {
    /// The next thing that a partition's scheduler does, by the copy of the CIB that its controller has.
    mutating func runCluster(_ number: Int) {
        let members = parts[number].members
        let controller = members[0]
        applyRoles(controller)
        guard nodes[controller].applied > 0, !members.contains(where: isBusy) else { return }
        let view = nodes[controller].copy
        if let unknown = members.first(where: { view.nodes[$0].resourceRole == .unknown }) {
            return begin(.probe, on: unknown)
        }
        guard parts[number].hasQuorum else { return runWithoutQuorum(number, view) }
        if let lost = nodes.indices.first(where: { view.nodes[$0].isUnclean }) { return fence(lost, by: controller) }
        if let failed = members.first(where: { view.nodes[$0].resourceRole == .failed }) {
            return begin(.stop, on: failed)
        }
        if parts[number].promotion != nil { return goOnPromoting(number, view) }
        let promoted = members.filter { view.nodes[$0].resourceRole == .promoted }
        if settle(promoted, members, view) { return }
        let stopped = members.filter { view.nodes[$0].resourceRole == .stopped && !nodes[$0].isBanned }
        if let index = random.pick(stopped) { return begin(.start, on: index) }
        if promoted.isEmpty { choose(number, view) }
    }

    private func isBusy(_ index: Int) -> Bool {
        if nodes[index].agent.next != nil { return true }
        switch nodes[index].agent.job {
        case .none, .monitor, .ending: return false
        case .probe, .start, .stop, .demote, .promote, .prePromote: return true
        }
    }

    private mutating func begin(_ job: SimulatedAgent.Job, on index: Int) { nodes[index].agent.next = job }

    private mutating func runWithoutQuorum(_ number: Int, _ view: ClusterObservation) {
        parts[number].promotion = nil
        guard scenario.stopsWithoutQuorum else { return }
        for index in parts[number].members {
            switch view.nodes[index].resourceRole {
            case .promoted, .unpromoted, .failed: return begin(.stop, on: index)
            case .stopped, .unknown: continue
            }
        }
    }

    func score(_ index: Int, _ view: ClusterObservation) -> Int {
        guard let text = view.nodes[index].transientAttributes[SimulatedCluster.scoreName],
            case .score(let number)? = PromotionScore(text)
        else { return 0 }
        return number
    }

    /// Of several primaries the one with the best score stays; one without any doesn't; a better one takes over.
    private mutating func settle(_ promoted: [Int], _ members: [Int], _ view: ClusterObservation) -> Bool {
        guard let best = promoted.max(by: { score($0, view) < score($1, view) }) else { return false }
        if let other = promoted.first(where: { $0 != best }) {
            begin(.stop, on: other)
            return true
        }
        let isOutdone = members.contains { index in
            view.nodes[index].resourceRole == .unpromoted && score(index, view) > score(best, view)
        }
        if score(best, view) <= 0 || isOutdone {
            log { "\(name(best)): to be demoted, score \(score(best, view))" }
            begin(.demote, on: best)
            return true
        }
        if nodes[best].server.isStray { keepStray(best) }
        return false
    }

    /// The address comes up where Pacemaker sees the promoted role.
    private mutating func keepStray(_ index: Int) {
        guard nodes[index].server.role == .primary else { return }
        log { "\(name(index)): the stray primary is kept" }
        nodes[index].server.isStray = false
        notePrimary(index)
    }

    private mutating func choose(_ number: Int, _ view: ClusterObservation) {
        let members = parts[number].members
        let candidates = members.filter { view.nodes[$0].resourceRole == .unpromoted && score($0, view) > 0 }
        guard let best = candidates.map({ score($0, view) }).max(),
            let candidate = random.pick(candidates.filter { score($0, view) == best })
        else { return }
        log { "\(name(candidate)): to be promoted, score \(best)" }
        intentions += 1
        parts[number].promotion = (candidate, nodes.indices.map { score($0, view) }, false)
    }

    private mutating func goOnPromoting(_ number: Int, _ view: ClusterObservation) {
        guard let promotion = parts[number].promotion else { return }
        let candidate = promotion.candidate
        let members = parts[number].members
        guard view.nodes[candidate].resourceRole == .unpromoted, members.contains(candidate),
            nodes.indices.map({ score($0, view) }) == promotion.scores,
            !members.contains(where: { view.nodes[$0].resourceRole == .promoted })
        else {
            parts[number].promotion = nil
            let best = members.max { score($0, view) < score($1, view) }
            if promotion.hasNotified, let best, best != candidate, score(best, view) > 0 { counts.outdone += 1 }
            log { "the promotion of \(name(candidate)) is computed anew" }
            return
        }
        guard scenario.notifies, !promotion.hasNotified else {
            parts[number].promotion = nil
            nodes[candidate].agent.promotion = intentions
            return begin(.promote, on: candidate)
        }
        parts[number].promotion?.hasNotified = true
        let participants = members.filter { view.nodes[$0].resourceRole == .unpromoted }
        for index in participants where !random.oneIn(isHealing ? 1000 : 10) {
            nodes[index].agent.candidate = candidate
            nodes[index].agent.promotion = intentions
            nodes[index].agent.participants = participants
            begin(.prePromote, on: index)
        }
    }

    /// The controller learns at once how the actions ended that it asked for.
    private mutating func applyRoles(_ controller: Int) {
        let part = parts[nodes[controller].part]
        let last = part.changes.indices.reversed().first { place in
            if case .role = part.changes[place] { true } else { false }
        }
        guard let last, last >= nodes[controller].applied else { return }
        apply(controller, upTo: last + 1, of: part)
    }

    /// After an action has ended, the others are told, if `notify` is on and the notification isn't lost.
    mutating func notifyOthers(of index: Int) {
        guard scenario.notifies, nodes[index].part >= 0 else { return }
        for other in parts[nodes[index].part].members where !random.oneIn(isHealing ? 1000 : 8) {
            nodes[other].agent.mustLook = true
        }
    }

    // MARK: Fencing and power

    private mutating func fence(_ lost: Int, by controller: Int) {
        guard !parts[nodes[controller].part].isFenceBroken, random.oneIn(5) else { return }
        noteRace(lost, controller)
        log { "\(name(lost)): fenced by \(name(controller))" }
        if nodes[lost].isPowered { powerOff(lost) }
        var unclean = nodes[controller].copy.nodes.map(\.isUnclean)
        unclean[lost] = false
        publish(membership(parts[nodes[controller].part].members, unclean), from: controller)
    }

    private mutating func noteRace(_ lost: Int, _ controller: Int) {
        let other = nodes[lost].part
        guard nodes.count == 2, other >= 0, parts[other].hasQuorum, nodes[lost].copy.nodes[controller].isUnclean else {
            return
        }
        counts.fenceRaces += 1
    }

    mutating func powerOff(_ index: Int) {
        log { "\(name(index)): off" }
        nodes[index].isPowered = false
        nodes[index].server.goDown()
        nodes[index].agent = SimulatedAgent()
        nodes[index].positions = nodes.map { _ in nil }
        nodes[index].hasSeenAll = false
        nodes[index].hasTakenPart = false
        for other in nodes.indices {
            nodes[index].copy.nodes[other].isOnline = false
            nodes[index].copy.nodes[other].isUnclean = true
            nodes[index].copy.nodes[other].transientAttributes = [:]
            nodes[index].copy.nodes[other].resourceRole = .unknown
        }
        nodes[index].copy.hasQuorum = false
        reform()
    }

    mutating func powerOn(_ index: Int) {
        log { "\(name(index)): on" }
        nodes[index].isPowered = true
        if !nodes[index].server.hasStandbySignal, !nodes[index].isBlank, random.oneIn(3) {
            nodes[index].server.comeUpByItself(newEntry(isCommit: false))
        }
        reform()
    }
}
