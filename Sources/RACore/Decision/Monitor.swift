/// What `monitor` makes of an instance's state.
public enum MonitorVerdict: Sendable, Hashable {
    /// Report this exit code.
    case report(OCFExitCode, because: Reason)
    /// Look at the replication as a primary does, then report the promoted role.
    case supervisePrimary
    /// Look at the cluster as a standby does, then report the unpromoted role.
    case superviseStandby
    /// Look again; an error when the time is over.
    case lookAgain(because: Reason)
}

/// Decides the `monitor` action: reports the role and changes nothing of the instance.
///
/// Exit codes: OCF 1.1, section "monitor"; a server whose connections are all taken works and isn't failed over.
public func decideMonitor(_ state: InstanceState, isReplicated: Bool) -> MonitorVerdict {
    switch (state, isReplicated) {
    case (.absent, _): .report(.notRunning, because: .notRunning)
    case (.starting, _): .lookAgain(because: .stillStarting)
    case (.stopping, _): .lookAgain(because: .stillStopping)
    case (.primary, true): .supervisePrimary
    case (.standby, true): .superviseStandby
    case (.primary, false), (.standby, false): .report(.success, because: .running)
    case (.fullPrimary, true): .report(.runningPromoted, because: .noConnectionLeft)
    case (.fullStandby, true), (.fullPrimary, false), (.fullStandby, false):
        .report(.success, because: .noConnectionLeft)
    case (.refusing, _): .report(.genericError, because: .refusing)
    case (.hung, _): .report(.genericError, because: .hung)
    case (.unknown, _): .report(.genericError, because: .unobservable)
    }
}
