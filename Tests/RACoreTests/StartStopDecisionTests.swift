import RACore
import Testing

@Suite struct StartDecisionTests {
    @Test(arguments: [
        (
            InstanceState.absent, StartRole.standby, false,
            Step<InstanceEffect>.perform([.configureStandby, .startPostmaster], because: .mustStart)
        ),
        (.absent, .alone, false, .perform([.configureAlone, .startPostmaster], because: .mustStart)),
        (.absent, .standby, true, .finish(.genericError, because: .startFailed)),
        (.standby, .standby, false, .finish(.success, because: .runningAsStandby)),
        (.fullStandby, .standby, false, .finish(.success, because: .noConnectionLeft)),
        (.primary, .standby, false, .perform([.shutDown(.fast)], because: .mustRestartAsStandby)),
        (.primary, .standby, true, .finish(.genericError, because: .startedAsPrimary)),
        (.primary, .alone, false, .finish(.success, because: .running)),
        (.starting, .standby, true, .wait(because: .stillStarting)),
        (.unknown, .standby, false, .finish(.genericError, because: .unobservable)),
    ])
    func decides(_ state: InstanceState, _ role: StartRole, _ isAttempted: Bool, _ step: Step<InstanceEffect>) {
        #expect(decideStart(state, role: role, isAttempted: isAttempted) == step)
    }

    /// D3 of the incumbent: a postmaster that died was waited for until the operation's timeout.
    @Test func aServerThatEndedIsStartedOnce() {
        for role in StartRole.allCases {
            #expect(
                decideStart(.absent, role: role, isAttempted: true) == .finish(.genericError, because: .startFailed)
            )
        }
    }

    /// S1: `start` never leaves a primary behind in the replicated modes, and never promotes.
    @Test func aStandbysStartEndsAsStandbyOnly() {
        for state in InstanceState.allCases {
            for isAttempted in [false, true] {
                switch decideStart(state, role: .standby, isAttempted: isAttempted) {
                case .finish(.success, _): #expect(state == .standby || state == .fullStandby, "\(state)")
                case .perform(let effects, _):
                    #expect(!effects.contains(.promote) && !effects.contains(.restartAsPrimary))
                    if effects.contains(.startPostmaster) { #expect(effects.first == .configureStandby) }
                case .finish, .wait: break
                }
            }
        }
    }

    /// What can't be seen is neither started a second time nor shut down.
    @Test func nothingIsDoneToWhatIsUnknown() {
        for state in [InstanceState.unknown, .hung, .refusing] {
            for role in StartRole.allCases {
                for isAttempted in [false, true] {
                    guard case .finish(.genericError, _) = decideStart(state, role: role, isAttempted: isAttempted)
                    else {
                        Issue.record("\(state), \(role), \(isAttempted)")
                        continue
                    }
                }
            }
        }
    }
}

@Suite struct StopDecisionTests {
    @Test(arguments: [
        (
            InstanceState.standby, true, ShutdownPatience.fresh,
            Step<InstanceEffect>.perform([.shutDown(.fast)], because: .mustStop(.fast))
        ),
        (.primary, true, .patient, .wait(because: .stillStopping)),
        (.primary, true, .impatient, .perform([.shutDown(.immediate)], because: .mustStop(.immediate))),
        (.primary, true, .desperate, .perform([.shutDown(.kill)], because: .mustStop(.kill))),
        (.hung, true, .fresh, .perform([.shutDown(.immediate)], because: .mustStop(.immediate))),
        (.absent, true, .fresh, .wait(because: .stillStopping)),
        (.absent, true, .impatient, .perform([.shutDown(.kill)], because: .mustStop(.kill))),
    ])
    func decides(
        _ state: InstanceState,
        _ hasProcesses: Bool,
        _ patience: ShutdownPatience,
        _ step: Step<InstanceEffect>
    ) {
        #expect(decideStop(state, hasProcesses: hasProcesses, patience: patience) == step)
    }

    /// S7: what isn't running is stopped, however long that took.
    @Test func nothingToStopIsSuccess() {
        for patience in ShutdownPatience.allCases {
            #expect(
                decideStop(.absent, hasProcesses: false, patience: patience) == .finish(.success, because: .stopped)
            )
        }
    }

    /// Success means that no process is left, and no state makes `stop` give up early.
    @Test func endsOnlyWhenNothingIsLeft() {
        for state in InstanceState.allCases {
            for hasProcesses in [false, true] {
                for patience in ShutdownPatience.allCases {
                    let step = decideStop(state, hasProcesses: hasProcesses, patience: patience)
                    guard case .finish(let code, _) = step else { continue }
                    #expect(
                        code == .success && state == .absent && !hasProcesses,
                        "\(state) \(hasProcesses) \(patience)"
                    )
                }
            }
        }
    }

    /// Stop is never blocked: as patience runs out, every state that still has processes is met with more force.
    @Test func forceRisesUntilTheKill() {
        let order: [ShutdownMode] = [.fast, .immediate, .kill]
        for state in InstanceState.allCases {
            var strongest = -1
            for patience in ShutdownPatience.allCases {
                guard case .perform(let effects, _) = decideStop(state, hasProcesses: true, patience: patience),
                    case .shutDown(let mode)? = effects.first, let force = order.firstIndex(of: mode)
                else { continue }
                #expect(effects.count == 1)
                #expect(force >= strongest, "\(state) \(patience)")
                strongest = force
            }
            #expect(strongest == order.count - 1, "\(state) is never killed")
        }
    }
}

@Suite struct DemoteDecisionTests {
    @Test(arguments: [
        (InstanceState.absent, DemotionPhase.fresh, DemotionVerdict.finish(.success, because: .diedBeforeDemotion)),
        (.standby, .fresh, .finish(.success, because: .demotedAlready)), (.primary, .fresh, .shutDown),
        (.fullPrimary, .fresh, .shutDown), (.hung, .fresh, .shutDown), (.unknown, .fresh, .shutDown),
        (.absent, .stopping, .comeUp), (.primary, .stopping, .shutDown), (.standby, .starting, .comeUp),
    ])
    func decides(_ state: InstanceState, _ phase: DemotionPhase, _ verdict: DemotionVerdict) {
        #expect(decideDemote(state, phase: phase) == verdict)
    }

    /// A demotion never fails by its own decision: Pacemaker would fence the node.
    @Test func neverEndsInAFailure() {
        for state in InstanceState.allCases {
            for phase in DemotionPhase.allCases {
                guard case .finish(let code, _) = decideDemote(state, phase: phase) else { continue }
                #expect(code == .success)
                #expect(phase == .fresh && [.absent, .standby, .fullStandby].contains(state))
            }
        }
    }

    /// What may still accept writes is shut down before anything is brought up.
    @Test func nothingComesUpBesideARunningPrimary() {
        for state in InstanceState.allCases where state != .absent {
            #expect(decideDemote(state, phase: .stopping) == .shutDown)
            #expect(decideDemote(state, phase: .fresh) != .comeUp)
        }
    }
}
