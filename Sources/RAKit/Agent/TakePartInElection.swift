import RACore

extension Agent {
    /// One look at an election: publishes this node's position, then decides from all that are published.
    ///
    /// Not while WAL still comes: whoever sends it hasn't ended, and may acknowledge what this node has yet to receive.
    func runElection(_ facts: ServerFacts, _ set: ReplicaSet, _ cluster: ClusterObservation) {
        if let lost = undecidedNode(set, cluster: cluster) {
            return log.info("no primary is seen, and \(lost) is lost and not fenced yet: nobody is chosen before")
        }
        guard !isReceiving(facts) else { return log.info("no primary is seen, and WAL still comes from one") }
        guard let facts = settled(facts) else {
            log.info("no primary runs, and this node still replays WAL: its position isn't final")
            return
        }
        let candidate = promotableNode(set, cluster: cluster)
        let record = newestRecord(cluster)
        guard let own = stand(facts, record, set, cluster) else { return }
        // While a failover is under way, every change of an attribute would make Pacemaker begin it anew.
        if candidate == nil,
            let failure = ClusterPerformer(agent: self).perform(standForElection(set, position: own, cluster: cluster))
        {
            log.warning(failure)
        }
        let published = tools.positions(by: lookDeadline)
        let rounds = ElectionRounds(resource: environment.resource).count(describe(published, cluster))
        let isPatient = rounds < max(parameters.xlogCheckCount, 1) * 3
        let outcome = choosePrimary(
            ballots(set, own: own, published: published, cluster: cluster, isPatient: isPatient),
            record: record,
            mode: mode,
            preferred: candidate
        )
        tell(outcome, own, record)
        conclude(outcome, set, cluster, candidate: candidate)
    }

    /// Takes part in the choice when Pacemaker is about to promote a node: all survivors publish where they are, and
    /// whoever sees that another is further has it outdo the candidate before the promotion begins.
    ///
    /// Pacemaker may tell them one after the other: the last one sees all.
    func checkCandidate(_ notification: Notification, _ facts: ServerFacts, _ cluster: ClusterObservation) {
        let set = replicaSet(cluster)
        guard let candidate = notification.affected.first, let facts = settled(facts) else { return }
        let record = newestRecord(cluster)
        guard let own = stand(facts, record, set, cluster) else { return }
        let participants = notification.unpromoted + [candidate]
        let end = lookDeadline.capped(milliseconds: 300)
        var outcome = ElectionOutcome.awaiting([])
        _ = wait(until: end, everyMilliseconds: 5) { () -> Bool? in
            let published = tools.positions(by: lookDeadline)
            var ballots = ballots(set, own: own, published: published, cluster: cluster, isPatient: true)
            for index in ballots.indices {
                let isTakingPart = participants.contains { sameName($0, ballots[index].node) }
                ballots[index].isAwaited = ballots[index].isAwaited && isTakingPart
            }
            outcome = choosePrimary(ballots, record: record, mode: mode, preferred: candidate)
            if case .awaiting = outcome { return nil }
            return true
        }
        tell(outcome, own, record)
        conclude(outcome, set, cluster, candidate: candidate)
    }

    /// Publishes this node's position; nil when it isn't known.
    private func stand(
        _ facts: ServerFacts,
        _ record: ClusterRecord?,
        _ set: ReplicaSet,
        _ cluster: ClusterObservation
    ) -> PublishedPosition? {
        let performer = ClusterPerformer(agent: self)
        guard let own = position(facts, record: record) else {
            log.error("the history of timeline \(facts.timeline) can't be read: this node can't be promoted")
            let never = ClusterEffect.set(.score, node: set.ownNode, value: PromotionScore.never.text)
            _ = performer.perform(pending([never], in: cluster, resource: set.resource))
            return nil
        }
        ElectionRounds(resource: environment.resource).open()
        // A record that the cluster has lost is given back to it.
        let shown = RACore.newestRecord(in: cluster, resource: set.resource, copy: nil)
        let lost = record.flatMap { $0.stamp > shown?.stamp ?? RecordStamp(term: 0, serial: 0) ? $0 : nil }
        if let failure = performer.perform([.publish(own)] + (lost.map { [.record($0)] } ?? [])) {
            log.warning(failure)
        }
        return own
    }

    private func conclude(
        _ outcome: ElectionOutcome,
        _ set: ReplicaSet,
        _ cluster: ClusterObservation,
        candidate: String?
    ) {
        let effects = concludeElection(outcome, set, cluster: cluster, candidate: candidate)
        guard !effects.isEmpty else { return }
        if let failure = ClusterPerformer(agent: self).perform(effects) { return log.warning(failure) }
        guard candidate != nil else { return }
        // Pacemaker must know before this notification ends: the promotion begins after the last of them.
        let isKnown = wait(until: lookDeadline.capped(milliseconds: 3000), everyMilliseconds: 5) { () -> Bool? in
            guard case .known(let now) = tools.observe(by: lookDeadline) else { return nil }
            return pending(effects, in: now, resource: set.resource).isEmpty ? true : nil
        }
        if isKnown == nil {
            log.warning("the scores don't show in the cluster yet: the promotion may begin and be refused")
        }
    }

    private func tell(_ outcome: ElectionOutcome, _ own: PublishedPosition, _ record: ClusterRecord?) {
        log.notice("no primary runs: \(RACore.describe(outcome, record: record)); own position \(own.position)")
    }

    private func describe(_ published: [NodePosition], _ cluster: ClusterObservation) -> String {
        let online = cluster.nodes.map { "\($0.name) \($0.isOnline)\n" }.joined()
        return online + published.map { "\($0.node) \($0.position.text)\n" }.joined()
    }

    /// What is to be taken back once there is a primary to follow.
    func leaveElection() -> [ClusterEffect] {
        let rounds = ElectionRounds(resource: environment.resource)
        guard rounds.isOpen else { return [] }
        rounds.forget()
        return [.withdrawPosition]
    }

    /// The facts once two looks in a row have the same position: replay may have opened for reads before its end.
    private func settled(_ facts: ServerFacts) -> ServerFacts? {
        var last = facts
        return wait(until: lookDeadline.capped(milliseconds: 5000), everyMilliseconds: 50) { () -> ServerFacts? in
            guard case .answering(let now) = observeInstance().server, now.isInRecovery else { return nil }
            defer { last = now }
            return now.position == last.position ? now : nil
        }
    }
}
