import RACore
import Testing

/// A cluster of alpha (primary), beta and gamma in which all is well, seen from alpha; cases change what they need.
struct StatusWorld {
    var observation: StatusObservation
    static let flushed = LSN(bytes: 0x500_0000)
    static let timeline = TimelineID(3).unsafelyUnwrapped

    init(mode: ReplicationMode = .sync) {
        let node = { (name: String, role: RecordedRole, score: String, record: String) in
            ClusterNode(
                name: name,
                permanentAttributes: ["pgsql-data-status": record],
                transientAttributes: ["master-pgsql": score],
                resourceRole: role
            )
        }
        let others = mode == .sync ? "-INFINITY" : "99"
        let cluster = ClusterObservation(
            nodes: [
                node("alpha", .promoted, "1000", "LATEST"),
                node("beta", .unpromoted, "100", mode == .sync ? "STREAMING|SYNC" : "STREAMING|ASYNC"),
                node("gamma", .unpromoted, others, "STREAMING|ASYNC"),
            ],
            hasQuorum: true,
            properties: ClusterProperties(clusterName: "tokyo", hasFencingDevice: true)
        )
        observation = StatusObservation(
            resource: "pgsql",
            mode: mode,
            nodeList: ["alpha", "beta", "gamma"],
            slotBase: "pg",
            ownNode: "alpha",
            cluster: cluster
        )
        observation.answers["alpha"] = primary(
            senders: .known([sender("beta", mode == .sync ? "sync" : "async"), sender("gamma", "async")])
        )
        for name in ["beta", "gamma"] { observation.answers[name] = standby() }
    }

    func sender(_ node: String, _ syncState: String, _ state: String = "streaming") -> WALSender {
        WALSender(
            applicationName: node,
            state: state,
            syncState: syncState,
            flushedLSN: Self.flushed,
            replayedLSN: Self.flushed
        )
    }

    func primary(senders: Observed<[WALSender]>) -> NodeAnswer {
        .server(
            facts(isInRecovery: false, senders: senders),
            .known(
                ServerExtras(
                    pendingRestart: 0,
                    slots: StatusWorld.observation([
                        ReplicationSlot(name: "pg_beta", retained: 0),
                        ReplicationSlot(name: "pg_gamma", retained: 1 << 24),
                    ])
                )
            )
        )
    }

    static func observation(_ slots: [ReplicationSlot]) -> SlotObservation {
        SlotObservation(isInRecovery: false, lsn: flushed, redo: flushed, slots: slots)
    }

    func standby() -> NodeAnswer {
        .server(
            facts(isInRecovery: true, senders: .known([])),
            .known(ServerExtras(pendingRestart: 0, slots: StatusWorld.observation([])))
        )
    }

    private func facts(isInRecovery: Bool, senders: Observed<[WALSender]>) -> ServerFacts {
        ServerFacts(
            isInRecovery: isInRecovery,
            systemIdentifier: 1,
            timeline: StatusWorld.timeline,
            lsn: Self.flushed,
            replayedLSN: isInRecovery ? Self.flushed : nil,
            receiver: isInRecovery ? WALReceiver(status: "streaming", timeline: nil) : nil,
            senders: senders
        )
    }

    mutating func change(_ node: String, _ change: (inout ClusterNode) -> Void) {
        guard let index = observation.cluster.nodes.firstIndex(where: { $0.name == node }) else { return }
        change(&observation.cluster.nodes[index])
    }

    /// The node is gone: out of the cluster, without an answer, without a connection to the primary.
    mutating func lose(_ node: String, isFenced: Bool) {
        change(node) {
            $0.isOnline = false
            $0.isUnclean = !isFenced
            $0.transientAttributes = [:]
        }
        observation.answers[node] = isFenced ? nil : NodeAnswer.none(why: "\(node): no answer")
        guard case .server(let facts, _)? = observation.answers["alpha"] else { return }
        observation.answers["alpha"] = primary(
            senders: .known((facts.senders.value ?? []).filter { $0.applicationName != node })
        )
    }

    var status: ClusterStatus { assembleStatus(observation) }
    var verdict: HealthVerdict { decideHealth(assessHealth(status)) }
    var sentence: String { describeHealth(verdict, status) }
    func row(_ name: String) -> NodeStatus? { status.nodes.first { $0.name == name } }
}

@Suite struct StatusAssemblyTests {
    @Test func allIsWell() {
        let world = StatusWorld()
        #expect(world.verdict == HealthVerdict(.healthy, .allInPlace))
        let beta = world.row("beta")
        #expect(beta?.role == .known(.standby))
        #expect(beta?.activity == .known(.streaming))
        #expect(beta?.synchronousState == .known("sync"))
        #expect(beta?.receivedLag == .known(0))
        #expect(world.row("gamma")?.retainedWAL == .known(1 << 24))
        #expect(world.row("alpha")?.retainedWAL == nil)
        #expect(world.row("alpha")?.synchronousState == nil)
        #expect(world.status.nodes.map(\.isLocal) == [true, false, false])
    }

    @Test func aMissingStandbyIsNamedWithTheNextCommand() {
        var world = StatusWorld()
        world.lose("gamma", isFenced: true)
        #expect(world.verdict == HealthVerdict(.degraded, .standbyMissing))
        #expect(world.sentence.contains("gamma is offline. Next, on gamma: crm cluster start"))
        #expect(world.row("gamma")?.timeline == .unknown(why: "gamma is offline"))
        #expect(world.row("gamma")?.pendingRestart == nil)
    }

    @Test func withoutASynchronousStandbyNothingProtects() {
        var world = StatusWorld()
        world.lose("beta", isFenced: true)
        #expect(world.verdict == HealthVerdict(.unprotected, .noStandby))
        #expect(world.sentence.contains("gamma isn't a synchronous standby"))
    }

    @Test func asynchronousStandbysProtectWhileTheyStream() {
        var world = StatusWorld(mode: .async)
        #expect(world.verdict.level == .healthy)
        world.lose("beta", isFenced: true)
        #expect(world.verdict.level == .degraded)
        world.lose("gamma", isFenced: true)
        #expect(world.verdict.level == .unprotected)
    }

    @Test func aStandbyWhoseScoreBarsItCantTakeOver() {
        var world = StatusWorld()
        world.change("beta") { $0.transientAttributes["master-pgsql"] = "-INFINITY" }
        #expect(world.verdict == HealthVerdict(.unprotected, .noStandby))
    }

    @Test func aNodeInStandbyModeIsMissing() {
        var world = StatusWorld()
        world.change("gamma") { $0.isInStandbyMode = true }
        #expect(world.verdict.level == .degraded)
        #expect(world.sentence.hasSuffix("Next: crm node online gamma"))
    }

    @Test func aLostNodeMayStillServe() {
        var world = StatusWorld()
        world.lose("alpha", isFenced: false)
        #expect(world.row("alpha")?.role == .unknown(why: "alpha was lost and isn't confirmed fenced"))
        #expect(world.verdict == HealthVerdict(.cannotTell, .primaryUnknown))
    }

    @Test func downIsSaidOnlyOfWhatIsKnown() {
        var world = StatusWorld()
        world.observation.answers["alpha"] = .notRunning(timeline: .unknown(why: "x"), lsn: .unknown(why: "x"))
        #expect(world.verdict == HealthVerdict(.down, .noPrimary))
        world.observation.cluster.hasQuorum = false
        #expect(world.verdict == HealthVerdict(.cannotTell, .noPrimaryInPartition))
        // Promoted by the record alone isn't serving.
        world.observation.answers["alpha"] = NodeAnswer.none(why: "no answer")
        world.observation.cluster.hasQuorum = true
        #expect(world.verdict == HealthVerdict(.cannotTell, .primaryUnknown))
    }

    @Test func aHungPrimaryDoesntServe() {
        var world = StatusWorld()
        world.observation.answers["alpha"] = .notServing(.hung, why: "no answer")
        #expect(world.verdict == HealthVerdict(.down, .noPrimary))
        #expect(world.sentence.contains("alpha doesn't answer though its process is there"))
    }

    @Test func twoPrimariesAreSaidFirst() {
        var world = StatusWorld()
        world.observation.answers["gamma"] = world.primary(senders: .known([]))
        #expect(world.verdict == HealthVerdict(.unprotected, .severalPrimaries))
        #expect(world.sentence.hasSuffix("The cluster didn't promote gamma. Next: crm node fence gamma"))
        #expect(world.row("beta")?.synchronousState == .known("sync"))
    }

    @Test func withoutTheClusterOnlyLocalFactsCount() {
        var world = StatusWorld()
        world.observation.source = .savedConfiguration(why: "not connected", asOf: "Friday")
        #expect(world.verdict == HealthVerdict(.cannotTell, .clusterUnknown))
        #expect(world.status.hasQuorum.value == nil)
        #expect(world.row("beta")?.membership.value == nil)
        #expect(world.row("beta")?.promotionScore.value == nil)
        #expect(world.status.fencing == .known(.on))
        world.observation.answers = ["alpha": .notRunning(timeline: .unknown(why: "x"), lsn: .unknown(why: "x"))]
        #expect(world.verdict == HealthVerdict(.cannotTell, .primaryUnknown))
    }

    @Test func aSingleInstanceNeedsNoStandby() {
        var world = StatusWorld(mode: .none)
        world.observation.nodeList = []
        world.change("alpha") { $0.resourceRole = .unpromoted }
        world.observation.answers = ["alpha": world.primary(senders: .known([]))]
        for name in ["beta", "gamma"] { world.change(name) { $0.resourceRole = .stopped } }
        #expect(world.verdict == HealthVerdict(.healthy, .singleInstance))
    }
}

@Suite struct StatusSourcesTests {
    @Test func thePrimarysWordFillsInForAStandby() {
        var world = StatusWorld()
        world.observation.answers["beta"] = NodeAnswer.none(why: "beta: no answer")
        let beta = world.row("beta")
        #expect(beta?.role == .known(.standby))
        #expect(beta?.activity == .known(.streaming))
        #expect(beta?.receivedLSN == .known(StatusWorld.flushed))
        #expect(beta?.replayedLSN == .known(StatusWorld.flushed))
        #expect(beta?.timeline == .unknown(why: "beta: no answer"))
        #expect(beta?.pendingRestart == .unknown(why: "beta: no answer"))
        #expect(world.verdict.level == .healthy)
    }

    /// A powered-off node: the primary still shows it as streaming until wal_sender_timeout.
    @Test func thePrimarysWordIsntEnoughForASilentStandby() {
        var world = StatusWorld()
        world.observation.answers["gamma"] = .silent(why: "gamma: no answer")
        #expect(world.row("gamma")?.activity == .unknown(why: "gamma: no answer"))
        #expect(world.row("gamma")?.receivedLSN == .known(StatusWorld.flushed))
        #expect(world.verdict == HealthVerdict(.degraded, .standbyMissing))
        world.observation.answers["beta"] = .silent(why: "beta: no answer")
        #expect(world.verdict == HealthVerdict(.cannotTell, .standbysUnknown))
    }

    @Test func theRecordFillsInForThePrimary() {
        var world = StatusWorld()
        let position = WALPosition(timeline: StatusWorld.timeline, lsn: StatusWorld.flushed)
        world.observation.answers["alpha"] = .replication(isInRecovery: false, position: position)
        #expect(world.status.recordedStates == "alpha lets only replication connections in from this node")
        #expect(world.row("beta")?.synchronousState == .known("sync"))
        #expect(world.row("beta")?.retainedWAL?.value == nil)
        #expect(world.verdict.level == .healthy)
    }

    /// The primary's agent may not have noticed yet: a standby that doesn't answer isn't in place by the record alone.
    @Test func theRecordDoesntStandInForASilentStandby() {
        var world = StatusWorld()
        let position = WALPosition(timeline: StatusWorld.timeline, lsn: StatusWorld.flushed)
        world.observation.answers["alpha"] = .replication(isInRecovery: false, position: position)
        for name in ["beta", "gamma"] { world.observation.answers[name] = NodeAnswer.none(why: "refused") }
        #expect(world.row("beta")?.activity == .unknown(why: "refused"))
        #expect(world.verdict == HealthVerdict(.cannotTell, .standbysUnknown))
    }

    /// S8: a monitoring user without pg_monitor must not make standbys look absent.
    @Test func hiddenSendersAreUnknown() {
        var world = StatusWorld()
        world.observation.answers["alpha"] = world.primary(senders: .unknown(why: "not shown"))
        world.observation.source = .savedConfiguration(why: "not connected", asOf: nil)
        #expect(world.row("beta")?.synchronousState == .unknown(why: "not shown"))
        #expect(world.row("beta")?.activity == .known(.streaming))
    }

    @Test func aLostSlotIsNotAnEmptyOne() {
        var world = StatusWorld()
        guard case .server(let facts, _)? = world.observation.answers["alpha"] else { return }
        let slot = ReplicationSlot(name: "pg_beta", retained: nil, status: "lost")
        let extras = ServerExtras(pendingRestart: 2, slots: StatusWorld.observation([slot]))
        world.observation.answers["alpha"] = .server(facts, .known(extras))
        #expect(world.row("beta")?.retainedWAL == .unknown(why: "slot \"pg_beta\" has lost WAL that it needed"))
        #expect(world.row("gamma")?.retainedWAL == .unknown(why: "the primary has no slot \"pg_gamma\""))
        #expect(world.row("alpha")?.pendingRestart == .known(2))
    }

    @Test func catchingUpIsNotInPlace() {
        var world = StatusWorld(mode: .async)
        world.observation.answers["alpha"] = world.primary(
            senders: .known([world.sender("beta", "async", "catchup"), world.sender("gamma", "async")])
        )
        #expect(world.row("beta")?.activity == .known(.catchingUp))
        #expect(world.verdict.level == .degraded)
    }
}
