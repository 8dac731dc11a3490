import RACore

/// For how long after a change it looks for connections that begin, and how often.
private let eagerMilliseconds = 15_000
private let eagerStepMilliseconds = 500
/// How often a standby that receives nothing looks whether it was promoted.
private let idleStepMilliseconds = 2000
/// How long a server that was shut down in order may take to be there again.
private let restartMilliseconds = 2000

/// Waits beside a postmaster, and makes the cluster look the moment something happens to it.
///
/// It decides nothing about the instance: that a postmaster is gone it says to Pacemaker, which does what it does about
/// any failure; that a standby is gone it answers with what a monitor does. Without it the next monitor sees the same.
struct Sentinel {
    /// The word before what it watches, among the agent's arguments; no action of OCF.
    static let word = "sentinel"
    /// What stands for what it watches when there is nothing to watch any more, but to tell.
    static let stoppedWord = "stopped"

    let environment: OCFEnvironment

    var resource: String { environment.resource }
    var log: Log { Log(resource: resource) }

    /// - Returns: the exit code, which nobody reads.
    func run(_ words: [String]) -> Int32 {
        if words.count == 2, words[1] == Sentinel.stoppedWord { return tellOfShutdown(order: words[0]) }
        guard let order = words.first, let watch = SentinelWatch(words: words.dropFirst()) else {
            printError(
                "usage: pgsql-swift \(Sentinel.word) ORDER POSTMASTER [SENDER-OR-RECEIVER...]: the agent calls it\n"
            )
            return OCFExitCode.badArguments.rawValue
        }
        guard let lock = takeLock(order, watch) else { return OCFExitCode.genericError.rawValue }
        defer { withExtendedLifetime(lock) {} }
        // One that has ended meanwhile was ended on purpose, or whoever looks next sees it.
        guard isWanted(order), case .running(let file) = postmaster(), file.processID == watch.postmaster else {
            return OCFExitCode.success.rawValue
        }
        stand(order, watch, lock)
        return OCFExitCode.success.rawValue
    }

    func isWanted(_ order: String) -> Bool { SentinelOrder(resource: resource).isWanted(order[...]) }

    /// Whoever looks whether a sentinel is there has the lock for a moment.
    func takeLock(_ order: String, _ watch: SentinelWatch) -> FileLock? {
        wait(until: .after(milliseconds: 1000), everyMilliseconds: 2) { () -> FileLock?? in
            switch FileLock.take(SentinelKeeper.path(resource), holder: SentinelHolder.text(order, watch)) {
            case .held(let lock): .some(lock)
            case .busy: nil
            case .failed: .some(nil)
            }
        } ?? nil
    }

    private func stand(_ order: String, _ first: SentinelWatch, _ lock: FileLock) {
        var watch = first
        // Whatever has changed may go on changing: a standby comes back, another one connects.
        var eagerness = Deadline.after(milliseconds: eagerMilliseconds)
        var isFirst = true
        while true {
            guard let event = waitForEvent(watch, eagerness, isFirst: &isFirst) else { continue }
            if event == .postmasterEnded { awaitRestart() }
            if event == .linkEnded {
                // A monitor that comes meanwhile finds that what there is is watched, and leaves this to go on.
                watch = withoutEnded(watch)
                lock.describe(SentinelHolder.text(order, watch))
            }
            guard isWanted(order) else { return }
            let agent = Agent(environment: environment)
            guard let next = act(on: event, agent, watch, order) else { return }
            watch = next
            eagerness = .after(milliseconds: eagerMilliseconds)
            giveMemoryBack()
            lock.describe(SentinelHolder.text(order, watch))
        }
    }

    /// - Returns: what to watch next; nil to end.
    private func act(
        on event: SentinelEvent,
        _ agent: Agent,
        _ watch: SentinelWatch,
        _ order: String
    ) -> SentinelWatch? {
        if event != .postmasterEnded, agent.hasStandbySignal {
            // A standby's connection that came back is nobody's business; that one was lost is told when nobody serves any more.
            return anew(agent, watch, event == .linkEnded ? agent.publishEnd() : agent.observeInstance())
        }
        // Before the first look, as whoever had it may change what is seen.
        let claim = event == .postmasterEnded ? nil : agent.awaitClaim()
        defer { withExtendedLifetime(claim) {} }
        let reader = ConfigurationReader(resource: resource)
        let context = try? reader.read(by: agent.deadline.capped(milliseconds: 5000))
        switch decideSentinel(event, presence(), agent.stewardship(context)) {
        case .report:
            if FailureReport(resource: resource).make({ report(agent) }), let context {
                tellStop(agent, context.cluster)
            }
            return nil
        case .supervise:
            return supervise(agent, context?.cluster, watch, isClaimed: claim != nil)
        case .watchAnew: return anew(agent, watch, agent.observeInstance())
        case .end: return nil
        }
    }
}

extension Sentinel {
    private var dataDirectory: String { findDataDirectory(Parameters.read { environment.parameter($0) }.parameters) }

    private func postmaster() -> PostmasterObservation { observePostmaster(dataDirectory: dataDirectory) }

    func presence() -> PostmasterPresence {
        switch postmaster() {
        case .absent: .absent
        case .running, .halted: .present
        case .unknown: .unknown
        }
    }

    /// Gives whoever has shut the server down in order the time to start it again, as `pg_ctl restart` does: for the
    /// monitor, too, that would hardly ever be a failure.
    private func awaitRestart() {
        guard presence() == .absent, wasShutDown(dataDirectory: dataDirectory) else { return }
        _ = wait(until: .after(milliseconds: restartMilliseconds), everyMilliseconds: 20) { () -> Bool? in
            presence() == .absent ? nil : true
        }
    }

    /// Does now what the next monitor would do about a connection that was lost, or is new.
    private func supervise(
        _ agent: Agent,
        _ cluster: ClusterObservation?,
        _ watch: SentinelWatch,
        isClaimed: Bool
    ) -> SentinelWatch {
        let instance = agent.observeInstance()
        if let cluster, isClaimed {
            log.info("looking at the replication at once")
            agent.supervisePrimary(instance, .known(cluster))
            return anew(agent, watch, agent.observeInstance())
        }
        return anew(agent, watch, instance)
    }

    /// What is there to be watched now.
    private func anew(_ agent: Agent, _ watch: SentinelWatch, _ instance: InstanceObservation) -> SentinelWatch {
        if let found = agent.watchable(instance) { return found }
        // A server that doesn't answer is watched for its end alone; the next monitor says what else there is.
        switch postmaster() {
        case .running(let file), .halted(let file): return SentinelWatch(postmaster: file.processID)
        case .absent, .unknown: return watch.withoutLinks
        }
    }

    /// Waits for what it is there for; in the first moments after a change it looks for new connections as well.
    ///
    /// - Parameter isFirst: whether nobody may have looked after the replication yet, as right after a promotion; it stays so
    ///   until the server has answered.
    private func waitForEvent(
        _ watch: SentinelWatch,
        _ eagerness: Deadline,
        isFirst: inout Bool
    ) -> SentinelEvent? {
        let directory = dataDirectory
        let next = step(watch, eagerness).map { Deadline.after(milliseconds: $0) }
        let ended = waitForEnd(of: [watch.postmaster] + watch.links, by: next) {
            isServerProcess($0, dataDirectory: directory)
        }
        if let ended {
            isFirst = false
            return ended == watch.postmaster ? .postmasterEnded : .linkEnded
        }
        let agent = Agent(environment: environment)
        let instance = agent.observeInstance()
        guard let found = agent.watchable(instance) else { return nil }
        defer { isFirst = false }
        // The primary may count on this standby from now on: it must know itself that it has taken part.
        if case .answering(let facts) = instance.server, agent.mode.isReplicated, facts.isInRecovery,
            agent.isReceiving(facts)
        {
            agent.noteReceiving()
            // What was published isn't where it is any more. A receiver that was there before then may hang, or not know
            // yet that its primary is dead: a promotion that counts on the position would be refused.
            if found != watch, let failure = ClusterPerformer(agent: agent).perform(agent.leaveElection()) {
                log.warning(failure)
            }
        }
        if found != watch { return .linkBegan }
        let isUnseenPrimary = !agent.hasStandbySignal && (isFirst || agent.takeOverdueSettling())
        return isUnseenPrimary ? .linkBegan : nil
    }

    /// When to look again although nothing has ended; nil for never, as beside a server at rest.
    private func step(_ watch: SentinelWatch, _ eagerness: Deadline) -> Int? {
        if !eagerness.isPast { return eagerStepMilliseconds }
        let agent = Agent(environment: environment)
        let isIdleStandby = agent.mode.isReplicated && agent.hasStandbySignal && watch.links.isEmpty
        return agent.isSettling || isIdleStandby ? idleStepMilliseconds : nil
    }

    private func withoutEnded(_ watch: SentinelWatch) -> SentinelWatch {
        let directory = dataDirectory
        return SentinelWatch(
            postmaster: watch.postmaster,
            links: watch.links.filter { isServerProcess($0, dataDirectory: directory) }
        )
    }
}

extension Agent {
    /// What a sentinel is to watch of an instance; nil when that isn't known.
    func watchable(_ instance: InstanceObservation) -> SentinelWatch? {
        guard case .running(let file) = instance.postmaster, case .answering(let facts) = instance.server else {
            return nil
        }
        // Outside replication nobody looks after them.
        guard mode.isReplicated else { return SentinelWatch(postmaster: file.processID) }
        let senders = (facts.senders.value ?? []).filter { $0.state != "backup" }.map(\.processID)
        let links = facts.isInRecovery ? [facts.receiver?.processID ?? 0] : senders
        return SentinelWatch(postmaster: file.processID, links: links.filter { $0 > 0 })
    }

    /// Keeps a sentinel beside an instance that runs.
    ///
    /// - Returns: whether there is one.
    @discardableResult
    func keepSentinel(_ instance: InstanceObservation) -> Bool {
        guard let watch = watchable(instance) else { return false }
        return SentinelKeeper(agent: self).ensure(watch)
    }

    func endSentinel() { SentinelKeeper(agent: self).end() }

    /// Whether the cluster acts on the instance: read when something has happened, as nobody tells us.
    func stewardship(_ context: ResourceContext?) -> Stewardship {
        guard let context, context.source == .cluster else { return .unknown }
        let isPaused =
            context.cluster.properties.isMaintenanceMode
            || context.cluster.node(ownNode())?.isMaintenance ?? false
        return context.configuration.isManaged && !isPaused ? .managed : .unmanaged
    }
}
