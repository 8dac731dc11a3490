import RACore

/// How often supervision observes again after a change: each round decides from what is true now.
private let supervisionRounds = 8

extension Agent {
    /// Keeps the primary's records and its synchronous set true; failures are logged and tried again at the next look.
    func supervisePrimary(_ instance: InstanceObservation, _ cluster: Observed<ClusterObservation>) {
        guard case .answering(var facts) = instance.server else { return }
        var cluster = cluster
        let set = replicaSet(cluster.value)
        if case .unknown(let why) = facts.senders { log.error("replication isn't supervised: \(why)") }
        for _ in 0..<supervisionRounds {
            guard case .known(let known) = cluster else {
                if case .unknown(let why) = cluster { log.warning("replication isn't supervised: \(why)") }
                return
            }
            let effects = decideSupervision(set, server: facts, cluster: known)
            guard !effects.isEmpty, !deadline.isPast else { return }
            logChanges(effects)
            if let failure = ClusterPerformer(agent: self).perform(effects) {
                log.error(failure)
                return
            }
            cluster = tools.observe(by: deadline)
            guard case .answering(let now) = observeInstance().server, !now.isInRecovery else { return }
            facts = now
        }
    }

    private func logChanges(_ effects: [ClusterEffect]) {
        for effect in effects {
            guard case .set(let attribute, let node, let value) = effect,
                attribute == .score || attribute == .dataStatus
            else { continue }
            log.info("\(attribute.name(resource: environment.resource)) of \(node) becomes \(value)")
        }
    }
}
