import RACore
import Testing

/// Where the primary may move, and what keeps it.
@Suite struct SwitchoverTests {
    private func facts(_ world: StatusWorld, _ change: (inout OperatorFacts) -> Void = { _ in }) -> OperatorFacts {
        var facts = OperatorFacts(
            status: assembleStatus(world.observation),
            cluster: world.observation.cluster,
            outerName: "pgsql-clone"
        )
        change(&facts)
        return facts
    }

    private func plan(
        _ world: StatusWorld = StatusWorld(),
        to wanted: String? = nil,
        lagLimit: UInt64 = 1 << 24,
        trace: SwitchoverTrace? = nil,
        _ change: (inout OperatorFacts) -> Void = { _ in }
    ) -> SwitchoverPlan {
        decideSwitchover(facts(world, change), wanted: wanted, lagLimit: lagLimit, trace: trace)
    }

    private func target(_ plan: SwitchoverPlan) -> String? {
        guard case .move(let move) = plan else { return nil }
        return move.to
    }

    private func obstacle(_ plan: SwitchoverPlan) -> TargetObstacle? {
        guard case .refuse(.target(_, let obstacle, _)) = plan else { return nil }
        return obstacle
    }

    private func world(_ node: Int, _ change: (inout ClusterNode) -> Void) -> StatusWorld {
        var world = StatusWorld()
        change(&world.observation.cluster.nodes[node])
        return world
    }

    @Test func theBestStandbyTakesOver() {
        let move = SwitchoverMove(from: "alpha", to: "beta", lag: 0, synchronousState: "sync")
        #expect(plan() == .move(move))
        #expect(plan(to: "BETA") == .move(move))
        #expect(plan(to: "alpha") == .nothing(primary: "alpha"))
        #expect(target(plan(StatusWorld(mode: .async))) == "beta", "the higher score")
        #expect(target(plan(StatusWorld(mode: .async), to: "gamma")) == "gamma")
    }

    /// S2: a standby that commits don't wait for may lack some.
    @Test func whoMayLackCommitsIsRefused() {
        #expect(plan(to: "gamma") == .refuse(.target("gamma", .notSynchronous("async"), others: ["beta"])))
        let barred = world(1) { $0.transientAttributes["master-pgsql"] = "-INFINITY" }
        #expect(obstacle(plan(barred, to: "beta")) == .notPromotable(score: "-INFINITY"))
        let unscored = world(1) { $0.transientAttributes["master-pgsql"] = nil }
        #expect(obstacle(plan(unscored, to: "beta")) == .notPromotable(score: nil))
    }

    @Test func aTargetHasToBeInOrder() {
        #expect(obstacle(plan(world(1) { $0.isOnline = false }, to: "beta")) == .offline)
        #expect(obstacle(plan(world(1) { $0.isInStandbyMode = true }, to: "beta")) == .standbyMode)
        #expect(obstacle(plan(world(1) { $0.isMaintenance = true }, to: "beta")) == .maintenance)
        let failed = world(1) { $0.transientAttributes["fail-count-vip#monitor_10000"] = "1" }
        #expect(obstacle(plan(failed, to: "beta")) == .failures(["vip"]))
        #expect(obstacle(plan(to: "beta") { $0.bans = ["BETA": "cli-ban"] }) == .banned("cli-ban"))
        let forgotten = world(1) { $0.transientAttributes["fail-count-vip#monitor_10000"] = "0" }
        #expect(target(plan(forgotten)) == "beta")
        #expect(plan(to: "delta") == .refuse(.unknownNode("delta", members: ["alpha", "beta", "gamma"])))
    }

    @Test func anInstanceThatDoesntStreamIsNoTarget() {
        var world = StatusWorld()
        world.observation.answers["beta"] = .notServing(.starting, why: "w")
        #expect(obstacle(plan(world, to: "beta")) == .notStreaming("starting"))
        world = StatusWorld()
        world.observation.answers["alpha"] = world.primary(
            senders: .known([world.sender("beta", "sync", "catchup"), world.sender("gamma", "async")])
        )
        #expect(obstacle(plan(world, to: "beta")) == .notStreaming("catching up"))
        world.observation.answers["beta"] = .notRunning(timeline: .unknown(why: "w"), lsn: .unknown(why: "w"))
        #expect(obstacle(plan(world, to: "beta")) == .notAStandby("stopped"))
    }

    @Test func muchToReplayIsRefusedUnlessAllowed() {
        var world = StatusWorld()
        guard case .server(var server, let extras)? = world.observation.answers["beta"] else {
            Issue.record("beta doesn't answer")
            return
        }
        server.replayedLSN = LSN(bytes: StatusWorld.flushed.bytes - 1 << 25)
        world.observation.answers["beta"] = .server(server, extras)
        #expect(obstacle(plan(world, to: "beta")) == .lag(1 << 25, limit: 1 << 24))
        #expect(target(plan(world, lagLimit: 1 << 26)) == "beta")
    }

    @Test func withoutAnybodyItSaysWhatKeepsEach() {
        let world = world(1) { $0.isInStandbyMode = true }
        let obstacles: [String: TargetObstacle] = ["beta": .standbyMode, "gamma": .notSynchronous("async")]
        #expect(plan(world) == .refuse(.nobody(primary: "alpha", obstacles)))
        #expect(SwitchoverRefusal.nobody(primary: "alpha", obstacles).text.contains("beta is in standby mode"))
    }

    @Test func aClusterThatWouldntObeyIsLeftAlone() {
        #expect(plan { $0.cluster.hasQuorum = false } == .refuse(.cluster(.noQuorum(here: 3, of: 3))))
        #expect(plan { $0.cluster.properties.isMaintenanceMode = true } == .refuse(.cluster(.maintenance)))
        #expect(plan { $0.isManaged = false } == .refuse(.cluster(.unmanaged("pgsql-clone"))))
        #expect(plan { $0.status.mode = .slave } == .refuse(.cluster(.notReplicated(.slave))))
        #expect(plan(world(2) { $0.isUnclean = true }) == .refuse(.cluster(.notFenced("gamma"))))
        #expect(plan(world(2) { $0.isJoining = true }) == .refuse(.cluster(.joining("gamma"))))
        #expect(plan(world(0) { $0.isMaintenance = true }) == .refuse(.cluster(.maintenance)))
        let saved = plan { $0.status.source = .savedConfiguration(why: "w", asOf: nil) }
        #expect(saved == .refuse(.cluster(.clusterStopped(why: "w"))))
    }

    @Test func thereHasToBeOnePrimaryThatAnswers() {
        #expect(plan(world(0) { $0.resourceRole = .stopped }) == .refuse(.noPrimary))
        let two = world(1) { $0.resourceRole = .promoted }
        #expect(plan(two) == .refuse(.cluster(.severalPrimaries(["alpha", "beta"]))))
        var world = StatusWorld()
        world.observation.answers["beta"] = world.primary(senders: .known([]))
        #expect(plan(world) == .refuse(.cluster(.severalPrimaries(["alpha", "beta"]))), "one that nobody promoted")
        world = StatusWorld()
        world.observation.answers["alpha"] = .silent(why: "no route")
        #expect(plan(world) == .refuse(.primaryUnclear("alpha", why: "no route")))
    }

    @Test func anotherSwitchoverIsWaitedFor() {
        let trace = SwitchoverTrace(target: "beta", starter: "gamma", end: 1, until: "noon")
        let refusal = SwitchoverRefusal.underWay(to: "beta", begunOn: "gamma", until: "noon")
        #expect(plan(trace: trace) == .refuse(refusal))
    }

    @Test func everyRefusalNamesTheNextStep() {
        let obstacles: [TargetObstacle] = [
            .offline, .standbyMode, .maintenance, .failures(["r"]), .banned("c"), .notAStandby("stopped"),
            .notStreaming("starting"),
            .notSynchronous("async"), .notPromotable(score: nil), .lag(1 << 30, limit: 1 << 20), .unknown(why: "w"),
        ]
        let refusals =
            obstacles.map { SwitchoverRefusal.target("beta", $0, others: []) } + [
                .noPrimary, .running, .changed, .nobody(primary: "alpha", [:]), .primaryUnclear("alpha", why: "w"),
                .underWay(to: "beta", begunOn: "alpha", until: "noon"), .cluster(.maintenance),
                .cluster(.noQuorum(here: 1, of: 3)), .cluster(.unmanaged("r")), .cluster(.notFenced("gamma")),
                .cluster(.severalPrimaries(["alpha", "beta"])), .cluster(.clusterStopped(why: "w")),
                .cluster(.joining("gamma")),
            ]
        for refusal in refusals { #expect(refusal.text.contains("HINT: "), "\(refusal)") }
        let other = SwitchoverRefusal.target("gamma", .offline, others: ["beta"])
        #expect(other.text == "gamma is offline. HINT: 'pgrex-tool switchover beta' would do.")
    }
}

/// What is made of what is seen while the role moves.
@Suite struct SwitchoverStageTests {
    private let move = SwitchoverMove(from: "alpha", to: "beta", lag: 0, synchronousState: "sync")

    private func turn(
        _ promoted: [String],
        failed: Bool = false,
        writes: Bool = false,
        after stage: SwitchoverStage = .asking
    ) -> SwitchoverTurn {
        let view = SwitchoverView(promoted: promoted, hasTargetFailed: failed, acceptsWrites: writes)
        return followSwitchover(move, view, after: stage)
    }

    @Test func goesFromStageToStage() {
        #expect(turn(["alpha"]) == .wait(.demoting))
        #expect(turn([], after: .demoting) == .wait(.promoting))
        #expect(turn(["BETA"], after: .promoting) == .wait(.opening))
        #expect(turn(["beta"], writes: true, after: .opening) == .open)
        // A promotion may be over between two looks.
        #expect(turn(["beta"], writes: true) == .open)
    }

    @Test func seesWhatWontSucceed() {
        #expect(turn(["alpha"], failed: true) == .failed(.demoting, .targetFailed))
        #expect(turn([], failed: true, after: .promoting) == .failed(.promoting, .targetFailed))
        #expect(turn(["gamma"]) == .failed(.promoting, .promotedInstead("gamma")))
        #expect(turn(["alpha"], after: .promoting) == .failed(.promoting, .promotedInstead("alpha")))
    }

    /// Without that the role would go back once nothing asks for it any more.
    @Test func theScoreHasToHoldTheRole() {
        var cluster = StatusWorld().observation.cluster
        #expect(isHeldByScore("alpha", cluster, resource: "pgsql"))
        #expect(!isHeldByScore("beta", cluster, resource: "pgsql"))
        cluster.nodes[1].transientAttributes["master-pgsql"] = "1000"
        #expect(!isHeldByScore("alpha", cluster, resource: "pgsql"))
        cluster.nodes[1].transientAttributes = [:]
        cluster.nodes[0].transientAttributes = [:]
        #expect(!isHeldByScore("alpha", cluster, resource: "pgsql"))
    }

    @Test func stagesAreInOrder() {
        #expect(SwitchoverStage.allCases == SwitchoverStage.allCases.sorted())
        #expect(Set(SwitchoverStage.allCases.map { $0.text(move) }).count == SwitchoverStage.allCases.count)
    }
}
