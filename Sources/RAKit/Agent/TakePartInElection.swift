import RACore

extension Agent {
    /// One look at an election: publishes this node's position, then decides from all that are published.
    ///
    /// Not while WAL still comes: whoever sends it hasn't ended, and may acknowledge what this node has yet to receive.
    func runElection(_ facts: ServerFacts, _ set: ReplicaSet, _ cluster: ClusterObservation) {
        if let lost = undecidedNode(set, cluster: cluster) {
            return remarkElection(
                .info,
                "no primary is seen, and \(lost) is lost and not fenced yet: nobody is chosen before"
            )
        }
        let candidate = promotableNode(set, cluster: cluster)
        guard let facts = finalFacts(facts, isDecided: candidate != nil) else { return }
        let record = newestRecord(cluster)
        guard let own = stand(facts, record, set, cluster) else { return }
        // While a failover is under way, every change of an attribute would make Pacemaker begin it anew.
        if candidate == nil,
            let failure = ClusterPerformer(agent: self).perform(standForElection(set, position: own, cluster: cluster))
        {
            log.warning(failure)
        }
        let published = tools.positions(by: lookDeadline).with(set.ownNode, own)
        let election = ElectionRounds(resource: environment.resource)
        let rounds = election.count(describe(published, cluster))
        let patience = max(parameters.xlogCheckCount, 1)
        let outcome = choosePrimary(
            ballots(set, positions: published, own: set.ownNode, cluster: cluster, isPatient: rounds < patience * 3),
            record: record,
            mode: mode,
            preferred: candidate
        )
        tell(outcome, own, record)
        stepBack(outcome, set, cluster, candidate: candidate, patience: patience * 2)
        conclude(outcome, set, cluster, candidate: candidate)
    }

    /// Lets others go first when this node was chosen, has the best score, and isn't promoted all the same.
    private func stepBack(
        _ outcome: ElectionOutcome,
        _ set: ReplicaSet,
        _ cluster: ClusterObservation,
        candidate: String?,
        patience: Int
    ) {
        // Where Pacemaker promotes nobody at present, that it isn't promoted tells nothing.
        let isActing =
            cluster.actsWithQuorum && !cluster.properties.isMaintenanceMode
            && !cluster.nodes.contains { $0.isMaintenance }
        var isChosen = false
        if case .chosen(let node, _) = outcome, let candidate {
            isChosen = isActing && sameName(node, set.ownNode) && sameName(candidate, set.ownNode)
        }
        guard ElectionRounds(resource: environment.resource).isChosenInVain(isChosen, patience: patience) else {
            return
        }
        log.warning(
            "this node is the best candidate, and the cluster doesn't promote it: does a constraint keep the promoted role "
                + "away? Another one that has every acknowledged commit as well goes before it from now on"
        )
    }

    /// The facts once this node's position is final.
    ///
    /// - Parameter isDecided: whether the cluster is about to promote somebody, and mustn't be kept waiting.
    private func finalFacts(_ facts: ServerFacts, isDecided: Bool) -> ServerFacts? {
        var facts = facts
        if isReceiving(facts) {
            // A receiver that was ended comes back only when all that is here was replayed.
            let hasReplayed = facts.replayedLSN.map { $0 >= facts.lsn } ?? false
            guard !isDecided, hasReplayed, let now = endedReceiving() else {
                remarkElection(.info, "no primary is seen, and WAL still comes from one")
                return nil
            }
            facts = now
        }
        if let facts = settled(facts) { return facts }
        remarkElection(
            .notice,
            "no primary runs, and this node hasn't come to the end of its WAL (replay goes on, is paused or delayed): its "
                + "position isn't known"
        )
        return nil
    }

    /// The facts once no WAL comes any more. A connection to a server that lost its power looks alive until a keepalive goes
    /// unanswered; a new one tells at once whether anybody is there.
    private func endedReceiving() -> ServerFacts? {
        guard deadline.remainingMilliseconds > 6000 else { return nil }
        if let failure = ClusterPerformer(agent: self).perform([.reconnectReceiver]) { log.warning(failure) }
        var last: ServerFacts?
        // Twice the time after which recovery tries again (`wal_retrieve_retry_interval`).
        let isBack = wait(until: lookDeadline.capped(milliseconds: 2000), everyMilliseconds: 100) { () -> Bool? in
            guard case .answering(let now) = observeInstance().server, now.isInRecovery else { return nil }
            last = now
            return isReceiving(now) ? true : nil
        }
        return isBack == nil ? last : nil
    }

    /// Takes part in the choice when Pacemaker is about to promote a node: all survivors publish where they are, and
    /// whoever sees that another is further has it outdo the candidate before the promotion begins.
    ///
    /// Pacemaker may tell them one after the other: the last one sees all.
    func checkCandidate(
        _ notification: Notification,
        _ facts: ServerFacts,
        _ cluster: ClusterObservation,
        _ published: [NodePosition]
    ) {
        let set = replicaSet(cluster)
        let record = newestRecord(cluster)
        guard let candidate = notification.affected.first,
            let own = finalPosition(facts, record, set, cluster, published)
        else { return }
        let participants = notification.unpromoted + [candidate]
        let end = lookDeadline.capped(milliseconds: 300)
        var positions: [NodePosition]? = published
        var outcome = ElectionOutcome.awaiting([])
        _ = wait(until: end, everyMilliseconds: 5) { () -> Bool? in
            let told = (positions ?? tools.positions(by: lookDeadline)).with(set.ownNode, own)
            positions = nil
            var ballots = ballots(set, positions: told, own: set.ownNode, cluster: cluster, isPatient: true)
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

    /// This node's position, once it is final and published.
    private func finalPosition(
        _ facts: ServerFacts,
        _ record: ClusterRecord?,
        _ set: ReplicaSet,
        _ cluster: ClusterObservation,
        _ published: [NodePosition]
    ) -> PublishedPosition? {
        // What was published when the WAL receiver ended, and still holds, is two looks with the same outcome.
        if facts.hasReachedEnd, let own = position(facts, record: record),
            published.contains(where: { sameName($0.node, set.ownNode) && $0.position == own })
        {
            return own
        }
        return settled(facts).flatMap { stand($0, record, set, cluster) }
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
        if !awaitShown(effects, by: lookDeadline.capped(milliseconds: 3000)) {
            log.warning("the scores don't show in the cluster yet: the promotion may begin and be refused")
        }
    }

    /// An election without an end may last for days: each state of it is said once.
    private func remarkElection(_ severity: Log.Severity, _ text: String) { remark("election", text, severity) }

    private func tell(_ outcome: ElectionOutcome, _ own: PublishedPosition, _ record: ClusterRecord?) {
        remarkElection(
            .notice,
            "no primary runs: \(RACore.describe(outcome, record: record)); own position \(own.position)"
        )
    }

    private func describe(_ published: [NodePosition], _ cluster: ClusterObservation) -> String {
        let online = cluster.nodes.map { "\($0.name) \($0.isOnline)\n" }.joined()
        return online + published.map { "\($0.node) \($0.position.text)\n" }.joined()
    }

    /// What is to be taken back once there is a primary to follow.
    func leaveElection() -> [ClusterEffect] {
        remark("election", nil)
        let rounds = ElectionRounds(resource: environment.resource)
        guard rounds.isOpen else { return [] }
        rounds.forget()
        return [.withdrawPosition]
    }

    /// The facts once replay has come to the end of the WAL that is here: it lets readers in long before.
    private func settled(_ facts: ServerFacts) -> ServerFacts? {
        var last = facts
        return wait(until: lookDeadline.capped(milliseconds: 5000), everyMilliseconds: 50) { () -> ServerFacts? in
            guard case .answering(let now) = observeInstance().server, now.isInRecovery else { return nil }
            defer { last = now }
            return now.hasReachedEnd && now.position == last.position ? now : nil
        }
    }
}
