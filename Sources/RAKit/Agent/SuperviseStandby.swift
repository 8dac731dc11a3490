import RACore

extension Agent {
    /// Whether a standby receives WAL and has nothing to tell: then its monitor needn't read the cluster.
    ///
    /// What is recorded of it is the primary's business; after an election there is something to take back.
    func isFollowing(_ instance: InstanceObservation) -> Bool {
        // A probe has to tell the cluster services, which may have forgotten everything, that this instance runs.
        guard environment.isRecurring, case .answering(let facts) = instance.server, isReceiving(facts),
            !parameters.checkWalReceiver, !ElectionRounds(resource: environment.resource).isOpen
        else { return false }
        removeLock()
        return true
    }

    /// Whether WAL comes from another server. A node that still has the primary's address streams from itself, which
    /// proves nothing: it serves a standby of its own name then.
    private func isReceiving(_ facts: ServerFacts) -> Bool {
        guard facts.receiver?.isStreaming == true else { return false }
        let own = ReplicaSet.applicationName(of: ownNode())
        return !(facts.senders.value ?? []).contains { sameName($0.applicationName, own) }
    }

    /// Tells the cluster where this standby stands; while there is no primary, takes part in its election.
    ///
    /// - Returns: a failure when this instance's history is proven to be no part of the primary's: it must not serve.
    func superviseStandby(_ instance: InstanceObservation, _ cluster: Observed<ClusterObservation>) -> Outcome? {
        guard case .answering(let facts) = instance.server else { return nil }
        guard case .known(let known) = cluster else {
            if case .unknown(let why) = cluster { log.warning("the cluster isn't known: \(why)") }
            return nil
        }
        let set = replicaSet(known)
        publishReceiver(facts, set, known)
        guard let primary = primaryElsewhere(set, cluster: known) else {
            runElection(facts, set, known)
            return nil
        }
        ElectionRounds(resource: environment.resource).forget()
        if let failure = ClusterPerformer(agent: self).perform(followPrimary(set, cluster: known)) {
            log.warning(failure)
        }
        if isReceiving(facts) {
            removeLock()
            return nil
        }
        return refuseForked(facts, primary: primary, set, known)
    }

    /// A primary sends WAL only to whom it continues: PostgreSQL itself has compared the histories.
    private func removeLock() {
        let path = ownFiles.lock
        guard FileFacts(path) != nil else { return }
        log.notice("removing \(path): this node receives WAL from the primary, which continues what is here")
        do throws(SystemError) {
            try removeFile(path)
        } catch {
            log.warning(error.description)
        }
    }

    /// A standby that doesn't stream may be one that can't any more.
    private func refuseForked(
        _ facts: ServerFacts,
        primary: String,
        _ set: ReplicaSet,
        _ cluster: ClusterObservation
    ) -> Outcome? {
        guard let installation = try? findInstallation(parameters) else { return nil }
        let check = HistoryCheck(agent: self, installation: installation)
        switch check.compare(withPrimary: primary, isStopped: false, by: deadline.capped(milliseconds: 3000)) {
        case .refuse(let refusal):
            let never = ClusterEffect.set(.score, node: set.ownNode, value: PromotionScore.never.text)
            _ = ClusterPerformer(agent: self).perform(pending([never], in: cluster, resource: set.resource))
            return Outcome(refusal)
        case .proven: return nil
        case .unknown(let why):
            log.info("no WAL is streamed from \(primary), and it can't be asked: \(why)")
            return nil
        }
    }

    private func publishReceiver(_ facts: ServerFacts, _ set: ReplicaSet, _ cluster: ClusterObservation) {
        guard parameters.checkWalReceiver else { return }
        let value = facts.isInRecovery ? (facts.receiver == nil ? "ERROR" : "normal") : "normal (master)"
        let effect = ClusterEffect.set(.receiverStatus, node: set.ownNode, value: value)
        let effects = pending([effect], in: cluster, resource: set.resource)
        if !effects.isEmpty, value == "ERROR" { log.warning("no WAL receiver is running") }
        if let failure = ClusterPerformer(agent: self).perform(effects) { log.warning(failure) }
    }

    /// One look at an election: publishes this node's position, then decides from all that are published.
    func runElection(_ facts: ServerFacts, _ set: ReplicaSet, _ cluster: ClusterObservation) {
        guard let facts = settled(facts) else {
            log.info("no primary runs, and this node still replays WAL: its position isn't final")
            return
        }
        let own = PublishedPosition(systemIdentifier: facts.systemIdentifier, position: facts.position)
        let performer = ClusterPerformer(agent: self)
        if let failure = performer.perform(standForElection(set, position: own, cluster: cluster)) {
            log.warning(failure)
        }
        let ballots = ballots(set, own: own, cluster: cluster)
        let confirmations = ElectionRounds(resource: environment.resource).count(ballots)
        let verdict = decideElection(
            own: set.ownNode,
            ballots: ballots,
            mode: mode,
            confirmations: confirmations,
            patience: parameters.xlogCheckCount
        )
        log.notice("no primary runs: \(describe(verdict)); own position \(own.position)")
        if let failure = performer.perform(concludeElection(verdict, set, cluster: cluster)) { log.warning(failure) }
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

    private func describe(_ verdict: ElectionVerdict) -> String {
        switch verdict {
        case .won: "this node is the best candidate"
        case .lost(let node): "\(node) is the better candidate"
        case .barred(let holders):
            holders.isEmpty
                ? "no node is recorded as having every acknowledged commit: 'pgrex-tool status' shows them"
                : "this node may lack acknowledged commits, which are on \(holders.joined(separator: ", "))"
        case .waiting(let missing): "waiting for the position of \(missing.joined(separator: ", "))"
        case .foreign(let node): "the data of \(node) belong to another database system"
        }
    }
}
