import RACore
import Testing

/// What a stop stops, what it warns of, and what is taken back.
@Suite struct StopPlanTests {
    private static let note = StopNote(scope: .node, author: "somebody@alpha", time: "2026-11-21T18:00:00Z")
    private static let noteOfAll = StopNote(scope: .all, formerTargetRole: "Started", author: "a@b", time: "t")

    private func facts(_ world: StatusWorld, targetRole: String? = nil, isStrict: Bool = false) -> OperatorFacts {
        OperatorFacts(
            status: assembleStatus(world.observation),
            cluster: world.observation.cluster,
            outerName: "pgsql-clone",
            targetRole: targetRole,
            isStrict: isStrict
        )
    }

    private func world(_ node: Int, _ change: (inout ClusterNode) -> Void) -> StatusWorld {
        var world = StatusWorld()
        change(&world.observation.cluster.nodes[node])
        return world
    }

    private func warnings(_ plan: StopPlan) -> [StopWarning]? {
        guard case .stop(let action) = plan else { return nil }
        return action.warnings
    }

    @Test(arguments: [StopPlanTests.note, StopPlanTests.noteOfAll])
    func aNoteReadsAsItWasWritten(_ note: StopNote) {
        #expect(StopNote(note.text) == note)
    }

    @Test(arguments: ["", "stopped=node", "stopped=half by=a time=t", "by=a time=t"])
    func anythingElseIsNoNote(_ text: String) {
        #expect(StopNote(text) == nil)
    }

    @Test func aStandbyStopsWithoutAQuestion() {
        let plan = decideStop(node: "GAMMA", facts(StatusWorld()))
        #expect(
            plan == .stop(StopAction(scope: .node, nodes: ["gamma"], primary: nil, warnings: [.wholeNode("gamma")]))
        )
        #expect(
            warnings(decideStop(node: "beta", facts(StatusWorld()))) == [.wholeNode("beta")],
            "gamma takes its place"
        )
    }

    @Test func thePrimarysStopIsWarnedOf() {
        let plan = decideStop(node: "alpha", facts(StatusWorld()))
        #expect(warnings(plan) == [.failsOver(primary: "alpha", to: "beta"), .wholeNode("alpha")])
        let alone = world(1) { $0.isOnline = false }
        let last = decideStop(node: "alpha", facts(alone))
        #expect(warnings(last)?.first == .nobodyTakesOver(primary: "alpha"))
        #expect(StopWarning.failsOver(primary: "a", to: "b").text.contains("pgrex-tool switchover"))
    }

    @Test func theLastSynchronousStandbysStopIsWarnedOf() {
        var world = StatusWorld()
        world.observation.answers["alpha"] = world.primary(senders: .known([world.sender("beta", "sync")]))
        world.observation.answers["gamma"] = .silent(why: "w")
        #expect(warnings(decideStop(node: "beta", facts(world)))?.first == .commitsUnprotected("beta"))
        #expect(warnings(decideStop(node: "beta", facts(world, isStrict: true)))?.first == .commitsWait("beta"))
        for warning in [StopWarning.commitsUnprotected("beta"), .commitsWait("beta")] { #expect(warning.asks) }
    }

    /// The primary first: its shutdown waits until its standbys have everything.
    @Test func allStopWithThePrimaryFirst() {
        let plan = decideStopOfAll(facts(StatusWorld(), targetRole: "Started"))
        let action = StopAction(
            scope: .all,
            nodes: ["alpha", "beta", "gamma"],
            primary: "alpha",
            formerTargetRole: "Started",
            warnings: [.everythingStops]
        )
        #expect(plan == .stop(action))
        // What is stopped for itself keeps the note of that.
        let two = world(1) { $0.isInStandbyMode = true }
        guard case .stop(let rest) = decideStopOfAll(facts(two)) else {
            Issue.record("nothing is stopped")
            return
        }
        #expect(rest.nodes == ["alpha", "gamma"])
    }

    @Test func whatIsStoppedAlreadyIsSaid() {
        let byHand = world(2) { $0.isInStandbyMode = true }
        #expect(decideStop(node: "gamma", facts(byHand)) == .nothing(.node("gamma", .foreign)))
        let byUs = world(2) {
            $0.isInStandbyMode = true
            $0.permanentAttributes["pgsql-stopped"] = Self.note.text
        }
        #expect(decideStop(node: "gamma", facts(byUs)) == .nothing(.node("gamma", .ours(Self.note))))
        #expect(decideStopOfAll(facts(StatusWorld(), targetRole: "stopped")) == .nothing(.all(.foreign)))
        let allByUs = world(0) { $0.permanentAttributes["pgsql-stopped"] = Self.noteOfAll.text }
        #expect(decideStopOfAll(facts(allByUs, targetRole: "Stopped")) == .nothing(.all(.ours(Self.noteOfAll))))
        let none = StopNoteWorld.allInStandbyMode()
        #expect(decideStopOfAll(facts(none)) == .nothing(.everyNode))
    }

    @Test func whatTheClusterWouldntStopIsRefused() {
        #expect(
            decideStop(node: "delta", facts(StatusWorld()))
                == .refuse(.unknownNode("delta", members: ["alpha", "beta", "gamma"]))
        )
        #expect(decideStop(node: "gamma", facts(world(2) { $0.isOnline = false })) == .refuse(.offline("gamma")))
        let unmanaged = world(2) { $0.isMaintenance = true }
        #expect(decideStop(node: "gamma", facts(unmanaged)) == .refuse(.nodeMaintenance("gamma")))
        let lost = world(2) { $0.isUnclean = true }
        #expect(decideStop(node: "beta", facts(lost)) == .refuse(.cluster(.notFenced("gamma"))))
        #expect(decideStopOfAll(facts(lost)) == .refuse(.cluster(.notFenced("gamma"))))
        for refusal in [StopRefusal.offline("a"), .nodeMaintenance("a"), .changed] {
            #expect(refusal.text.contains("HINT: "))
        }
    }

    @Test func statusSaysWhoStoppedIt() {
        let byUs = world(2) {
            $0.isInStandbyMode = true
            $0.permanentAttributes["pgsql-stopped"] = Self.note.text
        }
        let status = assembleStatus(byUs.observation)
        let text = describeHealth(decideHealth(assessHealth(status)), status)
        #expect(text.contains("gamma was stopped by 'pgrex-tool stop'. Next, on gamma: pgrex-tool rejoin"))
    }
}

enum StopNoteWorld {
    static func allInStandbyMode() -> StatusWorld {
        var world = StatusWorld()
        for index in world.observation.cluster.nodes.indices {
            world.observation.cluster.nodes[index].isInStandbyMode = true
        }
        return world
    }
}

/// How the resource gets a primary again.
@Suite struct PrimaryStartTests {
    private static let note = StopNote(scope: .node, author: "a@b", time: "t")
    private static let noteOfAll = StopNote(scope: .all, author: "a@b", time: "t")

    private func input(
        election: ElectionOutcome? = nil,
        targetRole: String? = nil,
        _ change: (inout StatusWorld) -> Void = { _ in }
    ) -> PrimaryStartFacts {
        var world = StatusWorld()
        for index in world.observation.cluster.nodes.indices {
            world.observation.cluster.nodes[index].resourceRole = .stopped
        }
        world.observation.answers = [:]
        change(&world)
        return PrimaryStartFacts(
            node: "alpha",
            facts: OperatorFacts(
                status: assembleStatus(world.observation),
                cluster: world.observation.cluster,
                outerName: "pgsql-clone",
                targetRole: targetRole
            ),
            election: election
        )
    }

    @Test func whatOurStopStoppedIsStarted() {
        let node = input {
            $0.observation.cluster.nodes[0].isInStandbyMode = true
            $0.observation.cluster.nodes[0].permanentAttributes["pgsql-stopped"] = Self.note.text
        }
        #expect(decidePrimaryStart(node) == .start(PrimaryStartAction(nodesToRelease: ["alpha"])))
        let all = input(election: .lacking(["alpha", "beta", "gamma"]), targetRole: "Stopped") {
            $0.observation.cluster.nodes[2].permanentAttributes["pgsql-stopped"] = Self.noteOfAll.text
        }
        #expect(decidePrimaryStart(all) == .start(PrimaryStartAction(stopOfAll: Self.noteOfAll)))
    }

    @Test func whatSomebodyElseStoppedIsntStarted() {
        let node = input { $0.observation.cluster.nodes[0].isInStandbyMode = true }
        #expect(decidePrimaryStart(node) == .refuse(.standbyMode("alpha")))
        #expect(
            decidePrimaryStart(input(targetRole: "Stopped"))
                == .refuse(.targetRole("Stopped", outerName: "pgsql-clone"))
        )
        var banned = input()
        banned.facts.bans = ["alpha": "cli-ban"]
        #expect(decidePrimaryStart(banned) == .refuse(.banned("alpha", constraint: "cli-ban")))
        let maintained = input { $0.observation.cluster.nodes[0].isMaintenance = true }
        #expect(decidePrimaryStart(maintained) == .refuse(.nodeMaintenance("alpha")))
    }

    @Test func onlyFailuresOfThisResourceHereAreForgotten() {
        let failed = input {
            $0.observation.cluster.nodes[0].transientAttributes["fail-count-pgsql#start_0"] = "INFINITY"
        }
        #expect(decidePrimaryStart(failed) == .start(PrimaryStartAction(clearsFailures: true)))
        let others = input {
            $0.observation.cluster.nodes[0].transientAttributes["fail-count-pgsql2#start_0"] = "INFINITY"
            $0.observation.cluster.nodes[1].transientAttributes["fail-count-pgsql#start_0"] = "INFINITY"
        }
        #expect(decidePrimaryStart(others) == .start(PrimaryStartAction()))
    }

    @Test func aPrimaryIsEnough() {
        let here = input { $0.observation.cluster.nodes[0].resourceRole = .promoted }
        #expect(decidePrimaryStart(here) == .nothing)
        let there = input { $0.observation.cluster.nodes[1].resourceRole = .promoted }
        #expect(decidePrimaryStart(there) == .refuse(.otherPrimary("beta", node: "alpha")))
    }

    /// The nodes choose; the command forces nobody.
    @Test func whoeverHasMoreGoesFirst() {
        #expect(
            decidePrimaryStart(input(election: .chosen("alpha", because: .everybody))) == .start(PrimaryStartAction())
        )
        #expect(
            decidePrimaryStart(input(election: .chosen("beta", because: .everybody)))
                == .refuse(.othersTurn("beta", node: "alpha"))
        )
        let absent = input(election: .lacking(["beta"])) { $0.observation.cluster.nodes[1].isOnline = false }
        guard case .refuse(.undecided(let why)) = decidePrimaryStart(absent) else {
            Issue.record("nobody is refused")
            return
        }
        #expect(why.contains("beta"))
        // It is here, and the cluster starts it.
        #expect(decidePrimaryStart(input(election: .lacking(["beta"]))) == .start(PrimaryStartAction()))
        #expect(decidePrimaryStart(input(election: .awaiting(["beta"]))) == .start(PrimaryStartAction()))
        for outcome in [ElectionOutcome.foreign("beta"), .forked("beta", from: "alpha")] {
            guard case .refuse(.undecided) = decidePrimaryStart(input(election: outcome)) else {
                Issue.record("\(outcome) isn't refused")
                continue
            }
        }
    }

    @Test func theClusterHasToBeAbleToStart() {
        let lost = input { $0.observation.cluster.nodes[2].isUnclean = true }
        #expect(decidePrimaryStart(lost) == .refuse(.cluster(.notFenced("gamma"))))
        let small = input { $0.observation.cluster.hasQuorum = false }
        #expect(decidePrimaryStart(small) == .refuse(.cluster(.noQuorum(here: 3, of: 3))))
        var stranger = input()
        stranger.node = "delta"
        #expect(decidePrimaryStart(stranger) == .refuse(.notAMember("delta", members: ["alpha", "beta", "gamma"])))
        for refusal in [
            PrimaryStartRefusal.otherPrimary("a", node: "b"), .standbyMode("a"), .nodeMaintenance("a"),
            .banned("a", constraint: "c"),
            .targetRole("Stopped", outerName: "r"), .othersTurn("a", node: "b"), .undecided("w"),
        ] { #expect(refusal.text.contains("HINT: "), "\(refusal)") }
    }
}
