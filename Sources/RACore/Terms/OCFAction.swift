/// An action that Pacemaker or an operator may ask of the agent.
public enum OCFAction: String, Sendable, Hashable, CaseIterable {
    case start, stop, monitor, status, promote, demote, notify, methods, usage
    case metadata = "meta-data"
    case validateAll = "validate-all"
    case reloadAgent = "reload-agent"
}

/// What a notification announces or reports (Pacemaker Explained, "Clone Notifications").
public enum NotificationOperation: String, Sendable, Hashable, CaseIterable {
    case start, stop, promote, demote
}

/// Whether a notification comes before or after its operation.
public enum NotificationType: String, Sendable, Hashable, CaseIterable {
    case pre, post
}

/// A clone notification: which operation, and the nodes that it concerns.
public struct Notification: Sendable, Hashable {
    public var type: NotificationType
    public var operation: NotificationOperation
    /// The nodes on which the operation is (to be) carried out.
    public var affected: [String]
    /// The nodes whose instances run unpromoted at that time.
    public var unpromoted: [String]
    /// The nodes that are to be promoted in the same transition.
    public var toPromote: [String]
    /// The nodes whose instances were promoted before the operation.
    public var promoted: [String]

    public init(
        type: NotificationType,
        operation: NotificationOperation,
        affected: [String],
        unpromoted: [String] = [],
        toPromote: [String] = [],
        promoted: [String] = []
    ) {
        self.promoted = promoted
        self.toPromote = toPromote
        self.unpromoted = unpromoted
        self.type = type
        self.operation = operation
        self.affected = affected
    }

    /// Whether no primary is left: none comes up any more without a promotion, of which everybody is told before.
    public var leavesNoPrimary: Bool {
        type == .post && operation == .demote && !promoted.isEmpty
            && promoted.allSatisfy { node in affected.contains { sameName($0, node) } }
    }
}
