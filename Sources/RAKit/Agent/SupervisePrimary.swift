import RACore

/// How often supervision observes again after a change: each round decides from what is true now.
private let supervisionRounds = 8

extension Agent {
    /// Keeps the primary's records, its synchronous set and its slots true; failures are logged and tried again at the
    /// next look. Slots come last: commits may wait for what comes before.
    func supervisePrimary(_ instance: InstanceObservation, _ cluster: Observed<ClusterObservation>) {
        superviseCommits(instance, cluster)
        let record = cluster.value.map { newestRecord($0) } ?? recordCopy.read()
        guard !deadline.isPast, let record, sameName(record.primary, ownNode()) else { return }
        keepSlots(replicaSet(cluster.value), cluster.value)
    }

    private func superviseCommits(_ instance: InstanceObservation, _ cluster: Observed<ClusterObservation>) {
        guard case .answering(var facts) = instance.server else { return }
        if let failure = ClusterPerformer(agent: self).perform(leaveElection()) { log.warning(failure) }
        var cluster = cluster
        endRest()
        let set = replicaSet(cluster.value)
        makeReady(instance, facts)
        var barrier: LSN?
        var former: [ClusterEffect] = []
        for _ in 0..<supervisionRounds {
            guard let known = told(cluster) else { return }
            let record = newestRecord(known)
            noteAdoption(record, instance.postmaster)
            let input = input(set, instance.postmaster, facts, record, known)
            let plan = decideSupervision(input, barrier: barrier)
            noteStanding(isTrue: isTruePrimary(input), record, known)
            guard !deadline.isPast else { return }
            if plan.effects.isEmpty {
                guard let awaited = plan.awaited else { return rest(instance.postmaster, facts, record, known) }
                guard barrier == nil, let reached = takeBarrier(), let now = awaitFlush(of: awaited, to: reached) else {
                    return
                }
                (barrier, facts) = (reached, now)
                continue
            }
            // Pacemaker's daemon for attributes may hold what its controller's restart has removed from the CIB.
            if plan.effects == former { tools.refreshAttributes(by: lookDeadline) }
            former = plan.effects
            logChanges(plan.effects)
            if let failure = ClusterPerformer(agent: self).perform(plan.effects) { return log.error(failure) }
            if plan.effects.contains(where: \.changesSetting) { barrier = nil }
            let reading = tools.startReading()
            let seen = observePrimary()
            cluster = tools.cluster(from: reading.finish(by: deadline.capped(milliseconds: 20_000)))
            guard let now = seen else { return }
            facts = now
        }
    }

    private func told(_ cluster: Observed<ClusterObservation>) -> ClusterObservation? {
        if case .unknown(let why) = cluster { log.warning("replication isn't supervised: \(why)") }
        return cluster.value
    }

    /// A server that came up as primary by itself is no witness of what was acknowledged, and is told of.
    private func noteStanding(isTrue: Bool, _ record: ClusterRecord?, _ cluster: ClusterObservation) {
        if isTrue { noteTakenPart() }
        remark("stray", isTrue ? nil : strayText(record, cluster))
    }

    private func strayText(_ record: ClusterRecord?, _ cluster: ClusterObservation) -> String {
        if let other = cluster.promotedNode(otherThan: ownNode()) {
            return
                "\(other) is recorded as a running primary, too: nothing is changed until the cluster has ended one of them"
        }
        return
            "this primary wasn't promoted by the agent: it isn't supervised, and nobody is told of its standbys. The record names "
            + "\(record.map { $0.primary.isEmpty ? "nobody" : $0.primary } ?? "nobody"). HINT: 'crm resource restart \(environment.resource) \(ownNode())'."
    }

    /// A primary that runs already when the agent sees the cluster first is taken as it is.
    private func noteAdoption(_ record: ClusterRecord?, _ postmaster: PostmasterObservation) {
        if record?.systemIdentifier == nil { notePromotion(postmaster) }
    }

    private func input(
        _ set: ReplicaSet,
        _ postmaster: PostmasterObservation,
        _ facts: ServerFacts,
        _ record: ClusterRecord?,
        _ cluster: ClusterObservation
    ) -> SupervisionInput {
        let history = standbyHistory(set, facts)
        return SupervisionInput(
            set: set,
            server: facts,
            cluster: cluster,
            record: record,
            promotion: notedPromotion(postmaster),
            unsteady: history.unsteady,
            stalled: history.stalled
        )
    }

    /// What needs no look at the cluster.
    private func makeReady(_ instance: InstanceObservation, _ facts: ServerFacts) {
        if case .unknown(let why) = facts.senders { log.error("replication isn't supervised: \(why)") }
        remark("commit", commitText(facts))
        restoreSetting(instance)
    }

    /// What the server's own setting makes of synchronous mode; nil when commits do wait for a standby's disk.
    private func commitText(_ facts: ServerFacts) -> String? {
        guard mode == .sync, ["off", "local", "remote_write"].contains(facts.synchronousCommit) else { return nil }
        return
            "synchronous_commit is \(facts.synchronousCommit): a commit doesn't wait until a standby has it on disk, and a "
            + "failover may lose it. HINT: Set it to on, and leave it to single sessions to want less."
    }

    /// Makes the file say what is in effect: an agent that was killed between writing it and the server's reading it left
    /// a change behind that any later reload would bring into effect, past every record.
    func restoreSetting(_ instance: InstanceObservation) {
        guard mode == .sync, case .answering(let facts) = instance.server else { return }
        let isReadable = facts.synchronousSet != nil
        remark(
            "setting",
            isReadable
                ? nil
                : "\(OwnedConfiguration.synchronousSetting) is \"\(facts.synchronousStandbyNames)\", which names nobody: no "
                    + "standby counts as having every acknowledged commit. HINT: Remove it where it is set."
        )
        guard isReadable else { return }
        let path = ownFiles.synchronousSet
        let wanted = OwnedConfiguration.synchronousFile(setting: facts.synchronousStandbyNames)
        guard (try? readText(path)) != wanted else { return }
        log.notice("\(path) isn't what is in effect, \"\(facts.synchronousStandbyNames)\", and is written again")
        do throws(SystemError) {
            try ensureFile(path, contains: wanted, owner: account)
        } catch {
            log.error(error.description)
        }
    }

    private func observePrimary() -> ServerFacts? {
        guard case .answering(let facts) = observeInstance().server, !facts.isInRecovery else { return nil }
        return facts
    }

    /// A position that the WAL had reached when every commit already waited as the setting says.
    ///
    /// A changed setting holds for commits once the checkpointer has read it, which it does between two checkpoints or,
    /// in a spread one, between two pages; a session that shows the new value proves nothing about that.
    private func takeBarrier() -> LSN? {
        guard case .running(let file) = observePostmaster(dataDirectory: dataDirectory),
            case .success(let connection) = observer.connect(file, by: lookDeadline)
        else { return nil }
        var calmLooks = 0
        return wait(until: lookDeadline.capped(milliseconds: 2000)) { () -> LSN? in
            guard let look = try? Queries.checkpointer(connection, by: lookDeadline) else { return nil }
            calmLooks = look.isBetweenCheckpoints ? calmLooks + 1 : 0
            return calmLooks >= 2 ? look.position : nil
        }
    }

    /// Observes until the standbys have flushed so far; those that don't soon are confirmed at a later look.
    private func awaitFlush(of guarantee: Guarantee, to barrier: LSN) -> ServerFacts? {
        wait(until: lookDeadline.capped(milliseconds: 2000)) { () -> ServerFacts? in
            guard let facts = observePrimary(), let senders = facts.senders.value else { return nil }
            return isReached(barrier, by: guarantee, senders) ? facts : nil
        }
    }

    private func logChanges(_ effects: [ClusterEffect]) {
        for effect in effects {
            switch effect {
            case .set(let attribute, let node, let value) where attribute == .score || attribute == .dataStatus:
                log.info("\(attribute.name(resource: environment.resource)) of \(node) becomes \(value)")
            case .record(let record): log.info("recording \(record.text)")
            case .set, .delete, .waitFor, .publish, .withdrawPosition, .outrank, .reconnectReceiver: break
            }
        }
    }
}
