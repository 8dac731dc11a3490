import RACore

/// How long it takes from the monitor that finds an instance hung to its demotion.
private let hungMilliseconds: UInt64 = 5000
/// How long an instance that the monitor has given up on may take to answer, and how many seconds for a fast shutdown.
private let hungLookMilliseconds = 1000
private let hungFastSeconds = 5

extension Agent {
    /// Makes the primary a standby again: shut down, so that every standby has all of it, and brought up as standby.
    func demote() -> Outcome {
        let problem = parameterRefusal()
        guard mode.isReplicated, problem == nil else {
            return demoteUnconfigured(problem)
        }
        // A node that goes into standby mode: what would come up as a standby would be stopped in the same moment.
        let staysDown = environment.isToBeStopped
        let (instance, seen) = observeForDemotion()
        var phase = DemotionPhase.fresh
        let isHurried = isHurried(instance)
        switch decideDemote(state(of: instance), phase: phase) {
        case .finish(let code, let reason):
            log.info(reason.text)
            // What is about to be stopped says so already: one change of the cluster's state instead of two.
            if let seen { recordDemotion(seen, isStopped: reason == .diedBeforeDemotion, by: quarter) }
            return Outcome(code, reason.text)
        case .shutDown, .comeUp:
            if let seen { recordDemotion(seen, isStopped: staysDown, by: quarter, asSeen: false) }
            if !isHurried { writeCheckpoint() }
        }
        while true {
            switch decideDemote(processState(), phase: phase) {
            case .finish(let code, let reason): return Outcome(code, reason.text)
            case .shutDown:
                phase = .stopping
                switch shutDownForDemotion(isHurried: isHurried) {
                case .clean where staysDown: return leaveDown()
                case .clean: break
                // A start would now replay the WAL of a crash, and the failover would wait for it.
                case .unclean: return Outcome(.success, "the primary could only be ended, and stays down")
                case .failed(let why): return Outcome(.genericError, why)
                }
            case .comeUp: return leftAs(comeUpAsStandby(seen?.value))
            }
        }
    }

    /// Whether a monitor has waited already for what still doesn't answer. Not in asynchronous mode: what is yet to be sent may
    /// be the only copy of an acknowledged commit.
    private func isHurried(_ instance: InstanceObservation) -> Bool {
        mode == .sync && state(of: instance) == .hung && hungNote.isRecent(milliseconds: hungMilliseconds)
    }

    /// What doesn't answer gets little time to shut down in order where clients wait for the failover already.
    private func shutDownForDemotion(isHurried: Bool) -> Shutdown.Result {
        let start = min(30_000, deadline.remainingMilliseconds / 2)
        let end = deadline.earlier(milliseconds: start)
        let seconds = isHurried ? min(hungFastSeconds, parameters.stopEscalate) : parameters.stopEscalate
        return Shutdown(agent: self, fastSeconds: seconds, end: end).run()
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

    /// That the monitor found an instance that hangs, and has waited for it to go on.
    var hungNote: RunFile { RunFile("hung", resource: environment.resource) }

    /// How long one of the steps before the shutdown may take.
    private var quarter: Deadline { deadline.capped(milliseconds: deadline.remainingMilliseconds / 4) }

    /// The instance and, unless the sentinel has told what is to be told, the cluster: asked at the same time.
    private func observeForDemotion() -> (InstanceObservation, Observed<ClusterObservation>?) {
        var observer = self.observer
        var end = lookDeadline
        if hungNote.isRecent(milliseconds: hungMilliseconds) {
            // The monitor has waited already.
            observer.resumptionMilliseconds = 0
            end = end.capped(milliseconds: hungLookMilliseconds)
        }
        if toldStop != nil { return (observer.observe(by: end), nil) }
        let reading = tools.startReading()
        let instance = observer.observe(by: end)
        return (instance, tools.cluster(from: reading.finish(by: quarter)))
    }

    /// The cluster must not ask for this node while it goes down; a cluster that can't be told gets told by `stop`.
    ///
    /// - Parameter asSeen: whether what the cluster shows needn't be told: not where a sentinel that was just ended may have
    ///   told otherwise, which it shows in a moment.
    /// - Returns: what it didn't know yet.
    @discardableResult
    func recordDemotion(
        _ seen: Observed<ClusterObservation>,
        isStopped: Bool,
        by end: Deadline,
        asSeen: Bool = true
    ) -> [ClusterEffect] {
        switch seen {
        case .unknown(let why):
            log.warning("the cluster isn't known: \(why)")
            return []
        case .known(let cluster):
            let set = replicaSet(cluster)
            let effects = isStopped ? announceStop(set, cluster: cluster) : announceDemotion(set, cluster: cluster)
            // Pacemaker plans for none of these that is so already.
            let certain = asSeen ? [] : giveUp(set, status: isStopped ? .stop : .alone)
            let more = certain.filter { !effects.contains($0) }
            if let failure = tools.write(effects + more, by: end) { log.warning(failure) }
            return effects
        }
    }

    /// Starts it as a standby, and leaves it to the next monitor to see it come up: the failover waits for this action.
    private func comeUpAsStandby(_ cluster: ClusterObservation?) -> Outcome {
        if let refusal = parameterRefusal() { return Outcome(refusal) }
        do throws(Refusal) {
            let installation = try findInstallation(parameters)
            let claim = try RejoinGuard(installation).claimForStart()
            defer { withExtendedLifetime(claim) {} }
            let performer = InstancePerformer(agent: self, installation: installation, set: replicaSet(cluster))
            return bringUp(performer, role: .standby, awaitsReadiness: false)
        } catch {
            return Outcome(error)
        }
    }

    /// What is dirty is written while clients are still served: the shutdown that they notice is short then.
    ///
    /// Within a quarter of the time: a demotion must end, whatever the disk does.
    private func writeCheckpoint() {
        let end = quarter
        guard case .running(let file) = observePostmaster(dataDirectory: dataDirectory),
            case .success(let connection) = observer.connectToChange(file, by: end.capped(milliseconds: 1000))
        else { return }
        do throws(QueryFailure) {
            try Queries.checkpoint(connection, by: end)
        } catch {
            log.info("no checkpoint before the shutdown: \(error.text)")
        }
    }
}
