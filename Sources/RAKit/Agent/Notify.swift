import RACore

extension Agent {
    /// Acts on a notification; Pacemaker ignores how that ends.
    func handleNotification() -> Outcome {
        guard mode.isReplicated, let notification = environment.notification,
            notification.type == .post || notification.operation == .promote, parameterRefusal() == nil
        else { return Outcome(.success) }
        if case .absent = observePostmaster(dataDirectory: dataDirectory) { return Outcome(.success) }
        let reading = tools.startReading()
        let instance = observeInstance()
        let cluster = tools.cluster(from: reading.finish(by: deadline))
        let own = ownNode()
        let isAffected = notification.affected.contains { sameName($0, own) }
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
        case .supervisePrimary: supervisePrimary(instance, cluster)
        case .superviseStandby: _ = superviseStandby(instance, cluster)
        case .followNewPrimary: followNewPrimary(cluster)
        }
        return Outcome(.success)
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
