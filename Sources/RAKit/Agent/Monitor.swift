import RACore

/// How long it takes from a demotion until the next promotion has begun.
private let failoverMilliseconds: UInt64 = 2000

extension Agent {
    /// Reports the role and, in the replicated modes, keeps the cluster's records and the synchronous set true.
    ///
    /// It changes nothing of the instance, but brings up the standby that a demotion owes.
    func monitor() -> Outcome {
        let first = observePostmaster(dataDirectory: dataDirectory)
        if case .absent(let leftover) = first {
            if isLeftDown, let outcome = comeUpAfterAll() { return outcome }
            if environment.isRecurring, environment.nodeName != nil {
                FailureReport(resource: environment.resource).noteSeen()
            }
            return Outcome(.notRunning, leftover ?? "")
        }
        let problem = parameterRefusal()
        let isSupervised = mode.isReplicated && problem == nil
        if isSupervised && !hasStandbySignal, environment.isRecurring, takeSettling() {
            if let outcome = settle() { return outcome }
        }
        let claim = isSupervised && !hasStandbySignal ? claimSupervision() : nil
        defer { withExtendedLifetime(claim) {} }
        var instance: InstanceObservation
        var cluster: Observed<ClusterObservation>?
        if isSupervised && !hasStandbySignal, let former = formerRest {
            instance = observeInstance()
            if presentRest(instance) == former {
                restoreSetting(instance)
                keepSentinel(instance)
                return checkSQL(instance, answer: .runningPromoted)
            }
        } else if isSupervised && !hasStandbySignal {
            // A primary: the command that reads the CIB works while we ask the server.
            let command = tools.startReading()
            instance = observeInstance()
            cluster = tools.cluster(from: command.finish(by: deadline.capped(milliseconds: 20_000)))
        } else {
            instance = observeInstance()
        }
        if let problem { log.error(problem.reason) }
        while true {
            let state = state(of: instance)
            switch decideMonitor(state, isReplicated: mode.isReplicated) {
            case .report(let code, let reason): return report(code, reason, state, instance)
            case .supervisePrimary:
                if claim != nil { supervisePrimary(instance, cluster ?? tools.observe(by: deadline)) }
                if isSupervised { keepSentinel(instance) }
                return checkSQL(instance, answer: .runningPromoted)
            case .superviseStandby:
                if isSupervised, !isFollowing(instance), !isFailoverBeginning,
                    let failure = superviseStandby(instance, cluster ?? tools.observe(by: deadline))
                {
                    return failure
                }
                if isSupervised { keepSlotsNowAndThen() }
                if isSupervised { keepSentinel(instance) }
                return checkSQL(instance, answer: .success)
            case .lookAgain(let reason):
                guard canLookAgain else {
                    return outOfTime(reason, instance)
                }
                pause(milliseconds: 20)
                instance = observeInstance()
            }
        }
    }

    /// Whether the primary was just demoted: until another is promoted, notifications ask for what is needed.
    private var isFailoverBeginning: Bool {
        ElectionRounds(resource: environment.resource).isVacant(forLessThan: failoverMilliseconds)
    }

    /// The first look after a promotion: the sentinel looks after the replication once the addresses are up.
    private func settle() -> Outcome? {
        let instance = observeInstance()
        // What can't be asked now keeps the sentinel that it has.
        guard state(of: instance) == .primary else { return nil }
        // One of its own: that of the standby has had its first look.
        endSentinel()
        guard keepSentinel(instance) else { return nil }
        beModest()
        return checkSQL(instance, answer: .runningPromoted)
    }

    private func report(
        _ code: OCFExitCode,
        _ reason: Reason,
        _ state: InstanceState,
        _ instance: InstanceObservation
    ) -> Outcome {
        switch state {
        case .primary, .standby:
            if parameterRefusal() == nil { keepSentinel(instance) }
            return checkSQL(instance, answer: code)
        case .fullPrimary, .fullStandby:
            log.warning("\(reason.text): \(describe(instance))")
            return Outcome(code)
        case .hung:
            hungNote.write()
            return Outcome(code, describe(instance))
        case .absent, .starting, .stopping, .refusing, .unknown: return Outcome(code, describe(instance))
        }
    }

    /// Runs `monitor_sql` where it adds something: outside replication, on a primary when it isn't the default query,
    /// and everywhere at check level 10.
    private func checkSQL(_ instance: InstanceObservation, answer: OCFExitCode) -> Outcome {
        let isPrimary = answer == .runningPromoted
        let isWanted =
            environment.checkLevel >= 10 || !mode.isReplicated || (isPrimary && !parameters.isMonitorSQLDefault)
        guard isWanted, case .running(let file) = instance.postmaster else { return Outcome(answer) }
        // The instance has just answered; the default query would ask it the same again.
        if parameters.isMonitorSQLDefault, environment.checkLevel < 10 { return Outcome(answer) }
        let failure: String
        var asker = observer
        asker.target.isPathPinned = false
        asker.target.statementTimeoutMilliseconds = max(1, lookDeadline.remainingMilliseconds)
        switch asker.connect(file, by: lookDeadline) {
        case .failure(let problem): failure = problem.text
        case .success(let connection):
            do throws(QueryFailure) {
                _ = try connection.query(parameters.monitorSQL, by: lookDeadline)
                return Outcome(answer)
            } catch {
                failure = error.text
            }
        }
        return Outcome(.genericError, "monitor_sql \"\(firstLine(parameters.monitorSQL))\" failed: \(failure)")
    }

    /// The action `status` of old: whether the process is there.
    func processStatus() -> Outcome {
        switch observePostmaster(dataDirectory: dataDirectory) {
        case .absent(let leftover): Outcome(.notRunning, leftover ?? "")
        case .running, .halted: Outcome(.success)
        case .unknown(let why): Outcome(.genericError, why)
        }
    }
}
