import RACore

/// How long it may take to tell that a primary is to be demoted; a tenth of a second is usual.
private let announcementMilliseconds = 1000

/// How long a server that has told its position may take to say that it is still there.
private let toldLookMilliseconds = 1000

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
            announceComingDemotion(notification)
            return Outcome(.success)
        case .checkCandidate: if isDecided(notification) { return Outcome(.success) }
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

    /// Whether what this node published when it lost its primary still holds, and the candidate is the one to be chosen by
    /// what is published: whoever is further, or hasn't told, sees that itself, and the promotion looks at everything.
    private func isDecided(_ notification: Notification) -> Bool {
        let rounds = ElectionRounds(resource: environment.resource)
        // For one promotion: should it fail, the next look is a whole one.
        defer { rounds.forgetTold() }
        guard let candidate = notification.affected.first, let told = rounds.told,
            case .answering(let facts) = observer.observe(by: deadline.capped(milliseconds: toldLookMilliseconds))
                .server,
            facts.hasReachedEnd, !isReceiving(facts)
        else { return false }
        let record = recordCopy.read()
        let published = tools.positions(by: lookDeadline)
        return position(facts, record: record) == told
            && published.contains { sameName($0.node, ownNode()) && $0.position == told }
            && isChosen(candidate, replicaSet(nil), positions: published, record: record)
    }

    /// Tells what the demotion would, when another node is to be promoted: Pacemaker plans anew then while clients are still
    /// served, and not once they aren't.
    ///
    /// The server isn't asked, as one that hangs is to be demoted without delay.
    private func announceComingDemotion(_ notification: Notification) {
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
