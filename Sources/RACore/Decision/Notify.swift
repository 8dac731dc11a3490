/// What a notification makes an instance do.
public enum NotificationVerdict: Sendable, Hashable, CaseIterable {
    case ignore
    /// Pacemaker is about to promote a node: see whether it is the best one.
    case checkCandidate
    /// Pacemaker is about to demote this primary: say so while clients are still served.
    case announceDemotion
    /// A standby came or went: look at the replication now instead of at the next monitor.
    case supervisePrimary
    /// An instance came or went while there may be no primary: look at the cluster as a standby does.
    case superviseStandby
    /// There is a new primary: connect to it at once.
    case followNewPrimary
}

/// Decides a notification. Pacemaker ignores its exit code, and nothing that must never break depends on it: it only
/// makes things sooner.
public func decideNotification(
    _ type: NotificationType,
    _ operation: NotificationOperation,
    state: InstanceState,
    isAffected: Bool
) -> NotificationVerdict {
    switch (type, operation, state, isAffected) {
    case (.pre, .promote, .standby, _): .checkCandidate
    // Also one that doesn't answer: it is asked nothing.
    case (.pre, .demote, .primary, true), (.pre, .demote, .fullPrimary, true), (.pre, .demote, .starting, true),
        (.pre, .demote, .stopping, true), (.pre, .demote, .refusing, true), (.pre, .demote, .hung, true),
        (.pre, .demote, .unknown, true):
        .announceDemotion
    case (.pre, _, _, _): .ignore
    // Its sentinel looks after what it needs; addresses wait for the end of this notification.
    case (.post, .promote, .primary, true): .ignore
    case (.post, .start, .primary, _), (.post, .stop, .primary, _), (.post, .promote, .primary, false),
        (.post, .demote, .primary, _):
        .supervisePrimary
    case (.post, .start, .standby, _), (.post, .stop, .standby, _): .superviseStandby
    case (.post, .promote, .standby, _): .followNewPrimary
    // Whatever is written while a failover is under way makes Pacemaker begin it anew.
    case (.post, .demote, .standby, _): .ignore
    case (.post, _, .absent, _), (.post, _, .starting, _), (.post, _, .stopping, _), (.post, _, .fullPrimary, _),
        (.post, _, .fullStandby, _), (.post, _, .refusing, _), (.post, _, .hung, _), (.post, _, .unknown, _):
        .ignore
    }
}
