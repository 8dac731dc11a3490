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
        let outcome = agent.run(action)
        if !outcome.isAnswer { agent.log.exitReason(redactingPasswords(outcome.reason)) }
        return outcome.code.rawValue
    }
}

private let usageText =
    "usage: pgsql-swift {" + OCFAction.allCases.map(\.rawValue).joined(separator: "|") + "}\n"
    + "Parameters are taken from the environment, as OCF_RESKEY_<name>; 'meta-data' lists them.\n"

extension Agent {
    func run(_ action: OCFAction) -> Outcome {
        switch action {
        case .start, .stop, .demote:
            endRest()
            forgetPromotion()
        case .promote, .notify, .reloadAgent: endRest()
        case .monitor, .status, .validateAll, .metadata, .methods, .usage: break
        }
        return switch action {
        case .start: start()
        case .stop: stop()
        case .monitor: monitor()
        case .status: processStatus()
        case .promote: promote()
        case .demote: demote()
        case .notify: handleNotification()
        case .validateAll: validate(machine: environment.checkLevel >= 10)
        case .reloadAgent: reloadAgent()
        case .metadata, .methods, .usage: Outcome(.success)
        }
    }
}
