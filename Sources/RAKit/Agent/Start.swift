import RACore

extension Agent {
    /// Brings the instance up: always as a standby in the replicated modes.
    func start() -> Outcome {
        if let refusal = parameterRefusal() { return Outcome(refusal) }
        do throws(Refusal) {
            let installation = try findStartable()
            try verifyInstallation(installation, by: deadline)
            try verifyOwnedDirectory(installation)
            guard mode.isReplicated else { return try startUnreplicated(installation) }
            return try startReplicated(installation)
        } catch {
            return Outcome(rejoinInBackground(error) ?? error)
        }
    }

    private func findStartable() throws(Refusal) -> Installation {
        do throws(Refusal) {
            return try findInstallation(parameters)
        } catch {
            guard error.exitCode == .notInstalled, mode.isReplicated else { throw error }
            throw RejoinGuard.refusal(ofNoData: ownFiles.rejoin) ?? error
        }
    }

    private func startUnreplicated(_ installation: Installation) throws(Refusal) -> Outcome {
        let performer = InstancePerformer(agent: self, installation: installation, set: replicaSet(nil))
        let role = mode == .none ? StartRole.alone : .standby
        let outcome = bringUp(performer, role: role)
        if outcome.code == .success, mode == .slave { try verifyOwnedSettings(installation, performer.set) }
        return outcome
    }

    private func startReplicated(_ installation: Installation) throws(Refusal) -> Outcome {
        let cluster = try knownCluster()
        let set = replicaSet(cluster)
        try verifyNodeNames(set, cluster)
        let announcement =
            announceStart(set, cluster: cluster) + (stoppedEnd().map { [self.announcement($0, cluster)] } ?? [])
        if let failure = ClusterPerformer(agent: self).perform(announcement) {
            throw Refusal(.genericError, failure)
        }
        // From before the data are judged until the server runs no rejoin may change them; half-rewound ones look like others.
        let claim = try RejoinGuard(installation).claimForStart()
        defer { withExtendedLifetime(claim) {} }
        // A server that runs is judged as it is; its data can't be looked at from outside.
        if case .absent = observePostmaster(dataDirectory: dataDirectory) {
            try StartGate(agent: self, installation: installation, set: set).pass(cluster)
            reserveOnPrimary(set, cluster)
        }
        let performer = InstancePerformer(agent: self, installation: installation, set: set)
        let outcome = bringUp(performer, role: .standby)
        guard outcome.code == .success else { return outcome }
        dropRejoinRequest(cluster, set)
        try finishStart(performer)
        return outcome
    }

    /// Where the data of a stopped instance end, as its files tell.
    struct StoppedEnd {
        let history: InstanceHistory
        let lsn: LSN
    }

    /// Where the data of this instance end, as far as its files tell at once; nil for one that runs.
    func stoppedEnd() -> StoppedEnd? {
        guard case .absent = observePostmaster(dataDirectory: dataDirectory),
            let installation = try? findInstallation(parameters),
            case .known(let (control, local)) = LocalWAL(installation: installation)
                .read(by: deadline.capped(milliseconds: 2000))
        else { return nil }
        let end = LocalWAL(installation: installation)
            .lastRecord(control, local.history, by: deadline.capped(milliseconds: 1000))
        return StoppedEnd(history: local, lsn: end.lsn)
    }

    /// Tells the others: also an instance that can't start has seen records of which they must know.
    func announcement(_ end: StoppedEnd, _ cluster: ClusterObservation) -> ClusterEffect {
        ElectionRounds(resource: environment.resource).open()
        return .publish(
            PublishedPosition(
                systemIdentifier: end.history.systemIdentifier,
                history: end.history.history,
                lsn: end.lsn,
                isRunning: false,
                seen: newestRecord(cluster)?.stamp,
                hasTakenPart: false
            )
        )
    }

    /// Checks what only a running server tells, and takes part in the choice of a primary.
    func finishStart(_ performer: InstancePerformer) throws(Refusal) {
        try verifyOwnedSettings(performer.installation, performer.set)
        slotWatchFile.remove()
        keepSlots(performer.set, nil, .makingOnly)
        guard case .answering(let facts) = observeInstance().server else { return }
        try verifyVisibility(facts)
        let cluster = try knownCluster()
        guard primaryElsewhere(performer.set, cluster: cluster) == nil else {
            let alone = ClusterEffect.set(.status, node: performer.set.ownNode, value: StatusValue.alone.rawValue)
            // The primary takes a standby that calls itself stopped at its word.
            if let failure = ClusterPerformer(agent: self).perform([alone]) { throw Refusal(.genericError, failure) }
            return
        }
        runElection(facts, performer.set, cluster)
    }

    /// Drives the instance up until it runs, it can't, or the time is over.
    ///
    /// - Parameter awaitsReadiness: false ends it once the new postmaster can be seen.
    func bringUp(_ performer: InstancePerformer, role: StartRole, awaitsReadiness: Bool = true) -> Outcome {
        var isAttempted = false
        while true {
            let instance = observeInstance()
            var state = state(of: instance)
            // The new postmaster is there before its postmaster.pid is.
            if state == .absent && isAttempted && hasLiveChild() { state = .starting }
            switch decideStart(state, role: role, isAttempted: isAttempted) {
            case .finish(.success, _): return Outcome(.success)
            case .finish(let code, .startFailed):
                return Outcome(code, performer.starter.explainFailure())
            case .finish(let code, let reason): return Outcome(code, "\(reason.text): \(describe(instance))")
            case .wait(let reason):
                // Not before the new postmaster can be seen: a stop would take the instance for one that isn't there.
                if isAttempted, !awaitsReadiness, case .running = instance.postmaster {
                    return Outcome(.success, reason.text)
                }
                guard canLookAgain else { return outOfTime(reason, instance) }
                pause(milliseconds: awaitsReadiness ? 20 : 3)
            case .perform(let effects, let reason):
                log.info(reason.text)
                do throws(Refusal) {
                    try performer.perform(effects)
                } catch {
                    return Outcome(error)
                }
                isAttempted = isAttempted || effects.contains(.startPostmaster)
            }
        }
    }

    /// The cluster, without which a replicated instance can't be placed.
    func knownCluster() throws(Refusal) -> ClusterObservation {
        switch tools.observe(by: deadline) {
        case .known(let cluster): return cluster
        case .unknown(let why): throw Refusal(.genericError, "the cluster isn't known: \(why)")
        }
    }

    func verifyNodeNames(_ set: ReplicaSet, _ cluster: ClusterObservation) throws(Refusal) {
        let problems = compareNodeNames(nodeList: parameters.nodeList, clusterNodes: cluster.nodes.map(\.name))
        if let problem = problems.first { throw Refusal(problem.exitCode, problem.reason) }
        guard set.members.contains(where: { sameName($0, set.ownNode) }) else {
            throw Refusal(
                .notConfigured,
                "node_list \"\(parameters.nodeList.joined(separator: " "))\" doesn't name this node, \"\(set.ownNode)\""
            )
        }
    }
}
