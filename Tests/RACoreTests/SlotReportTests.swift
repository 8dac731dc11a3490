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
        told: [String: PublishedWAL] = [:]
    ) -> SlotReport {
        var beta = ClusterNode(name: "beta")
        if let note { beta.permanentAttributes["pgsql-slot"] = note.text }
        let observation = StatusObservation(
            resource: "pgsql",
            mode: .sync,
            nodeList: ["alpha", "beta", "gamma"],
            slotBase: base,
            ownNode: "gamma",
            cluster: ClusterObservation(
                nodes: [ClusterNode(name: "alpha"), beta, ClusterNode(name: "gamma")],
                hasQuorum: true
            ),
            answers: [
                "alpha": answer(slots), "beta": .none(why: "beta is asleep"),
                "gamma": answer([slot("pg_alpha"), slot("pg_beta")], isInRecovery: true),
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
            slot("cdc", isPhysical: false),
        ]
        let found = report(slots)
        #expect(
            lines(found, "alpha").map(\.kind) == [
                .member("beta"), .member("gamma"), .foreign, .logical, .former, .left,
            ]
                || lines(found, "alpha").map(\.kind) == [
                    .member("beta"), .member("gamma"), .foreign, .logical, .left, .former,
                ]
        )
        #expect(lines(found, "alpha").map(\.state).prefix(2) == [.inUse, .standing(.missing)])
        #expect(found.nodes[1].slots == .unknown(why: "beta is asleep"))
        #expect(found.nodes.map(\.isLocal) == [false, false, true])
        #expect(found.nodes.map(\.role) == [.known(.primary), .unknown(why: "beta is asleep"), .known(.standby)])
    }

    @Test func whatTheAgentToldIsShown() {
        let wal = PublishedWAL(
            free: 900 << 20,
            rate: 1 << 20,
            kept: [KeptSlot(name: "pg_beta", lsn: LSN("0/1"), unusedSince: 400)]
        )
        let found = report([slot("pg_beta", keeps: 100 << 20)], told: ["alpha": wal])
        let line = lines(found, "alpha")[0]
        #expect(line.unusedSeconds == 600)
        #expect(line.limit == (1000 << 20) / 100 * 50)
        #expect(line.state == .standing(.kept))
        #expect(found.nodes[0].space?.secondsLeft == 900)
        let near = report([slot("pg_beta", keeps: 400 << 20)], told: ["alpha": wal])
        #expect(lines(near, "alpha")[0].state == .standing(.near(.space)))
        #expect(lines(found, "gamma").map(\.unusedSeconds) == [nil, nil])
    }

    @Test func aDroppedSlotIsNotMerelyMissing() {
        let note = SlotNote.dropped(DroppedSlot(limit: .age, keeper: "alpha", lsn: nil, time: "now"))
        #expect(lines(report([], note: note), "alpha").map(\.state) == [.dropped(.age), .standing(.missing)])
        let near = SlotNote.near(.age, keeper: "alpha")
        #expect(lines(report([], note: near), "alpha").map(\.state) == [.standing(.missing), .standing(.missing)])
    }

    private func refusal(_ names: [String], on node: String? = nil, _ slots: [ReplicationSlot]) -> SlotDropRefusal? {
        guard case .failure(let refusal) = report(slots).planDrop(names, on: node) else { return nil }
        return refusal
    }

    @Test func onlyWhatNobodyUsesIsDropped() throws {
        let slots = [
            slot("pg_beta"), slot("pg_gamma", isActive: true), slot("pg"), slot("pg_old"), slot("bar"),
            slot("cdc", isPhysical: false),
        ]
        #expect(refusal(["pg_gamma"], slots) == .inUse("pg_gamma", node: "alpha"))
        #expect(refusal(["bar"], slots) == .foreign("bar", node: "alpha"))
        #expect(refusal(["cdc"], slots) == .logical("cdc", node: "alpha"))
        #expect(refusal(["pg_old", "nobody"], slots) == .unknown("nobody", unseen: ["beta"]))
        #expect(refusal(["pg_alpha"], slots) == .remade("pg_alpha", node: "gamma"))
        #expect(refusal(["pg_old"], on: "gamma", slots) == .unknown("pg_old", unseen: []))
        #expect(refusal([], [slot("pg", isActive: true)]) == .noneLeft(unseen: ["beta"]))
        #expect(report([], base: nil).planDrop([], on: nil) == .failure(.notConfigured))
        let former = try report(slots).planDrop([], on: nil).get()
        #expect(former.targets.map(\.slot.name) == ["pg"])
        #expect(former.owners.isEmpty)
        let member = try report(slots).planDrop(["pg_beta", "pg_old"], on: nil).get()
        #expect(member.targets.map { "\($0.node) \($0.slot.name)" } == ["alpha pg_beta", "alpha pg_old"])
        #expect(member.owners == ["beta"])
        for refusal in [
            SlotDropRefusal.notConfigured, .noneLeft(unseen: ["a"]), .unknown("x", unseen: []), .inUse("x", node: "a"),
            .logical("x", node: "a"), .foreign("x", node: "a"), .remade("x", node: "a"),
        ] { #expect(!refusal.text.isEmpty) }
    }
}
