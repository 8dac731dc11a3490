import RACore

extension Agent {
    /// Acts on a notification; Pacemaker ignores how that ends.
    func handleNotification() -> Outcome {
        guard mode.isReplicated, let notification = environment.notification, notification.type == .post,
            parameterRefusal() == nil
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
        case .supervisePrimary: supervisePrimary(instance, cluster)
        case .superviseStandby: _ = superviseStandby(instance, cluster)
        case .recordBaseline: recordBaseline(instance, cluster)
        case .followNewPrimary: followNewPrimary(cluster)
        }
        return Outcome(.success)
    }

    private func recordBaseline(_ instance: InstanceObservation, _ cluster: Observed<ClusterObservation>) {
        guard case .answering(let facts) = instance.server, case .known(let known) = cluster else { return }
        let set = replicaSet(known)
        let effects: [ClusterEffect] = [
            .set(.masterBaseline, node: set.ownNode, value: facts.lsn.digits),
            .set(.status, node: set.ownNode, value: StatusValue.alone.rawValue),
        ]
        let changes = pending(effects, in: known, resource: set.resource)
        if let failure = ClusterPerformer(agent: self).perform(changes) { log.warning(failure) }
    }

    /// A receiver that waits for a dead node would do so until its timeout, a minute by default.
    private func followNewPrimary(_ cluster: Observed<ClusterObservation>) {
        let performer = ClusterPerformer(agent: self)
        if let failure = performer.perform([.reconnectReceiver]) { log.warning(failure) }
        guard case .known(let known) = cluster else { return }
        let set = replicaSet(known)
        let effects: [ClusterEffect] = [
            .delete(.xlogLocation, node: set.ownNode), .delete(.position, node: set.ownNode),
            .delete(.masterBaseline, node: set.ownNode),
        ]
        if let failure = performer.perform(pending(effects, in: known, resource: set.resource)) { log.warning(failure) }
    }
}
