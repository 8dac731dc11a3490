import RACore
import Testing

/// A primary on alpha with two standbys: what supervision decides from, with the plain case of every part.
struct Supervised {
    var set = Build.set()
    var beta = Build.node("beta", record: "STREAMING|SYNC", score: "100", status: .synchronous)
    var gamma = Build.node("gamma", record: "STREAMING|ASYNC", score: "-INFINITY", status: .asynchronous)
    var alpha: ClusterNode
    var senders: Observed<[WALSender]> = .known([Build.sender("beta", "sync"), Build.sender("gamma", "async")])
    var setting = "\"beta\""
    var hasQuorum = true
    var fences = true
    var barrier: LSN?
    var record: ClusterRecord? = Build.record("alpha", 1, of: ["beta"])
    var promotion = NotedPromotion.thisServer
    var timeline: UInt32 = 1
    var unsteady: [String] = []
    var stalled: [String] = []

    init() {
        alpha = Build.primaryNode()
        alpha[.record] = record?.text
    }

    var cluster: ClusterObservation { Build.cluster([alpha, beta, gamma], hasQuorum: hasQuorum, fences: fences) }

    var server: ServerFacts {
        var server = Build.server(waitingFor: setting, senders: senders)
        server.timeline = Build.timeline(timeline)
        server.history = Build.history(timeline)
        return server
    }

    var plan: SupervisionPlan {
        let input = SupervisionInput(
            set: set,
            server: server,
            cluster: cluster,
            record: record,
            promotion: promotion,
            unsteady: unsteady,
            stalled: stalled
        )
        return decideSupervision(input, barrier: barrier)
    }

    var effects: [ClusterEffect] { plan.effects }

    func with(_ change: (inout Supervised) -> Void) -> Supervised {
        var copy = self
        change(&copy)
        return copy
    }

    mutating func record(_ guarantee: Guarantee) {
        record?.guarantee = guarantee
        alpha[.record] = record?.text
    }

    mutating func apply(_ effect: ClusterEffect) {
        var cluster = cluster
        cluster.apply(effect)
        (alpha, beta, gamma) = (cluster.nodes[0], cluster.nodes[1], cluster.nodes[2])
        if case .record(let written) = effect { record = written }
        guard case .waitFor(let names, _) = effect else { return }
        setting = names.setting
        barrier = nil
        guard case .known(let rows) = senders else { return }
        senders = .known(
            rows.map { row in
                var row = row
                if row.isStreaming { row.syncState = names.contains(row.applicationName) ? "sync" : "async" }
                return row
            }
        )
    }

    /// Goes on until nothing is left to do, with a barrier when one is wanted; gives back every effect.
    mutating func settle() -> [ClusterEffect] {
        var all: [ClusterEffect] = []
        for _ in 0..<12 {
            let plan = plan
            if plan.effects.isEmpty {
                guard plan.awaited != nil, barrier == nil else { return all }
                barrier = LSN(bytes: 1000)
                continue
            }
            for effect in plan.effects { apply(effect) }
            all += plan.effects
        }
        Issue.record("it doesn't settle: \(all)")
        return all
    }
}

extension ClusterEffect {
    var recorded: Guarantee? {
        if case .record(let record) = self { record.guarantee } else { nil }
    }
}

@Suite struct SupervisionTests {
    @Test func aSettledClusterIsLeftAlone() { #expect(Supervised().plan == SupervisionPlan()) }

    @Test func thePrimaryTellsOfItself() {
        let world = Supervised().with { world in
            for attribute in [NodeAttribute.dataStatus, .status, .score] { world.alpha[attribute] = nil }
            world.senders = .unknown(why: "w")
        }
        #expect(
            world.effects == [
                .set(.dataStatus, node: "alpha", value: "LATEST"), .set(.status, node: "alpha", value: "PRI"),
                .set(.score, node: "alpha", value: "1000"),
            ]
        )
    }

    /// An agent that was killed after it had written its own copy: the cluster doesn't show the record yet.
    @Test func whatTheClusterDoesNotShowIsNotRecorded() {
        let newer = Build.record("alpha", serial: 2)
        let world = Supervised().with { ($0.record, $0.senders) = (newer, .known([])) }
        #expect(world.effects == [.record(newer)])
    }

    /// The record comes first and must be seen in the cluster; the setting changes at a later look.
    @Test func aLostStandbyIsRecordedBeforeCommitsStopWaiting() {
        var world = Supervised().with { $0.senders = .known([]) }
        let first = world.effects
        #expect(first.compactMap(\.recorded) == [.none])
        #expect(first.filter(\.changesSetting).isEmpty)
        for effect in first { world.apply(effect) }
        #expect(world.beta.isPromotable == false)
        #expect(world.effects == [.waitFor(.none, confirmedBy: ["beta", "gamma"])])
        world.apply(world.effects[0])
        #expect(world.plan == SupervisionPlan())
    }

    /// Whoever is here is asked for its own copy first, but not one that is known to be down.
    @Test func aFencedStandbyIsGoneWhateverItsConnectionLooksLike() {
        var world = Supervised().with { $0.beta.isOnline = false }
        #expect(world.effects.compactMap(\.recorded) == [Guarantee(members: ["beta", "gamma"], count: 1)])
        for effect in world.effects { world.apply(effect) }
        #expect(world.effects == [.waitFor(SynchronousSet(names: ["gamma"]), confirmedBy: ["gamma"])])
    }

    @Test func theNextStandbyTakesThePlaceOnceItHasCaughtUp() {
        var world = Supervised().with { $0.senders = .known([Build.sender("gamma", "async")]) }
        for effect in world.effects { world.apply(effect) }
        #expect(world.record?.guarantee == Guarantee(members: ["beta", "gamma"], count: 1))
        #expect(world.effects == [.waitFor(SynchronousSet(names: ["gamma"]), confirmedBy: ["beta", "gamma"])])
        world.apply(world.effects[0])
        let gamma = Guarantee(members: ["gamma"], count: 1)
        #expect(world.plan.awaited == gamma)
        world.barrier = LSN(bytes: 1001)
        #expect(world.plan.awaited == gamma, "it hasn't flushed so far")
        world.barrier = LSN(bytes: 1000)
        #expect(world.effects.compactMap(\.recorded) == [gamma])
        _ = world.settle()
        #expect(world.gamma[.dataStatus] == "STREAMING|SYNC" && world.gamma[.score] == "100")
        #expect(world.beta[.dataStatus] == "DISCONNECT" && !world.beta.isPromotable)
    }

    @Test(arguments: [
        ("the senders' states aren't shown", Supervised().with { $0.senders = .unknown(why: "no pg_monitor") }),
        ("the partition has no quorum", Supervised().with { ($0.hasQuorum, $0.senders) = (false, .known([])) }),
        (
            "the standby is here again, and hasn't joined",
            Supervised().with { ($0.beta.isJoining, $0.beta.isOnline, $0.senders) = (true, false, .known([])) }
        ),
        ("the standby is lost, but not fenced", Supervised().with { $0.beta.isUnclean = true }),
        (
            "it is lost and offline, but not fenced",
            Supervised().with { ($0.beta.isUnclean, $0.beta.isOnline, $0.senders) = (true, false, .known([])) }
        ),
    ])
    func ignoranceChangesNothing(_ name: String, _ world: Supervised) {
        #expect(world.plan == SupervisionPlan(), "\(name)")
    }

    /// Anybody may be the one that a commit waited for: no standby is promised to have it, until the setting is ours again.
    @Test(arguments: ["*", "\"beta"])
    func aSettingThatNamesNobodyProvesNothing(_ setting: String) {
        var world = Supervised().with { $0.setting = setting }
        #expect(world.effects.compactMap(\.recorded) == [.none])
        world.barrier = LSN(bytes: 1000)
        _ = world.settle()
        #expect(world.setting == "\"beta\"")
    }

    /// Nobody streams, and commits would wait for whoever may come.
    @Test func aSettingThatNamesNobodyIsReplacedAlsoWithoutAStandby() {
        var world = Supervised().with { ($0.setting, $0.senders) = ("*", .known([])) }
        world.record(.none)
        _ = world.settle()
        #expect(world.setting == "")
    }

    /// Without fencing nobody will ever know for sure, and commits would wait for ever.
    @Test func withoutFencingALostStandbyIsGivenUp() {
        var world = Supervised().with { ($0.beta.isUnclean, $0.fences, $0.senders) = (true, false, .known([])) }
        _ = world.settle()
        #expect(world.setting == "")
    }

    /// A server that came up as primary by itself must not call the true primary cut off.
    @Test func whoMustNotBePromotedRecordsNothing() {
        let other = Supervised().with {
            ($0.beta, $0.senders, $0.setting) = (Build.primaryNode("beta"), .known([]), "")
        }
        #expect(other.plan == SupervisionPlan())
        // What came up by itself has only the record, which may be an old one, even where it names this node.
        for record in [Build.record("beta"), Build.record("alpha")] {
            let stray = Supervised().with {
                ($0.record, $0.senders, $0.setting, $0.promotion) = (record, .known([]), "", .none)
            }
            #expect(stray.plan == SupervisionPlan())
        }
        #expect(
            Supervised().with { ($0.promotion, $0.fences, $0.senders) = (.none, false, .known([])) }.effects != []
        )
    }

    @Test func aStoppedPeerKeepsItsOwnWord() {
        let world = Supervised().with {
            ($0.beta[.status], $0.beta[.dataStatus], $0.beta[.score]) = ("STOP", "DISCONNECT", "-INFINITY")
        }
        #expect(world.effects == [.set(.dataStatus, node: "beta", value: "STREAMING|SYNC")])
    }

    @Test func externalStandbysThatStreamAreWaitedForAsWell() {
        var world = Supervised().with {
            $0.set = Build.set(external: ["Tokyo", "osaka"])
            $0.senders = .known([Build.sender("beta", "sync"), Build.sender("tokyo", "async")])
        }
        _ = world.settle()
        #expect(world.setting == SynchronousSet(names: ["beta", "Tokyo"], count: 2).setting)
        #expect(world.record?.guarantee == Guarantee(members: ["beta"], count: 1))
    }

    @Test func ofAQuorumAllArePromotable() {
        var world = Supervised().with { $0.set = Build.set(policy: SynchronousPolicy(method: .any)) }
        _ = world.settle()
        #expect(world.setting == "ANY 1 (\"beta\", \"gamma\")")
        #expect(world.record?.guarantee == Guarantee(members: ["beta", "gamma"], count: 1))
        #expect(world.beta.isPromotable && world.gamma.isPromotable)
    }

    @Test func strictModeKeepsCommitsWaiting() {
        var world = Supervised().with {
            ($0.set, $0.senders) = (Build.set(policy: SynchronousPolicy(isStrict: true)), .known([]))
        }
        _ = world.settle()
        #expect(world.setting == "\"beta\"")
        #expect(world.record?.guarantee == Guarantee(members: ["beta"], count: 1))
    }

    @Test func asyncRanksEveryStandbyAndWaitsForNone() {
        var world = Supervised().with {
            ($0.set, $0.setting) = (Build.set(mode: .async), "")
            $0.senders = .known([Build.sender("beta", "async"), Build.sender("gamma", "async")])
            ($0.beta[.dataStatus], $0.beta[.status], $0.beta[.score]) = ("STREAMING|ASYNC", "HS:async", "-INFINITY")
        }
        _ = world.settle()
        #expect(world.record?.guarantee == Guarantee(members: ["beta", "gamma"], count: 0))
        #expect(world.beta[.score] == "100" && world.gamma[.score] == "99")
        let far = UInt64(1) << 30
        world.senders = .known([
            Build.sender("beta", "async", flushed: far), Build.sender("gamma", "async", flushed: far + 1000),
        ])
        #expect(world.effects.isEmpty, "a small lag changes no rank")
        world.senders = .known([
            Build.sender("beta", "async", flushed: 0), Build.sender("gamma", "async", flushed: far),
        ])
        #expect(
            world.effects == [.set(.score, node: "beta", value: "99"), .set(.score, node: "gamma", value: "100")]
        )
    }
}
