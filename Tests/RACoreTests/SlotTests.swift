import RACore
import Testing

/// What is done about replication slots.
@Suite struct SlotTests {
    private static let mega: UInt64 = 1 << 20
    private let limits = SlotLimits(share: 50, bytes: 0, age: 0)

    private func slot(_ megabytes: UInt64, isActive: Bool = false, restart: LSN = LSN(bytes: 100 << 20))
        -> ReplicationSlot
    {
        ReplicationSlot(
            name: "pg_b",
            isActive: isActive,
            restartLSN: restart,
            retained: megabytes * Self.mega,
            status: "extended"
        )
    }

    /// As if all of it were there for this slot alone.
    private func assess(_ slot: ReplicationSlot?, _ space: WALSpace, _ limits: SlotLimits, unused: UInt64 = 0)
        -> SlotStanding
    {
        let use = SlotUse(keeps: slot?.retained ?? 0, isInUse: slot?.isActive ?? false, unusedSeconds: unused)
        return assessSlot(slot, use, space: space, limits: limits)
    }

    private func space(free: UInt64, rate: UInt64 = 0, horizon: UInt64 = 0) -> WALSpace {
        WALSpace(free: free * Self.mega, rate: rate * Self.mega, horizon: horizon)
    }

    @Test(
        arguments: [
            // Free and kept are 1000 MB together, and half of them are the limit.
            (249, 751, SlotStanding.kept), (250, 750, .near(.space)), (499, 501, .near(.space)),
            (500, 500, .over(.space)),
            (900, 100, .over(.space)),
        ] as [(UInt64, UInt64, SlotStanding)]
    )
    func theShareOfTheSpace(_ kept: UInt64, _ free: UInt64, _ standing: SlotStanding) {
        #expect(assess(slot(kept), space(free: free), limits) == standing)
    }

    /// What is about to be written may fill the room, though not take a share of it: a burst isn't a pace.
    @Test func whatIsAboutToBeWrittenCounts() {
        #expect(assess(slot(100), space(free: 900, rate: 80, horizon: 10), limits) == .over(.space))
        #expect(assess(slot(100), space(free: 900, rate: 79, horizon: 10), limits) == .kept)
        #expect(assess(slot(100), space(free: 900), limits) == .kept)
    }

    @Test func aSlotInUseMayKeepMore() {
        let active = slot(800, isActive: true)
        #expect(assess(active, space(free: 200), limits) == .near(.space))
        let most = slot(900, isActive: true)
        #expect(assess(most, space(free: 100), limits) == .over(.space))
        let busy = space(free: 200, rate: 100, horizon: 100)
        #expect(assess(slot(1, isActive: true), busy, limits) == .kept)
        let others = SlotLimits(share: 0, bytes: 1, age: 1)
        #expect(assess(most, space(free: 100), others, unused: 9) == .kept)
        // A checkpoint's WAL comes and goes: for so little nobody is ended on a disk that others have filled.
        var full = WALSpace(free: 0, cycle: 1000 * Self.mega)
        #expect(assess(slot(999, isActive: true), full, limits) == .kept)
        #expect(assess(slot(1000, isActive: true), full, limits) == .over(.space))
        full.cycle = 0
        for isInUse in [true, false] {
            let nothing = SlotUse(keeps: 0, isInUse: isInUse)
            #expect(
                assessSlot(slot(900, isActive: isInUse), nothing, space: full, limits: limits) == .kept,
                "it frees nothing"
            )
        }
    }

    /// What its own recovery needs is there whether a slot keeps it or not, whatever the limit.
    @Test func onlyWhatIsThereForTheSlotCounts() {
        let tight = SlotLimits(share: 1, bytes: 1)
        #expect(assessSlot(slot(900), SlotUse(keeps: 0), space: space(free: 1), limits: tight) == .kept)
        let seen = SlotObservation(isInRecovery: true, lsn: LSN(bytes: 900 << 20), redo: LSN(bytes: 119 << 20))
        #expect(seen.keeps(slot(800)) == 16 << 20)
        #expect(seen.keeps(slot(800, restart: LSN(bytes: 112 << 20))) == 0)
        #expect(seen.keeps(nil) == 0)
    }

    @Test func aWarningStaysUntilThereIsRoom() {
        let reached = SlotUse(keeps: 450 * Self.mega / 2)
        let wide = space(free: 1000 - 225)
        #expect(assessSlot(slot(225), reached, space: wide, limits: limits) == .kept)
        var warned = reached
        warned.wasNear = true
        #expect(assessSlot(slot(225), warned, space: wide, limits: limits) == .near(.space))
        warned.keeps = 199 * Self.mega
        #expect(assessSlot(slot(199), warned, space: space(free: 801), limits: limits) == .kept)
    }

    @Test func bytesAndAge() {
        let limits = SlotLimits(share: 50, bytes: 200 * Self.mega, age: 100)
        let wide = space(free: 100_000)
        #expect(assess(slot(99), wide, limits, unused: 49) == .kept)
        #expect(assess(slot(100), wide, limits) == .near(.bytes))
        #expect(assess(slot(200), wide, limits, unused: 60) == .over(.bytes))
        #expect(assess(slot(0), wide, limits, unused: 50) == .near(.age))
        #expect(assess(slot(0), wide, limits, unused: 100) == .over(.age))
        let none = SlotLimits()
        #expect(assess(slot(999), space(free: 1), none, unused: 1 << 40) == .kept)
        #expect(assess(slot(999), WALSpace(free: nil), limits) == .over(.bytes))
    }

    @Test func whatCantBeUsed() {
        let wide = space(free: 1000)
        #expect(assess(nil, wide, limits) == .missing)
        let bare = ReplicationSlot(name: "pg_b", retained: nil)
        #expect(assess(bare, wide, limits) == .unreserved)
        let lost = ReplicationSlot(name: "pg_b", retained: nil, status: "lost")
        #expect(assess(lost, wide, limits) == .lost)
        let idle = ReplicationSlot(name: "pg_b", retained: 5, status: "reserved", invalidation: "idle_timeout")
        #expect(assess(idle, wide, limits) == .lost)
    }

    @Test func nobodyWhoIsAwayGetsADroppedSlotAgain() {
        #expect(decidePrimarySlot(.missing, .away, wasDropped: true) == .leave)
        #expect(decidePrimarySlot(.missing, .away, wasDropped: false) == .create)
        #expect(decidePrimarySlot(.missing, .up, wasDropped: true) == .create)
        #expect(decidePrimarySlot(.missing, .unknown, wasDropped: false) == .leave)
        #expect(decidePrimarySlot(.lost, .up, wasDropped: false) == .replace)
        #expect(decidePrimarySlot(.lost, .away, wasDropped: false) == .drop(.server))
        #expect(decidePrimarySlot(.unreserved, .away, wasDropped: true) == .replace)
        for presence in PeerPresence.allCases {
            #expect(decidePrimarySlot(.over(.age), presence, wasDropped: true) == .drop(.age))
            #expect(decidePrimarySlot(.near(.bytes), presence, wasDropped: false) == .warn(.bytes))
        }
    }

    private func forward(_ slot: ReplicationSlot?, _ standing: SlotStanding, _ claim: SlotClaim) -> SlotStep {
        decideStandbySlot(slot, standing, claim: claim, redo: LSN(bytes: 200 << 20), segmentSize: 16 << 20)
    }

    @Test func aStandbyKeepsWhatOthersNeedAndNoMore() {
        let slot = slot(0)
        #expect(forward(slot, .kept, .from(LSN(bytes: 160 << 20))) == .advance(to: LSN(bytes: 160 << 20)))
        #expect(forward(slot, .kept, .from(LSN(bytes: 111 << 20))) == .leave, "the same segment")
        #expect(forward(slot, .kept, .from(LSN(bytes: 50 << 20))) == .leave, "never back")
        // A rewind goes back to the last checkpoint that both have: not beyond this node's own.
        #expect(forward(slot, .kept, .from(LSN(bytes: 999 << 20))) == .advance(to: LSN(bytes: 200 << 20)))
        #expect(forward(slot, .kept, .unknown) == .leave)
        #expect(forward(slot, .kept, .nothing) == .release)
        #expect(forward(nil, .missing, .nothing) == .leave)
        #expect(forward(nil, .missing, .unknown) == .create)
        #expect(forward(slot, .over(.space), .unknown) == .replace)
        #expect(forward(slot, .over(.space), .from(LSN(bytes: 160 << 20))) == .advance(to: LSN(bytes: 160 << 20)))
        #expect(forward(slot, .near(.space), .unknown) == .warn(.space))
        #expect(forward(slot, .lost, .unknown) == .replace)
        let active = self.slot(0, isActive: true)
        #expect(forward(active, .kept, .from(LSN(bytes: 160 << 20))) == .leave, "somebody reads from it")
    }

    private func note(_ former: SlotNote?, _ slot: ReplicationSlot?, _ step: SlotStep) -> SlotNote?? {
        decideSlotNote(former, slot: slot, step: step, keeper: "a", time: "now")
    }

    @Test func theNoteTellsOfALoss() {
        let dropped = DroppedSlot(limit: .space, keeper: "a", lsn: LSN(bytes: 100 << 20), time: "now")
        #expect(note(nil, slot(1), .drop(.space)) == .some(.dropped(dropped)))
        #expect(note(.dropped(dropped), slot(1), .drop(.space)) == nil, "it is told already")
        #expect(note(.dropped(dropped), nil, .leave) == nil)
        // Made anew while it is on its way back: that is no proof yet that it has all.
        let later = slot(0, restart: LSN(bytes: 300 << 20))
        #expect(note(.dropped(dropped), later, .leave) == nil)
        #expect(note(.dropped(dropped), later, .warn(.bytes)) == nil)
        #expect(note(.dropped(dropped), slot(0, isActive: true), .leave) == .some(nil))
        // The new primary's own slot reaches as far back.
        #expect(note(.dropped(dropped), slot(0), .leave) == .some(nil))
        #expect(note(nil, slot(1), .warn(.age)) == .some(.near(.age, keeper: "a")))
        #expect(note(.near(.age, keeper: "a"), slot(1), .warn(.age)) == nil)
        #expect(note(.near(.age, keeper: "b"), slot(1), .warn(.age)) == .some(.near(.age, keeper: "a")))
        #expect(note(.near(.age, keeper: "a"), slot(1), .leave) == .some(nil))
        #expect(note(nil, slot(1), .leave) == nil)
        let lost = ReplicationSlot(name: "pg_b", retained: nil, status: "lost")
        let byServer = DroppedSlot(limit: .server, keeper: "a", lsn: nil, time: "now")
        #expect(note(nil, lost, .replace) == .some(.dropped(byServer)))
        #expect(note(nil, ReplicationSlot(name: "pg_b", retained: nil), .replace) == nil)
    }

    @Test func onlyWhatTheAgentMadeIsDropped() {
        let slots = [
            ReplicationSlot(name: "pg_gone", retained: 1),
            ReplicationSlot(name: "pg_used", isActive: true, retained: 1),
            ReplicationSlot(name: "pg_foreign", retained: 1), ReplicationSlot(name: "pg_b", retained: 1),
            ReplicationSlot(name: "pg_logical", isPhysical: false, retained: 1),
        ]
        let made = ["pg_gone", "pg_used", "pg_b", "pg_logical"]
        #expect(leftSlots(slots, made: made, peers: ["pg_b"], own: "pg_a").map(\.name) == ["pg_gone"])
        #expect(leftSlots(slots, made: [], peers: [], own: "pg_b").map(\.name) == ["pg_b"])
    }

    @Test func textsAreReadBack() {
        for limit in SlotLimit.allCases {
            let near = SlotNote.near(limit, keeper: "a")
            #expect(SlotNote(near.text) == near)
            for lsn in [nil, LSN("1/2A")] {
                let dropped = SlotNote.dropped(
                    DroppedSlot(limit: limit, keeper: "a", lsn: lsn, time: "2026-11-21T18:00:00Z")
                )
                #expect(SlotNote(dropped.text) == dropped)
            }
        }
        #expect(SlotNote("") == nil)
        #expect(SlotNote("near=moon keeper=a") == nil)
        let wal = PublishedWAL(
            time: 7,
            free: 12,
            rate: 3,
            kept: [
                KeptSlot(name: "pg_b", lsn: LSN("0/3000000")), KeptSlot(name: "pg_c", lsn: nil),
                KeptSlot(name: "pg_d", lsn: LSN("1/0"), unusedSince: 1_795_276_800),
            ]
        )
        #expect(PublishedWAL(wal.text) == wal)
        #expect(
            PublishedWAL(PublishedWAL(time: 7, free: nil, rate: 0).text) == PublishedWAL(time: 7, free: nil, rate: 0)
        )
        #expect(PublishedWAL("time=7 free=12") == nil)
    }

    @Test func quantities() {
        #expect(QuantityKind.size.read("20GB") == 20 << 30)
        #expect(QuantityKind.size.read("512 kb") == 512 << 10)
        #expect(QuantityKind.size.read("77") == 77)
        #expect(QuantityKind.duration.read("7d") == 604_800)
        #expect(QuantityKind.duration.read("90min") == 5400)
        for text in ["", "GB", "-1", "1.5GB", "7 days", "9999999999999TB", "5x"] {
            #expect(QuantityKind.size.read(text) == nil, "\(text)")
        }
    }
}
