import RACore

extension Agent {
    /// Acts on a notification; Pacemaker ignores how that ends.
    func handleNotification() -> Outcome {
        guard mode.isReplicated, let notification = environment.notification,
            notification.type == .post || notification.operation == .promote, parameterRefusal() == nil
        else { return Outcome(.success) }
        if notification.leavesNoPrimary { ElectionRounds(resource: environment.resource).noteVacancy() }
        guard mayMatter(notification), !isToldCandidate(notification) else { return Outcome(.success) }
        let claim = hasStandbySignal ? nil : claimSupervision()
        defer { withExtendedLifetime(claim) {} }
        if notification.type == .post, notification.operation == .promote, hasStandbySignal {
            followNewPrimary()
            return Outcome(.success)
        }
        let (instance, cluster, positions) = observeTogether()
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
                checkCandidate(notification, facts, known, positions)
            }
        case .supervisePrimary:
            if claim != nil { supervisePrimary(instance, cluster) }
            keepSentinel(instance)
        case .superviseStandby: _ = superviseStandby(instance, cluster)
        case .followNewPrimary: followNewPrimary()
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
        switch verdict {
        case .ignore: return false
        // The question who is to be promoted comes with the next notification.
        case .superviseStandby: return notification.toPromote.isEmpty
        case .checkCandidate, .supervisePrimary, .followNewPrimary: return true
        }
    }

    /// Whether this is the node that is to be promoted, and the others know where it stands: they compare, and its
    /// promotion does so again.
    private func isToldCandidate(_ notification: Notification) -> Bool {
        guard notification.type == .pre, notification.operation == .promote, isAffected(notification),
            case .answering(let facts) = observeInstance().server, facts.hasReachedEnd, !isReceiving(facts),
            let own = position(facts, record: recordCopy.read())
        else { return false }
        guard ElectionRounds(resource: environment.resource).hasTold(own) else { return false }
        // One that is further may not be able to say so.
        return tools.positions(by: lookDeadline).allSatisfy { other in
            !other.position.isRunning || other.position.timeline == own.timeline && other.position.lsn <= own.lsn
        }
    }

    /// A receiver that waits for a dead node would do so until its timeout, a minute by default. What else there is to do
    /// the next monitor does: addresses wait for the end of this notification.
    private func followNewPrimary() {
        if let failure = ClusterPerformer(agent: self).perform([.reconnectReceiver]) { log.warning(failure) }
    }
}
