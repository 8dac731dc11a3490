import RACore

/// How long it may take to tell that a primary is to be demoted; a tenth of a second is usual.
private let announcementMilliseconds = 1000

extension Agent {
    /// Acts on a notification; Pacemaker ignores how that ends.
    func handleNotification() -> Outcome {
        guard mode.isReplicated, let notification = environment.notification,
            notification.type == .post || notification.operation == .promote || notification.operation == .demote,
            parameterRefusal() == nil
        else { return Outcome(.success) }
        if notification.leavesNoPrimary { ElectionRounds(resource: environment.resource).noteVacancy() }
        switch expectedVerdict(notification) {
        case .ignore: return Outcome(.success)
        case .announceDemotion:
            announceDemotion(notification)
            return Outcome(.success)
        case .checkCandidate: if isToldCandidate(notification) { return Outcome(.success) }
        // The question who is to be promoted comes with the next notification.
        case .superviseStandby: if !notification.toPromote.isEmpty { return Outcome(.success) }
        case .followNewPrimary:
            followNewPrimary()
            return Outcome(.success)
        case .supervisePrimary: break
        }
        look(notification)
        return Outcome(.success)
    }

    /// Looks at server and cluster, and does what there is to do.
    private func look(_ notification: Notification) {
        let claim = hasStandbySignal ? nil : claimSupervision()
        defer { withExtendedLifetime(claim) {} }
        let (instance, cluster, positions) = observeTogether()
        let isAffected = isAffected(notification)
        switch decideNotification(
            notification.type,
            notification.operation,
            state: state(of: instance),
            isAffected: isAffected
        )
        {
        // What was expected to be one was done before this look.
        case .ignore, .announceDemotion: break
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
    }

    private func isAffected(_ notification: Notification) -> Bool {
        let own = ownNode()
        return notification.affected.contains { sameName($0, own) }
    }

    /// What is to be done if the instance is well: looks at server and cluster hold a failover up.
    private func expectedVerdict(_ notification: Notification) -> NotificationVerdict {
        if case .absent = observePostmaster(dataDirectory: dataDirectory) { return .ignore }
        return decideNotification(
            notification.type,
            notification.operation,
            state: hasStandbySignal ? .standby : .primary,
            isAffected: isAffected(notification)
        )
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

    /// Tells what the demotion would, when another node is to be promoted: Pacemaker plans anew then while clients are still
    /// served, and not once they aren't.
    ///
    /// The server isn't asked, as one that hangs is to be demoted without delay.
    private func announceDemotion(_ notification: Notification) {
        let own = ownNode()
        guard notification.toPromote.contains(where: { !sameName($0, own) }) else { return }
        let end = deadline.capped(milliseconds: announcementMilliseconds)
        // Whoever supervises at this moment would write the former values. The demotion tells all of it again.
        let claim = awaitClaim(by: end.capped(milliseconds: announcementMilliseconds / 3))
        defer { withExtendedLifetime(claim) {} }
        // Should it be called off, the next monitor sees to these attributes.
        endRest()
        let effects = recordDemotion(tools.observe(by: end), isStopped: environment.isToBeStopped, by: end)
        // Pacemaker must have seen it before this notification ends: the demotion begins after the last of them.
        if !effects.isEmpty { awaitShown(effects, by: end) }
    }

    /// Whether the cluster shows in time what was written.
    @discardableResult
    func awaitShown(_ effects: [ClusterEffect], by end: Deadline) -> Bool {
        wait(until: end, everyMilliseconds: 5) { () -> Bool? in
            guard case .known(let now) = tools.observe(by: end) else { return nil }
            return pending(effects, in: now, resource: environment.resource).isEmpty ? true : nil
        } ?? false
    }

    /// A receiver that waits for a dead node would do so until its timeout, a minute by default. What else there is to do
    /// the next monitor does: addresses wait for the end of this notification.
    private func followNewPrimary() {
        if let failure = ClusterPerformer(agent: self).perform([.reconnectReceiver]) { log.warning(failure) }
    }
}
