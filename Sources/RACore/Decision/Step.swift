/// What an action does next.
public enum Step<Effect: Sendable & Hashable>: Sendable, Hashable {
    /// Carry these out in order, stop at the first that fails, then observe again.
    case perform([Effect], because: Reason)
    /// Pause briefly, then observe again.
    case wait(because: Reason)
    /// End the action.
    case finish(OCFExitCode, because: Reason)
}

/// Why a step was chosen: the words of the log and of the exit reason.
public enum Reason: Sendable, Hashable {
    case notRunning
    case runningAsStandby
    case running
    case noConnectionLeft
    case stillStarting
    case stillStopping
    case refusing
    case hung
    case unobservable
    case mustStart
    case mustRestartAsStandby
    case startedAsPrimary
    case startFailed
    case stopped
    case mustStop(ShutdownMode)
    case mustRecordPromotion
    case mustPromote
    case promotionRequested
    case promoted
    case standbyCannotPromote
    case demotedAlready
    case diedBeforeDemotion

    /// One clause, lower case, without a full stop.
    public var text: String {
        switch self {
        case .notRunning: "no postmaster runs on the data directory"
        case .runningAsStandby: "runs as standby"
        case .running: "runs"
        case .noConnectionLeft: "runs, but all connections are taken"
        case .stillStarting: "the server is still starting"
        case .stillStopping: "the server is still shutting down"
        case .refusing: "the server refuses the agent"
        case .hung: "the server accepts no connection"
        case .unobservable: "the instance can't be observed"
        case .mustStart: "the instance must be started"
        case .mustRestartAsStandby: "it runs as primary, and start brings up standbys only"
        case .startedAsPrimary: "it was started as standby, but came up as primary"
        case .startFailed: "the server ended while it started"
        case .stopped: "stopped"
        case .mustStop(let mode): "shutting down, mode \(mode.rawValue)"
        case .mustRecordPromotion: "the cluster must know first who is to become the primary"
        case .mustPromote: "the standby is to become the primary"
        case .promotionRequested: "waiting for the end of recovery"
        case .promoted: "runs as the new primary"
        case .standbyCannotPromote: "only a running standby can be promoted"
        case .demotedAlready: "runs as standby already"
        case .diedBeforeDemotion: "no primary runs any more, so that nothing is left to demote"
        }
    }
}

/// How PostgreSQL is shut down (documentation, "Shutting Down the Server"), and the last resort.
public enum ShutdownMode: String, Sendable, Hashable, CaseIterable {
    case fast, immediate
    /// SIGKILL to the postmaster and everything that it forked.
    case kill
}
