/// How long a shutdown has lasted, against its limits.
public enum ShutdownPatience: Sendable, Hashable, CaseIterable {
    /// Nothing was asked of the server yet.
    case fresh
    /// A fast shutdown is under way and within its time.
    case patient
    /// The fast shutdown's time is over.
    case impatient
    /// An immediate shutdown is under way and within its time.
    case immediate
    /// All that is left is to kill.
    case desperate
    /// Everything was killed.
    case spent
}

/// Decides the `stop` action and the first half of `demote`: fast, then immediate, then kill, each within its time.
///
/// - Parameter hasProcesses: whether any process of the instance is left, children of a dead postmaster included:
///   they keep its shared memory, and the next start would fail.
public func decideStop(
    _ state: InstanceState,
    hasProcesses: Bool,
    patience: ShutdownPatience
) -> Step<InstanceEffect> {
    switch (state, hasProcesses, patience) {
    case (.absent, false, _): .finish(.success, because: .stopped)
    case (.absent, true, .fresh), (.absent, true, .patient): .wait(because: .stillStopping)
    case (.absent, true, .impatient), (.absent, true, .immediate), (.absent, true, .desperate):
        .perform([.shutDown(.kill)], because: .mustStop(.kill))
    case (_, _, .spent): .wait(because: .stillStopping)
    // A halted or silent postmaster doesn't act on a fast shutdown: its backends may still commit.
    case (.hung, _, .fresh), (.hung, _, .patient): .perform([.shutDown(.immediate)], because: .mustStop(.immediate))
    case (_, _, .fresh): .perform([.shutDown(.fast)], because: .mustStop(.fast))
    case (_, _, .patient), (_, _, .immediate): .wait(because: .stillStopping)
    case (_, _, .impatient): .perform([.shutDown(.immediate)], because: .mustStop(.immediate))
    case (_, _, .desperate): .perform([.shutDown(.kill)], because: .mustStop(.kill))
    }
}
