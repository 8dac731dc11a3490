import RACore

extension Agent {
    /// Whether a standby receives WAL and has nothing to tell: then its monitor needn't read the cluster.
    ///
    /// What is recorded of it is the primary's business; after an election there is something to take back.
    func isFollowing(_ instance: InstanceObservation) -> Bool {
        // A probe has to tell the cluster services, which may have forgotten everything, that this instance runs.
        guard environment.isRecurring, case .answering(let facts) = instance.server, isReceiving(facts),
            !parameters.checkWalReceiver, !ElectionRounds(resource: environment.resource).isOpen,
            !isCopyOld(facts)
        else { return false }
        noteReceiving()
        return true
    }

    /// Whether there was a promotion of which this node's copy of the record doesn't know.
    private func isCopyOld(_ facts: ServerFacts) -> Bool {
        guard let timeline = facts.receiver?.timeline else { return false }
        return recordCopy.read().map { $0.timeline < timeline } ?? true
    }

    /// What a standby that receives WAL knows, and whoever chooses a primary asks for.
    func noteReceiving() {
        noteTakenPart()
        removeLock()
        remark("receiver", nil)
    }

    /// Whether WAL comes from another server. A node that still has the primary's address streams from itself, which
    /// proves nothing: it serves a standby of its own name then.
    func isReceiving(_ facts: ServerFacts) -> Bool {
        guard let receiver = facts.receiver, receiver.isStreaming else { return false }
        // From a primary of before the last promotion that this node knows of.
        if let timeline = receiver.timeline, let known = recordCopy.read()?.timeline, timeline < known { return false }
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
        _ = newestRecord(known)
        if let failure = ClusterPerformer(agent: self).perform(followPrimary(set, cluster: known) + leaveElection()) {
            log.warning(failure)
        }
        if isReceiving(facts) {
            noteReceiving()
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
        case .refuse(let refusal), .foreign(let refusal):
            let never = ClusterEffect.set(.score, node: set.ownNode, value: PromotionScore.never.text)
            _ = ClusterPerformer(agent: self).perform(pending([never], in: cluster, resource: set.resource))
            return Outcome(refusal)
        case .proven:
            remark(
                "receiver",
                "\(state(of: facts.receiver)) from \(primary), of which it is an ancestor: see the server's log"
            )
            return nil
        case .unknown(let why):
            remark("receiver", "\(state(of: facts.receiver)) from \(primary), which can't be compared with: \(why)")
            return nil
        }
    }

    private func state(of receiver: WALReceiver?) -> String {
        guard let receiver else { return "this standby isn't promotable: it receives no WAL" }
        let timeline = receiver.timeline.map { " on timeline \($0)" } ?? ""
        return "this standby isn't promotable: its WAL receiver is \(receiver.status)\(timeline), and receives nothing"
    }

    private func publishReceiver(_ facts: ServerFacts, _ set: ReplicaSet, _ cluster: ClusterObservation) {
        guard parameters.checkWalReceiver else { return }
        let value = facts.isInRecovery ? (facts.receiver == nil ? "ERROR" : "normal") : "normal (master)"
        let effect = ClusterEffect.set(.receiverStatus, node: set.ownNode, value: value)
        let effects = pending([effect], in: cluster, resource: set.resource)
        if !effects.isEmpty, value == "ERROR" { log.warning("no WAL receiver is running") }
        if let failure = ClusterPerformer(agent: self).perform(effects) { log.warning(failure) }
    }
}
