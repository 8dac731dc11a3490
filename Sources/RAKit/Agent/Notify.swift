import RACore

extension Agent {
    /// Acts on a notification; Pacemaker ignores how that ends.
    func handleNotification() -> Outcome {
        guard mode.isReplicated, let notification = environment.notification,
            notification.type == .post || notification.operation == .promote, parameterRefusal() == nil
        else { return Outcome(.success) }
        guard mayMatter(notification) else { return Outcome(.success) }
        let claim = hasStandbySignal ? nil : claimSupervision()
        defer { withExtendedLifetime(claim) {} }
        let reading = tools.startReading()
        let instance = observeInstance()
        let cluster = tools.cluster(from: reading.finish(by: deadline))
        let isAffected = isAffected(notification)
        switch decideNotification(
            notification.type,
            notification.operation,
            state: state(of: instance),
            isAffected: isAffected
        )
        {
        case .ignore: break
        case .checkCandidate:
            if case .answering(let facts) = instance.server, case .known(let known) = cluster {
                checkCandidate(notification, facts, known)
            }
        case .supervisePrimary:
            if claim != nil { supervisePrimary(instance, cluster) }
            keepSentinel(instance)
        case .superviseStandby:
            // While a failover is under way, and somebody may be promoted, the question comes with the next notification.
            guard !isFailoverUnderWay(cluster) else { break }
            _ = superviseStandby(instance, cluster)
        case .followNewPrimary: followNewPrimary(cluster)
        }
        return Outcome(.success)
    }

    private func isAffected(_ notification: Notification) -> Bool {
        let own = ownNode()
        return notification.affected.contains { sameName($0, own) }
    }

    /// Whether it may be worth a look at server and cluster: all of them hold a failover up.
    private func mayMatter(_ notification: Notification) -> Bool {
        if case .absent = observePostmaster(dataDirectory: dataDirectory) { return false }
        let verdict = decideNotification(
            notification.type,
            notification.operation,
            state: hasStandbySignal ? .standby : .primary,
            isAffected: isAffected(notification)
        )
        return verdict != .ignore
    }

    private func isFailoverUnderWay(_ cluster: Observed<ClusterObservation>) -> Bool {
        guard case .known(let known) = cluster else { return false }
        let set = replicaSet(known)
        return primaryElsewhere(set, cluster: known) == nil && promotableNode(set, cluster: known) != nil
    }

    /// A receiver that waits for a dead node would do so until its timeout, a minute by default.
    private func followNewPrimary(_ cluster: Observed<ClusterObservation>) {
        let performer = ClusterPerformer(agent: self)
        if let failure = performer.perform([.reconnectReceiver]) { log.warning(failure) }
        guard case .known(let known) = cluster else { return }
        let set = replicaSet(known)
        let effects: [ClusterEffect] = [
            .delete(.xlogLocation, node: set.ownNode), .delete(.masterBaseline, node: set.ownNode),
        ]
        let changes = pending(effects, in: known, resource: set.resource) + leaveElection()
        if let failure = performer.perform(changes) { log.warning(failure) }
    }
}
