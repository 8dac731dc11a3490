import RACore
import Testing

@Suite struct MonitorDecisionTests {
    @Test(arguments: [
        (InstanceState.absent, true, MonitorVerdict.report(.notRunning, because: .notRunning)),
        (.absent, false, .report(.notRunning, because: .notRunning)), (.primary, true, .supervisePrimary),
        (.standby, true, .superviseStandby), (.primary, false, .report(.success, because: .running)),
        (.fullPrimary, true, .report(.runningPromoted, because: .noConnectionLeft)),
        (.fullStandby, true, .report(.success, because: .noConnectionLeft)),
        (.starting, true, .lookAgain(because: .stillStarting)), (.hung, true, .report(.genericError, because: .hung)),
    ])
    func decides(_ state: InstanceState, _ isReplicated: Bool, _ verdict: MonitorVerdict) {
        #expect(decideMonitor(state, isReplicated: isReplicated) == verdict)
    }

    /// S7 and S8: only what isn't there is "not running"; what can't be seen is an error and never a role.
    @Test func onlyAnAbsentInstanceIsNotRunning() {
        for state in InstanceState.allCases {
            for isReplicated in [false, true] {
                let verdict = decideMonitor(state, isReplicated: isReplicated)
                let isNotRunning = verdict == .report(.notRunning, because: .notRunning)
                #expect(isNotRunning == (state == .absent), "\(state)")
                guard [.unknown, .refusing, .hung].contains(state) else { continue }
                guard case .report(.genericError, _) = verdict else {
                    Issue.record("\(state) is \(verdict)")
                    continue
                }
            }
        }
    }

    @Test func thePromotedRoleIsReportedInReplicatedModesOnly() {
        for state in InstanceState.allCases {
            switch decideMonitor(state, isReplicated: false) {
            case .report(let code, _): #expect(code != .runningPromoted && code != .failedPromoted)
            case .supervisePrimary, .superviseStandby: Issue.record("\(state) supervises replication")
            case .lookAgain: break
            }
        }
    }
}

@Suite struct NotificationDecisionTests {
    @Test(arguments: [
        (NotificationOperation.promote, InstanceState.standby, false, NotificationVerdict.followNewPrimary),
        (.promote, .primary, true, .ignore), (.promote, .primary, false, .supervisePrimary),
        (.start, .primary, false, .supervisePrimary),
        (.stop, .primary, false, .supervisePrimary), (.start, .standby, true, .superviseStandby),
        (.demote, .standby, false, .ignore), (.demote, .standby, true, .ignore),
        (.promote, .absent, false, .ignore), (.stop, .unknown, false, .ignore),
    ])
    func decides(
        _ operation: NotificationOperation,
        _ state: InstanceState,
        _ isAffected: Bool,
        _ verdict: NotificationVerdict
    ) {
        #expect(decideNotification(.post, operation, state: state, isAffected: isAffected) == verdict)
    }

    @Test func onlyARoleThatIsSureActs() {
        var verdicts: Set<NotificationVerdict> = []
        for type in NotificationType.allCases {
            for operation in NotificationOperation.allCases {
                for state in InstanceState.allCases {
                    for isAffected in [false, true] {
                        let verdict = decideNotification(type, operation, state: state, isAffected: isAffected)
                        verdicts.insert(verdict)
                        let before = beforehand(operation, state, isAffected)
                        if type == .pre { #expect(verdict == before, "\(operation) \(state) \(isAffected)") }
                        if type == .post, state == .primary { #expect([.ignore, .supervisePrimary].contains(verdict)) }
                        if type == .post, state != .primary && state != .standby {
                            #expect(verdict == .ignore, "\(state)")
                        }
                        if state == .standby { #expect(verdict != .supervisePrimary) }
                    }
                }
            }
        }
        #expect(verdicts == Set(NotificationVerdict.allCases))
    }

    /// A standby looks at the candidate, and what isn't certain to be no primary announces its demotion.
    private func beforehand(
        _ operation: NotificationOperation,
        _ state: InstanceState,
        _ isAffected: Bool
    ) -> NotificationVerdict {
        if operation == .promote && state == .standby { return .checkCandidate }
        let isNoPrimary = [.absent, .standby, .fullStandby].contains(state)
        return operation == .demote && isAffected && !isNoPrimary ? .announceDemotion : .ignore
    }

    @Test(arguments: [
        (NotificationType.post, NotificationOperation.demote, ["alpha"], ["ALPHA"], true),
        (.post, .demote, ["alpha"], ["alpha", "beta"], false), (.post, .demote, ["alpha"], [], false),
        (.pre, .demote, ["alpha"], ["alpha"], false), (.post, .stop, ["alpha"], ["alpha"], false),
    ])
    func aDemotionLeavesNoPrimary(
        _ type: NotificationType,
        _ operation: NotificationOperation,
        affected: [String],
        promoted: [String],
        isExpected: Bool
    ) {
        let notification = Notification(type: type, operation: operation, affected: affected, promoted: promoted)
        #expect(notification.leavesNoPrimary == isExpected)
    }
}
