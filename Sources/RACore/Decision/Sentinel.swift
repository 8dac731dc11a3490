/// What has woken the sentinel, a process that waits beside a postmaster.
public enum SentinelEvent: Sendable, Hashable, CaseIterable {
    /// The postmaster that it watches has ended.
    case postmasterEnded
    /// A process that sent WAL to a standby, or received it from the primary, has ended.
    case linkEnded
    /// Another process sends or receives WAL than before: only looked for in the first moments after a change.
    case linkBegan
}

/// Whether a postmaster is there now.
public enum PostmasterPresence: Sendable, Hashable, CaseIterable {
    case absent, present, unknown
}

/// Whether the cluster acts on this instance now.
public enum Stewardship: Sendable, Hashable, CaseIterable {
    case managed
    /// Maintenance mode, or a resource that isn't managed: an operator does what is to be done.
    case unmanaged
    /// The cluster can't be asked.
    case unknown
}

/// What the sentinel does next.
public enum SentinelStep: Sendable, Hashable, CaseIterable {
    /// Tell the cluster that the instance has failed.
    case report
    /// Look at the replication as a monitor does, now.
    case supervise
    /// Watch whatever is there now.
    case watchAnew
    /// End: the next monitor sees what is to be seen.
    case end
}

/// Decides what the sentinel does. It only makes things sooner: nothing that must never break depends on it.
///
/// A postmaster that has ended is no failure where an operator has taken over, or has started another one.
public func decideSentinel(
    _ event: SentinelEvent,
    _ postmaster: PostmasterPresence,
    _ stewardship: Stewardship
) -> SentinelStep {
    switch (event, postmaster, stewardship) {
    case (.postmasterEnded, .absent, .managed): .report
    case (.postmasterEnded, .absent, .unmanaged), (.postmasterEnded, .absent, .unknown): .end
    case (.postmasterEnded, .present, _): .watchAnew
    case (.linkEnded, .present, .managed), (.linkBegan, .present, .managed): .supervise
    // The monitor asks again, and says so when it fails.
    case (.linkEnded, .present, .unmanaged), (.linkEnded, .present, .unknown), (.linkBegan, .present, .unmanaged),
        (.linkBegan, .present, .unknown):
        .watchAnew
    // The end of the postmaster itself is another event, and comes at the same time.
    case (.linkEnded, .absent, _), (.linkBegan, .absent, _): .watchAnew
    case (.postmasterEnded, .unknown, _), (.linkEnded, .unknown, _), (.linkBegan, .unknown, _): .end
    }
}
