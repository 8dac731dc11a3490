/// How far a demotion has come.
public enum DemotionPhase: Sendable, Hashable, CaseIterable {
    /// Nothing was changed yet.
    case fresh
    /// The primary is being shut down, or is down.
    case stopping
    /// The standby was started.
    case starting
}

/// What `demote` does next.
public enum DemotionVerdict: Sendable, Hashable {
    case finish(OCFExitCode, because: Reason)
    /// Shut the primary down: `decideStop` says how.
    case shutDown
    /// Bring the standby up: `decideStart` says how.
    case comeUp
}

/// Decides the `demote` action: a running standby is left behind, not a stopped node.
///
/// A primary that died before its demotion stays down: the cluster stops or recovers it next, and a start that replays
/// its WAL now would only delay the failover.
public func decideDemote(_ state: InstanceState, phase: DemotionPhase) -> DemotionVerdict {
    switch (phase, state) {
    case (.fresh, .absent): .finish(.success, because: .diedBeforeDemotion)
    case (.fresh, .standby), (.fresh, .fullStandby): .finish(.success, because: .demotedAlready)
    case (.fresh, .primary), (.fresh, .fullPrimary), (.fresh, .starting), (.fresh, .stopping), (.fresh, .refusing),
        (.fresh, .hung), (.fresh, .unknown):
        .shutDown
    case (.stopping, .absent): .comeUp
    case (.stopping, .primary), (.stopping, .fullPrimary), (.stopping, .standby), (.stopping, .fullStandby),
        (.stopping, .starting), (.stopping, .stopping), (.stopping, .refusing), (.stopping, .hung),
        (.stopping, .unknown):
        .shutDown
    case (.starting, _): .comeUp
    }
}
