import RACore

extension Agent {
    /// Makes the primary a standby again: shut down, so that every standby has all of it, and brought up as standby.
    func demote() -> Outcome {
        let problem = parameterRefusal()
        guard mode.isReplicated, problem == nil else {
            return demoteUnconfigured(problem)
        }
        let instance = observeInstance()
        var phase = DemotionPhase.fresh
        switch decideDemote(state(of: instance), phase: phase) {
        case .finish(let code, let reason):
            log.info(reason.text)
            // What is about to be stopped says so already: one change of the cluster's state instead of two.
            recordDemotion(isStopped: reason == .diedBeforeDemotion)
            return Outcome(code, reason.text)
        case .shutDown, .comeUp: recordDemotion(isStopped: false)
        }
        while true {
            switch decideDemote(processState(), phase: phase) {
            case .finish(let code, let reason): return Outcome(code, reason.text)
            case .shutDown:
                phase = .stopping
                let start = min(30_000, deadline.remainingMilliseconds / 2)
                let shutdown = Shutdown(
                    agent: self,
                    fastSeconds: parameters.stopEscalate,
                    end: deadline.earlier(milliseconds: start)
                )
                switch shutdown.run() {
                case .clean: break
                // A start would now replay the WAL of a crash, and the failover would wait for it.
                case .unclean: return Outcome(.success, "the primary could only be ended, and stays down")
                case .failed(let why): return Outcome(.genericError, why)
                }
            case .comeUp: return leftAs(comeUpAsStandby())
            }
        }
    }

    /// A primary that was shut down in order is demoted, whether or not it came up again: a failed demotion may fence
    /// the node, and the next monitor finds that nothing runs and starts it, with the reason in the start's answer.
    private func leftAs(_ outcome: Outcome) -> Outcome {
        guard outcome.code != .success, case .absent = observePostmaster(dataDirectory: dataDirectory) else {
            return outcome
        }
        log.error("demoted, but not brought up as a standby: \(redactingPasswords(outcome.reason))")
        return Outcome(.success)
    }

    /// Demotes what runs although the configuration has no promoted role: no node is fenced for a typing error.
    private func demoteUnconfigured(_ problem: Refusal?) -> Outcome {
        guard problem != nil || environment.isPromotable else {
            return Outcome(.unimplemented, "rep_mode is \(mode.rawValue), and only async and sync have a promoted role")
        }
        if let problem { log.error(problem.reason) }
        if case .absent = observePostmaster(dataDirectory: dataDirectory) { return Outcome(.success) }
        guard !hasStandbySignal else { return Outcome(.success) }
        switch Shutdown(agent: self, fastSeconds: parameters.stopEscalate, end: deadline).run() {
        case .clean, .unclean: return Outcome(.success)
        case .failed(let why): return Outcome(.genericError, why)
        }
    }

    private func processState() -> InstanceState {
        switch observePostmaster(dataDirectory: dataDirectory) {
        case .absent: .absent
        case .running: .primary
        case .halted: .hung
        case .unknown: .unknown
        }
    }

    /// The cluster must not ask for this node while it goes down; a cluster that can't be told gets told by `stop`.
    private func recordDemotion(isStopped: Bool) {
        switch tools.observe(by: deadline.capped(milliseconds: deadline.remainingMilliseconds / 4)) {
        case .unknown(let why): log.warning("the cluster isn't known: \(why)")
        case .known(let cluster):
            let set = replicaSet(cluster)
            let effects = isStopped ? announceStop(set, cluster: cluster) : announceDemotion(set, cluster: cluster)
            if let failure = tools.write(effects, by: deadline.capped(milliseconds: deadline.remainingMilliseconds / 4))
            {
                log.warning(failure)
            }
        }
    }

    private func comeUpAsStandby() -> Outcome {
        if let refusal = parameterRefusal() { return Outcome(refusal) }
        do throws(Refusal) {
            let installation = try findInstallation(parameters)
            let claim = try RejoinGuard(installation).claimForStart()
            defer { withExtendedLifetime(claim) {} }
            let performer = InstancePerformer(
                agent: self,
                installation: installation,
                set: replicaSet(tools.observe(by: deadline).value)
            )
            let outcome = bringUp(performer, role: .standby)
            guard outcome.code == .success else { return outcome }
            try verifyOwnedSettings(installation, performer.set)
            keepSlots(performer.set, nil, .makingOnly)
            recordStandby(performer.set)
            return outcome
        } catch {
            return Outcome(error)
        }
    }

    private func recordStandby(_ set: ReplicaSet) {
        guard case .known(let cluster) = tools.observe(by: deadline) else { return }
        let alone = ClusterEffect.set(.status, node: set.ownNode, value: StatusValue.alone.rawValue)
        let effects = pending([alone], in: cluster, resource: set.resource)
        if let failure = ClusterPerformer(agent: self).perform(effects) { log.warning(failure) }
    }
}
