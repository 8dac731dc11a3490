/// How far a standby has come on its way to follow its primary.
public enum ArrivalStage: Sendable, Hashable {
    /// The cluster hasn't started it.
    case notStarted
    /// Its postmaster runs, and recovery hasn't reached consistency.
    case starting(why: String)
    /// It answers, and receives no WAL.
    case deaf
    /// It receives WAL of another timeline than its primary's.
    case otherTimeline(TimelineID)
    /// It receives WAL.
    case following
    /// It accepts writes.
    case primary
    case unknown(why: String)

    /// What is waited for, for one who watches.
    public var step: String {
        switch self {
        case .notStarted, .unknown: "waiting for the cluster to start it"
        case .starting: "waiting until it is up"
        case .deaf, .otherTimeline: "waiting until it receives WAL"
        case .following, .primary: text
        }
    }

    /// The stage in words, for one who has waited in vain.
    public var text: String {
        switch self {
        case .notStarted: "the cluster hasn't started it: a constraint may keep it away, or its start failed"
        case .starting(let why): "it starts: \(why)"
        case .deaf: "it runs, but receives no WAL"
        case .otherTimeline(let timeline): "it receives WAL of timeline \(timeline), not of its primary's"
        case .following: "it follows"
        case .primary: "it accepts writes"
        case .unknown(let why): why
        }
    }
}

/// Reads how far a standby is from what its server says.
///
/// - Parameter timeline: the primary's; a failover meanwhile makes a newer one right, too.
public func arrivalStage(of facts: ServerFacts, timeline: TimelineID) -> ArrivalStage {
    guard facts.isInRecovery else { return .primary }
    guard let receiver = facts.receiver, receiver.isStreaming else { return .deaf }
    guard let received = receiver.timeline, received < timeline else { return .following }
    return .otherTimeline(received)
}
