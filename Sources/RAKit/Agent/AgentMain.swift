import RACore

/// Runs one action and gives the exit code.
///
/// - Parameter arguments: the words after the program's name; only the first counts (OCF 1.1, "Agents must ignore
///   additional arguments").
public func runAgent(arguments: [String], environment: OCFEnvironment = .current) -> Int32 {
    guard let word = arguments.first else {
        printError(usageText)
        return OCFExitCode.badArguments.rawValue
    }
    if word == Sentinel.word {
        ignoreBrokenPipes()
        return Sentinel(environment: environment).run(Array(arguments.dropFirst()))
    }
    guard let action = OCFAction(rawValue: word) else {
        printError(usageText)
        Log(resource: environment.resource).exitReason("unknown action \"\(word)\"")
        return OCFExitCode.unimplemented.rawValue
    }
    switch action {
    case .metadata:
        printOutput(renderMetadata())
        return OCFExitCode.success.rawValue
    case .methods:
        printOutput(OCFAction.allCases.map { $0.rawValue + "\n" }.joined())
        return OCFExitCode.success.rawValue
    case .usage:
        printOutput(usageText)
        return OCFExitCode.success.rawValue
    case .start, .stop, .monitor, .status, .promote, .demote, .notify, .validateAll, .reloadAgent:
        ignoreBrokenPipes()
        let agent = Agent(environment: environment)
        Trace.note("\(action.rawValue) begins")
        let outcome = agent.run(action)
        Trace.note("\(action.rawValue) ends: \(outcome.code)")
        if !outcome.isAnswer { agent.log.exitReason(redactingPasswords(outcome.reason)) }
        return outcome.code.rawValue
    }
}

private let usageText =
    "usage: pgsql-swift {" + OCFAction.allCases.map(\.rawValue).joined(separator: "|") + "}\n"
    + "Parameters are taken from the environment, as OCF_RESKEY_<name>; 'meta-data' lists them.\n"

extension Agent {
    /// What came of an action that leaves another postmaster behind than it found.
    private func watched(_ outcome: Outcome) -> Outcome {
        if outcome.code == .success { keepSentinel(observeInstance()) }
        return outcome
    }

    /// Whether it has reported that the postmaster has ended by itself, and tells what is to be told of that.
    private func isSentinelStillNeeded(_ action: OCFAction) -> Bool {
        guard action != .start, case .absent = observePostmaster(dataDirectory: dataDirectory) else { return false }
        return action == .demote ? toldStop != nil : awaitToldStop()
    }

    func run(_ action: OCFAction) -> Outcome {
        switch action {
        case .start, .stop, .demote:
            // First: what ends now ends on purpose. What has ended may still be reported, and is told of.
            // A stop has waited by then for what is told.
            if !isSentinelStillNeeded(action) || action == .stop { endSentinel() }
            endRest()
            forgetPromotion()
            if action != .start { forgetLeftDown() }
            ElectionRounds(resource: environment.resource).forgetTold()
            if action == .start {
                forgetToldStop()
                FailureReport(resource: environment.resource).forget()
            }
        case .promote:
            if parameters.restartOnPromote { endSentinel() }
            endRest()
        case .notify: endRest()
        case .reloadAgent:
            // Another one gets the new parameters.
            endSentinel()
            endRest()
        case .monitor, .status, .validateAll, .metadata, .methods, .usage: break
        }
        return switch action {
        case .start: watched(start())
        case .stop: stop()
        case .monitor: monitor()
        case .status: processStatus()
        case .promote: parameters.restartOnPromote ? watched(promote()) : promote()
        case .demote: watched(demote())
        case .notify: handleNotification()
        case .validateAll: validate(machine: environment.checkLevel >= 10)
        case .reloadAgent: reloadAgent()
        case .metadata, .methods, .usage: Outcome(.success)
        }
    }
}
