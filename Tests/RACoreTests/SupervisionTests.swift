import RACore
import Testing

/// A primary on alpha with two standbys: what supervision decides from, with the plain case of every part.
struct Supervised {
    var set = Build.set()
    var beta = Build.node("beta", record: "STREAMING|SYNC", score: "100", status: .synchronous)
    var gamma = Build.node("gamma", record: "STREAMING|ASYNC", score: "-INFINITY", status: .asynchronous)
    var alpha = Build.primaryNode()
    var senders: Observed<[WALSender]> = .known([Build.sender("beta", "sync"), Build.sender("gamma", "async")])
    var setting = "\"beta\""
    var hasQuorum = true
    var fences = true
    var barrier: LSN?

    var cluster: ClusterObservation { Build.cluster([alpha, beta, gamma], hasQuorum: hasQuorum, fences: fences) }
    var server: ServerFacts { Build.server(waitingFor: setting, senders: senders) }
    var inEffect: [String] { SynchronousSet.names(inSetting: setting) ?? [] }
    var isPromotedHere = false
    var effects: [ClusterEffect] {
        decideSupervision(set, server: server, cluster: cluster, barrier: barrier, isPromotedHere: isPromotedHere)
    }

    func with(_ change: (inout Supervised) -> Void) -> Supervised {
        var copy = self
        change(&copy)
        return copy
    }

    mutating func apply(_ effect: ClusterEffect) {
        var cluster = cluster
        cluster.apply(effect)
        (alpha, beta, gamma) = (cluster.nodes[0], cluster.nodes[1], cluster.nodes[2])
        guard case .waitFor(let names) = effect else { return }
        setting = names.setting
        guard case .known(let rows) = senders else { return }
        senders = .known(
            rows.map { row in
                var row = row
                if row.isStreaming { row.syncState = names.contains(row.applicationName) ? "sync" : "async" }
                return row
            }
        )
    }
}

@Suite struct SupervisionTests {
    private static let never = ClusterEffect.set(.score, node: "beta", value: "-INFINITY")
    private static let cutOff = ClusterEffect.set(.dataStatus, node: "beta", value: "DISCONNECT")

    @Test func aSettledClusterIsLeftAlone() { #expect(Supervised().effects.isEmpty) }

    @Test func thePrimaryRecordsItself() {
        let case1 = Supervised().with { $0.alpha = Build.node("alpha", role: .promoted) }
        #expect(
            case1.with { $0.beta[.dataStatus] = nil }.with { $0.senders = .unknown(why: "w") }.effects == [
                .set(.dataStatus, node: "alpha", value: "LATEST"), .set(.status, node: "alpha", value: "PRI"),
                .set(.score, node: "alpha", value: "1000"),
            ]
        )
    }

    /// The record comes first and must be seen in the cluster; the setting changes at a later look.
    @Test func aLostStandbyIsRecordedBeforeCommitsStopWaiting() {
        var world = Supervised()
        world.senders = .known([])
        #expect(world.effects.prefix(2) == [Self.never, Self.cutOff])
        #expect(world.effects.filter(\.changesSetting).isEmpty)
        for effect in world.effects { world.apply(effect) }
        #expect(world.effects == [.waitFor(.none)])
    }

    @Test func theNextStandbyTakesThePlace() {
        var world = Supervised()
        world.senders = .known([Build.sender("gamma", "async")])
        for effect in world.effects { world.apply(effect) }
        #expect(world.effects == [.waitFor(SynchronousSet(names: ["gamma"]))])
        world.apply(world.effects[0])
        #expect(world.effects.isEmpty)
        #expect(standbysToConfirm(world.set, server: world.server, cluster: world.cluster) == ["gamma"])
        world.barrier = LSN(bytes: 1001)
        #expect(world.effects.isEmpty, "it hasn't flushed so far")
        world.barrier = LSN(bytes: 1000)
        #expect(
            world.effects == [
                .set(.dataStatus, node: "gamma", value: "STREAMING|SYNC"),
                .set(.status, node: "gamma", value: "HS:sync"), .set(.score, node: "gamma", value: "100"),
            ]
        )
    }

    @Test(arguments: [
        ("the senders' states aren't shown", Supervised().with { $0.senders = .unknown(why: "no pg_monitor") }),
        ("the setting names nobody", Supervised().with { $0.setting = "*" }),
        ("the setting can't be read", Supervised().with { $0.setting = "\"beta" }),
        ("the partition has no quorum", Supervised().with { $0.hasQuorum = false }),
        ("the standby is lost, but not fenced", Supervised().with { $0.beta.isUnclean = true }),
        (
            "it is lost and offline, but not fenced",
            Supervised().with { ($0.beta.isUnclean, $0.beta.isOnline, $0.senders) = (true, false, .known([])) }
        ),
    ])
    func ignoranceChangesNothing(_ name: String, _ world: Supervised) {
        #expect(world.effects.isEmpty, "\(name)")
        #expect(world.with { $0.senders = .known([]) }.with { $0.senders = world.senders }.effects.isEmpty)
    }

    @Test func aFencedStandbyIsGoneWhateverItsConnectionLooksLike() {
        var world = Supervised().with { $0.beta.isOnline = false }
        #expect(world.effects == [Self.cutOff])
        world.apply(Self.cutOff)
        #expect(world.effects == [.waitFor(SynchronousSet(names: ["gamma"]))])
    }

    /// Without fencing nobody will ever know for sure, and commits would wait for ever.
    @Test func withoutFencingALostStandbyIsGivenUp() {
        let world = Supervised().with { ($0.beta.isUnclean, $0.fences, $0.senders) = (true, false, .known([])) }
        #expect(world.effects.contains(Self.cutOff))
    }

    /// A server that came up as primary by itself must not call the true primary cut off.
    @Test(arguments: [
        ("another is promoted", Build.primaryNode("beta"), Build.node("alpha", record: "LATEST")),
        (
            "another has what it may lack", Build.node("beta", record: "LATEST"),
            Build.node("alpha", record: "DISCONNECT")
        ),
        ("nothing is known of it", Build.node("beta", record: "STREAMING|SYNC"), Build.node("alpha")),
    ])
    func whoMustNotBePromotedRecordsNothing(_ name: String, _ beta: ClusterNode, _ alpha: ClusterNode) {
        let world = Supervised().with { ($0.alpha, $0.beta, $0.senders, $0.setting) = (alpha, beta, .known([]), "") }
        #expect(world.effects.isEmpty, "\(name)")
    }

    @Test func aStoppedPeerKeepsItsOwnWord() {
        let world = Supervised().with {
            ($0.beta[.status], $0.beta[.dataStatus], $0.beta[.score]) = ("STOP", "DISCONNECT", "-INFINITY")
            $0.barrier = LSN(bytes: 1000)
        }
        #expect(world.effects == [.set(.dataStatus, node: "beta", value: "STREAMING|SYNC")])
    }

    @Test func aNodeThatTheClusterDoesNotKnowHoldsNothingUp() {
        let world = Supervised().with {
            $0.set = Build.set(members: ["alpha", "delta"])
            $0.setting = "\"delta\""
            $0.senders = .known([])
        }
        #expect(world.effects == [.waitFor(.none)])
    }

    @Test func externalStandbysThatStreamAreWaitedForAsWell() {
        var world = Supervised().with {
            $0.set = Build.set(external: ["Tokyo", "osaka"])
            $0.senders = .known([Build.sender("beta", "sync"), Build.sender("tokyo", "async")])
            $0.gamma[.dataStatus] = "DISCONNECT"
        }
        #expect(world.effects == [.waitFor(SynchronousSet(names: ["beta", "Tokyo"], count: 2))])
        world.apply(world.effects[0])
        #expect(world.effects.isEmpty)
    }

    @Test func asyncRanksEveryStandbyAndWaitsForNone() {
        var world = Supervised().with {
            $0.set = Build.set(mode: .async)
            $0.setting = ""
            $0.senders = .known([Build.sender("beta", "async"), Build.sender("gamma", "async")])
            ($0.beta[.dataStatus], $0.beta[.status], $0.beta[.score]) = ("STREAMING|ASYNC", "HS:async", "-INFINITY")
        }
        #expect(
            world.effects == [
                .set(.score, node: "beta", value: "100"), .set(.score, node: "gamma", value: "99"),
            ]
        )
        for effect in world.effects { world.apply(effect) }
        let far = UInt64(1) << 30
        world.senders = .known([
            Build.sender("beta", "async", flushed: far), Build.sender("gamma", "async", flushed: far + 1000),
        ])
        #expect(world.effects.isEmpty, "a small lag changes no rank")
        world.senders = .known([
            Build.sender("beta", "async", flushed: 0), Build.sender("gamma", "async", flushed: far),
        ])
        #expect(
            world.effects == [
                .set(.score, node: "beta", value: "99"), .set(.score, node: "gamma", value: "100"),
            ]
        )
    }
}
