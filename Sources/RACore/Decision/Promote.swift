/// Decides the `promote` action once the instance may be promoted.
///
/// - Parameters:
///   - isAttempted: whether this action has asked the server to promote.
///   - preparation: what the cluster must know before the promotion: who isn't promotable any more.
public func decidePromote(
    _ state: InstanceState, isAttempted: Bool, restarts: Bool, preparation: [ClusterEffect]
) -> Step<InstanceEffect> {
    let prepared: [InstanceEffect] = preparation.map { .cluster($0) } + [.writeLock]
    switch (state, isAttempted, restarts) {
    case (.primary, _, _): return .finish(.success, because: .promoted)
    case (.standby, false, false): return .perform(prepared + [.promote], because: .mustPromote)
    case (.standby, false, true): return .perform(prepared + [.restartAsPrimary], because: .mustPromote)
    case (.standby, true, _): return .wait(because: .promotionRequested)
    case (.starting, _, _), (.stopping, true, true): return .wait(because: .stillStarting)
    case (.fullPrimary, _, _), (.fullStandby, _, _): return .wait(because: .noConnectionLeft)
    case (.absent, false, _): return .finish(.notRunning, because: .standbyCannotPromote)
    case (.absent, true, _): return .finish(.genericError, because: .startFailed)
    case (.stopping, false, _), (.stopping, true, false):
        return .finish(.genericError, because: .standbyCannotPromote)
    case (.refusing, _, _): return .finish(.genericError, because: .refusing)
    case (.hung, _, _): return .finish(.genericError, because: .hung)
    case (.unknown, _, _): return .finish(.genericError, because: .unobservable)
    }
}
