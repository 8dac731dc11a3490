import RACore
import Testing

/// What `pgrex-tool slots` shows, and what it drops.
@Suite struct SlotReportTests {
    private static let redo = LSN(bytes: 1 << 30)

    private func slot(_ name: String, isActive: Bool = false, isPhysical: Bool = true, keeps: UInt64 = 0)
        -> ReplicationSlot
    {
        ReplicationSlot(
            name: name,
            isPhysical: isPhysical,
            isActive: isActive,
            restartLSN: LSN(bytes: Self.redo.bytes - keeps),
            retained: keeps,
            status: "reserved"
        )
    }

    private func answer(_ slots: [ReplicationSlot], isInRecovery: Bool = false) -> NodeAnswer {
        let facts = ServerFacts(
            isInRecovery: isInRecovery,
            systemIdentifier: 1,
            timeline: TimelineID(1).unsafelyUnwrapped,
            lsn: Self.redo
        )
        let seen = SlotObservation(isInRecovery: isInRecovery, lsn: Self.redo, redo: Self.redo, slots: slots)
        return .server(facts, .known(ServerExtras(pendingRestart: 0, slots: seen)))
    }

    private func report(
        _ slots: [ReplicationSlot],
        note: SlotNote? = nil,
        base: String? = "pg",
        mode: ReplicationMode = .sync,
        source: StatusSource = .cluster,
        beta answer: NodeAnswer = .none(why: "beta is asleep"),
        told: [String: PublishedWAL] = [:]
    ) -> SlotReport {
        var beta = ClusterNode(name: "beta")
        if let note { beta.permanentAttributes["pgsql-slot"] = note.text }
        let observation = StatusObservation(
            resource: "pgsql",
            mode: mode,
            nodeList: ["alpha", "beta", "gamma"],
            slotBase: base,
            ownNode: "gamma",
            source: source,
            cluster: ClusterObservation(
                nodes: [ClusterNode(name: "alpha"), beta, ClusterNode(name: "gamma")],
                hasQuorum: true
            ),
            answers: [
                "alpha": self.answer(slots), "beta": answer,
                "gamma": self.answer([slot("pg_alpha"), slot("pg_beta")], isInRecovery: true),
            ]
        )
        return assembleSlots(observation, told: told, limits: SlotLimits(share: 50), now: 1000)
    }

    private func lines(_ report: SlotReport, _ node: String) -> [SlotLine] {
        report.nodes.first { $0.node == node }?.slots.value ?? []
    }

    @Test func everySlotHasItsKind() {
        let slots = [
            slot("pg_beta", isActive: true), slot("pg"), slot("pg_old"), slot("backup"),
            slot("cdc", isPhysical: false), slot("pg_alpha"),
        ]
        let found = report(slots)
        #expect(
            lines(found, "alpha").map(\.kind) == [
                .member("beta"), .member("gamma"), .foreign, .logical, .former, .left, .left,
            ]
        )
        #expect(lines(found, "alpha").map(\.state).prefix(2) == [.inUse, .standing(.missing)])
        #expect(found.nodes[1].slots == .unknown(why: "beta is asleep"))
        #expect(found.nodes.map(\.isLocal) == [false, false, true])
        #expect(found.nodes.map(\.role) == [.known(.primary), .unknown(why: "beta is asleep"), .known(.standby)])
        #expect(found.unseen == ["beta"])
    }

    /// What is there is shown, whether the agent keeps it or not.
    @Test func withoutABaseOrAModeNothingIsHidden() {
        for found in [report([slot("pg_beta")], base: nil), report([slot("pg_beta")], mode: .slave)] {
            #expect(found.base == nil)
            #expect(lines(found, "alpha").map(\.kind) == [.foreign])
        }
    }

    private func wal(free: UInt64, unusedSince: Int? = nil, time: Int = 990) -> PublishedWAL {
        let kept = KeptSlot(name: "pg_beta", lsn: LSN("0/1"), unusedSince: unusedSince)
        return PublishedWAL(time: time, free: free << 20, rate: 1 << 20, kept: [kept])
    }

    @Test func whatTheAgentToldIsShown() {
        let told = ["ALPHA": wal(free: 904, unusedSince: 400)]
        let found = report([slot("pg_beta", keeps: 96 << 20)], told: told)
        let line = lines(found, "alpha")[0]
        #expect(line.unusedSeconds == 600)
        #expect(line.keeps == 96 << 20)
        #expect(line.limit == (1000 << 20) / 100 * 50)
        #expect(line.state == .standing(.kept))
        #expect(found.nodes[0].secondsLeft == 904)
        let near = report([slot("pg_beta", keeps: 400 << 20)], told: told)
        #expect(lines(near, "alpha")[0].state == .standing(.near(.space)))
        #expect(lines(found, "gamma").map(\.unusedSeconds) == [nil, nil])
        // Nothing piles up: however full it is, the next checkpoint makes room.
        let used = report([slot("pg_beta", isActive: true, keeps: 96 << 20)], told: told)
        #expect(used.nodes[0].secondsLeft == nil)
        #expect(lines(used, "alpha")[0].limit == (1000 << 20) / 100 * 90)
    }

    @Test func oldNewsIsNone() {
        let found = report([slot("pg_beta", keeps: 96 << 20)], told: ["alpha": wal(free: 904, time: 700)])
        #expect(found.nodes[0].space == .unknown(why: "alpha's agent last told of its WAL 300 s ago"))
        #expect(found.nodes[2].space == .unknown(why: "gamma's agent doesn't tell of its WAL"))
        #expect(lines(found, "alpha")[0].limit == nil)
    }

    /// The agent reckons with what will be written, which the tool can't.
    @Test func theAgentsWarningCounts() {
        let near = SlotNote.near(.space, keeper: "alpha")
        #expect(lines(report([slot("pg_beta")], note: near), "alpha")[0].state == .standing(.near(.space)))
        #expect(lines(report([slot("pg_beta")], note: near), "gamma")[1].state == .standing(.kept))
    }

    @Test func aDroppedSlotIsNotMerelyMissing() {
        let note = SlotNote.dropped(DroppedSlot(limit: .age, keeper: "alpha", lsn: nil, time: "now"))
        #expect(lines(report([], note: note), "alpha").map(\.state) == [.dropped(.age), .standing(.missing)])
        let near = SlotNote.near(.age, keeper: "alpha")
        #expect(lines(report([], note: near), "alpha").map(\.state) == [.standing(.missing), .standing(.missing)])
    }

    private func refusal(_ names: [String], on node: String? = nil, _ report: SlotReport) -> SlotDropRefusal? {
        guard case .failure(let refusal) = report.planDrop(names, on: node) else { return nil }
        return refusal
    }

    private var mixed: [ReplicationSlot] {
        [
            slot("pg_beta"), slot("pg_gamma", isActive: true), slot("pg"), slot("pg_old"), slot("bar"),
            slot("cdc", isPhysical: false),
        ]
    }

    @Test func onlyWhatNobodyUsesIsDropped() throws {
        let found = report(mixed)
        #expect(refusal(["pg_gamma"], found) == .inUse("pg_gamma", node: "alpha"))
        #expect(refusal(["bar"], found) == .foreign("bar", node: "alpha"))
        #expect(refusal(["cdc"], found) == .logical("cdc", node: "alpha"))
        #expect(refusal(["pg_old", "nobody"], found) == .unknown("nobody", unseen: ["beta"]))
        #expect(refusal(["pg_alpha"], found) == .follows("pg_alpha", node: "gamma"))
        #expect(refusal(["pg_old"], on: "gamma", found) == .unknown("pg_old", unseen: []))
        #expect(refusal([], report([slot("pg", isActive: true)])) == .noneLeft(unseen: ["beta"]))
        #expect(refusal([], report([], base: nil)) == .notConfigured)
        #expect(
            refusal(["pg_beta"], report(mixed, source: .savedConfiguration(why: "?", asOf: nil))) == .savedConfiguration
        )
        let former = try found.planDrop([], on: nil).get()
        #expect(former.targets.map(\.slot.name) == ["pg"])
        #expect(former.isHarmless && former.unseen == ["beta"])
        let member = try found.planDrop(["pg_beta", "pg_old", "pg_beta"], on: nil).get()
        #expect(member.targets.map { "\($0.node) \($0.slot.name)" } == ["alpha pg_beta", "alpha pg_old"])
        #expect(!member.isHarmless)
        #expect(member.isSame(as: member) && !member.isSame(as: former))
    }

    /// One name may be a member's slot here and a leftover there, as on a copy of another node's disk.
    @Test func oneNameIsOneThing() throws {
        let twin = report(mixed, beta: answer([slot("pg_beta")], isInRecovery: true))
        #expect(refusal(["pg_beta"], twin) == .ambiguous("pg_beta", nodes: ["alpha", "beta", "gamma"]))
        let chosen = try twin.planDrop(["pg_beta"], on: "beta").get()
        #expect(chosen.targets.map(\.slot.kind) == [.left])
    }

    @Test func twoPrimariesAreForAPersonToJudge() {
        let two = report(mixed, beta: answer([slot("pg_gamma")]))
        #expect(refusal(["pg_gamma"], two) == .severalPrimaries(["alpha", "beta"]))
    }
}
