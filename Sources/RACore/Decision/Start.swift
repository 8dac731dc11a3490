/// How an instance is to come up.
public enum StartRole: Sendable, Hashable, CaseIterable {
    /// rep_mode none: as its own files say.
    case alone
    /// rep_mode slave, async, sync: always as a standby.
    case standby
}

/// Decides the `start` action, and the second half of `demote`.
///
/// - Parameter isAttempted: whether this action has already started the postmaster.
public func decideStart(_ state: InstanceState, role: StartRole, isAttempted: Bool) -> Step<InstanceEffect> {
    switch (state, role, isAttempted) {
    case (.absent, .alone, false): .perform([.configureAlone, .startPostmaster], because: .mustStart)
    case (.absent, .standby, false): .perform([.configureStandby, .startPostmaster], because: .mustStart)
    case (.absent, _, true): .finish(.genericError, because: .startFailed)
    case (.starting, _, _): .wait(because: .stillStarting)
    case (.stopping, _, _): .wait(because: .stillStopping)
    case (.primary, .alone, _), (.standby, .alone, _): .finish(.success, because: .running)
    case (.standby, .standby, _): .finish(.success, because: .runningAsStandby)
    case (.primary, .standby, false): .perform([.shutDown(.fast)], because: .mustRestartAsStandby)
    case (.primary, .standby, true): .finish(.genericError, because: .startedAsPrimary)
    case (.fullPrimary, .alone, _), (.fullStandby, _, _): .finish(.success, because: .noConnectionLeft)
    case (.fullPrimary, .standby, false): .perform([.shutDown(.fast)], because: .mustRestartAsStandby)
    case (.fullPrimary, .standby, true): .finish(.genericError, because: .startedAsPrimary)
    case (.refusing, _, _): .finish(.genericError, because: .refusing)
    case (.hung, _, _): .finish(.genericError, because: .hung)
    case (.unknown, _, _): .finish(.genericError, because: .unobservable)
    }
}
