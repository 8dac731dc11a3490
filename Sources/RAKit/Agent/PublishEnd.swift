import RACore

/// For how long a standby's sentinel waits for the cluster to have no primary any more.
private let patienceMilliseconds = 3000
/// How long it waits for the notification that says so before it asks, where there are notifications and where not: whatever
/// asks then takes time from the failover.
private let unheardMilliseconds = (notified: 1000, otherwise: 250)

extension Agent {
    /// Publishes where this standby is, the moment that it receives no WAL and the cluster has no primary any more: whoever
    /// is promoted next is compared with it.
    ///
    /// Not before the cluster knows: a receiver that connects anew goes on from there, the primary acknowledges by what it
    /// has flushed, and who goes by the former position is promoted without those commits.
    /// - Returns: what was seen last.
    func publishEnd() -> InstanceObservation {
        let end = deadline.capped(milliseconds: patienceMilliseconds)
        let rounds = ElectionRounds(resource: environment.resource)
        let unheard = environment.isNotified ? unheardMilliseconds.notified : unheardMilliseconds.otherwise
        var nextLook = Deadline.after(milliseconds: unheard)
        var hasHeard = false
        var instance = observeInstance()
        _ = wait(until: end, everyMilliseconds: 5) { () -> Bool? in
            let isNews = !hasHeard && rounds.isVacant(since: began)
            guard isNews || nextLook.isPast else { return nil }
            hasHeard = hasHeard || isNews
            nextLook = .after(milliseconds: 100)
            let cluster = tools.observe(by: end)
            // Looked at after the cluster: what came in between is in it.
            instance = observeInstance()
            guard case .answering(let facts) = instance.server, facts.isInRecovery, !isReceiving(facts) else {
                return true
            }
            guard case .known(let known) = cluster else { return nil }
            // An operator does what is to be done.
            if known.properties.isMaintenanceMode { return true }
            let record = newestRecord(known)
            guard isPrimaryOver(replicaSet(known), record: record, cluster: known) else { return nil }
            publishEnd(facts, record)
            return true
        }
        return instance
    }

    private func publishEnd(_ facts: ServerFacts, _ record: ClusterRecord?) {
        guard facts.hasReachedEnd, let own = position(facts, record: record) else { return }
        let rounds = ElectionRounds(resource: environment.resource)
        rounds.open()
        if let failure = ClusterPerformer(agent: self).perform([.publish(own)]) { return log.warning(failure) }
        rounds.noteTold(own)
    }
}
