import RACore
import Testing

@Suite struct InstanceStateTests {
    private static let servers: [ServerObservation] = [
        .notAsked, .answering(Build.server()), .answering(Build.server(isInRecovery: true)), .rejecting(message: "m"),
        .full(message: "m"), .refusing(message: "m"), .silent(why: "w"), .unreachable(why: "w"),
    ]

    @Test(arguments: [
        (PostmasterObservation.absent(leftover: nil), InstanceState.absent),
        (.absent(leftover: "postmaster.pid names process 1"), .absent), (.halted(Build.postmaster()), .hung),
        (.unknown(why: "w"), .unknown),
    ])
    func withoutAWorkingPostmasterTheAnswerDoesNotCount(_ postmaster: PostmasterObservation, _ state: InstanceState) {
        for server in Self.servers {
            let instance = InstanceObservation(postmaster: postmaster, server: server)
            #expect(assess(instance, hasStandbySignal: true) == state)
            #expect(assess(instance, hasStandbySignal: false) == state)
        }
    }

    @Test(arguments: [
        (ServerObservation.answering(Build.server()), PostmasterStatus.ready, InstanceState.primary),
        (.answering(Build.server(isInRecovery: true)), .standby, .standby),
        (.rejecting(message: "starting up"), .starting, .starting),
        (.rejecting(message: "starting up"), .ready, .starting),
        (.rejecting(message: "shutting down"), .stopping, .stopping), (.unreachable(why: "w"), .starting, .starting),
        (.unreachable(why: "w"), .stopping, .stopping), (.unreachable(why: "w"), .ready, .refusing),
        (.refusing(message: "no pg_hba.conf entry"), .ready, .refusing), (.silent(why: "w"), .ready, .hung),
        (.notAsked, .ready, .unknown),
    ])
    func reads(_ server: ServerObservation, _ status: PostmasterStatus, _ state: InstanceState) {
        let instance = InstanceObservation(postmaster: .running(Build.postmaster(status)), server: server)
        #expect(assess(instance, hasStandbySignal: false) == state)
    }

    @Test func standbySignalTellsTheRoleOfAFullServer() {
        let instance = InstanceObservation(postmaster: .running(Build.postmaster()), server: .full(message: "m"))
        #expect(assess(instance, hasStandbySignal: true) == .fullStandby)
        #expect(assess(instance, hasStandbySignal: false) == .fullPrimary)
    }

    /// A server that runs but can't be asked is never taken for absent, primary or standby.
    @Test func onlyAnAnswerTellsARole() {
        for status in PostmasterStatus.allCases {
            for server in Self.servers {
                let instance = InstanceObservation(postmaster: .running(Build.postmaster(status)), server: server)
                let state = assess(instance, hasStandbySignal: false)
                #expect(state != .absent)
                if case .answering = server { continue }
                #expect(state != .primary && state != .standby)
            }
        }
    }

    @Test func everyStateIsReached() {
        var states: Set<InstanceState> = []
        let postmasters: [PostmasterObservation] =
            [.absent(leftover: nil), .halted(Build.postmaster()), .unknown(why: "w")]
            + PostmasterStatus.allCases.map { .running(Build.postmaster($0)) }
        for postmaster in postmasters {
            for server in Self.servers {
                for hasSignal in [false, true] {
                    let instance = InstanceObservation(postmaster: postmaster, server: server)
                    states.insert(assess(instance, hasStandbySignal: hasSignal))
                    #expect(!describe(instance).isEmpty)
                }
            }
        }
        #expect(states == Set(InstanceState.allCases))
    }

    @Test func postmasterFileIsReadByItsLines() throws {
        let text = "4711\n/pgdata\n1700000000\n5433\n/run/postgresql\n*\n  123 4\nstandby \n"
        let file = try #require(PostmasterFile(text: text))
        #expect(file.processID == 4711)
        #expect(file.port == 5433)
        #expect(file.socketDirectory == "/run/postgresql")
        #expect(file.status == .standby)
        #expect(PostmasterFile(text: "") == nil)
        #expect(PostmasterFile(text: "4711") == nil)
        #expect(PostmasterFile(text: "x\n/pgdata\n") == nil)
        #expect(PostmasterFile(text: "-4711\n/pgdata\n")?.processID == 4711)
        #expect(PostmasterFile(text: "4711\n/pgdata\n\n\n\n\n")?.status == .unspecified)
    }
}
