/// The finite reading of an instance: what a decision table can be written over.
public enum InstanceState: Sendable, Hashable, CaseIterable {
    /// No postmaster.
    case absent
    /// Lets nobody in yet.
    case starting
    /// Lets nobody in any more.
    case stopping
    case primary
    case standby
    /// Works as a primary, but all connections are taken.
    case fullPrimary
    /// Works as a standby, but all connections are taken.
    case fullStandby
    /// Answers with an error that waiting won't change.
    case refusing
    /// A process is there, but nothing answers.
    case hung
    /// The process table or the data directory couldn't be read.
    case unknown
}

/// Reads an observation as one of the states.
///
/// - Parameter hasStandbySignal: whether standby.signal is there; it tells the role of a server that can't be asked,
///   as PostgreSQL removes the file when it is promoted.
public func assess(_ instance: InstanceObservation, hasStandbySignal: Bool) -> InstanceState {
    switch instance.postmaster {
    case .absent: .absent
    case .halted: .hung
    case .unknown: .unknown
    case .running(let file): assess(instance.server, file.status, hasStandbySignal: hasStandbySignal)
    }
}

private func assess(
    _ server: ServerObservation,
    _ status: PostmasterStatus,
    hasStandbySignal: Bool
) -> InstanceState {
    switch (server, status) {
    case (.answering(let facts), _): facts.isInRecovery ? .standby : .primary
    case (.full, _): hasStandbySignal ? .fullStandby : .fullPrimary
    case (.refusing, _): .refusing
    case (.silent, _): .hung
    case (.rejecting, .stopping), (.unreachable, .stopping): .stopping
    case (.rejecting, .starting), (.rejecting, .ready), (.rejecting, .standby), (.rejecting, .unspecified): .starting
    case (.unreachable, .starting), (.unreachable, .unspecified): .starting
    case (.unreachable, .ready), (.unreachable, .standby): .refusing
    case (.notAsked, _): .unknown
    }
}

/// What a person would want to know of an observation, in one clause; for exit reasons.
public func describe(_ instance: InstanceObservation) -> String {
    switch (instance.postmaster, instance.server) {
    case (.absent(let leftover), _): leftover ?? "no postmaster"
    case (.unknown(let why), _): why
    case (.halted(let file), _): "postmaster \(file.processID) is halted by a signal (process state T)"
    case (.running(let file), .silent(let why)):
        "postmaster \(file.processID) runs, but accepts no connection: \(why)"
    case (.running(let file), .unreachable(let why)): "postmaster \(file.processID) runs, but can't be reached: \(why)"
    case (.running, .rejecting(let message)), (.running, .full(let message)), (.running, .refusing(let message)):
        "the server says \"\(message)\""
    case (.running(let file), .notAsked): "postmaster \(file.processID) was not asked"
    case (.running(let file), .answering(let facts)):
        "postmaster \(file.processID) runs as \(facts.isInRecovery ? "standby" : "primary"), \(facts.position)"
    }
}
