import RACore
import Testing

@testable import PgrexCommands

@Suite struct SlotsScreenTests {
    private func line(_ name: String, _ kind: SlotKind, _ state: SlotLineState, retained: UInt64? = nil) -> SlotLine {
        SlotLine(
            name: name,
            kind: kind,
            isActive: state == .inUse,
            restartLSN: retained == nil ? nil : LSN("0/3000000"),
            retained: retained,
            keeps: retained ?? 0,
            unusedSeconds: state == .inUse || retained == nil ? nil : 7260,
            limit: retained.map { _ in 1 << 30 },
            state: state
        )
    }

    private var report: SlotReport {
        SlotReport(
            resource: "pgsql",
            base: "pg",
            limits: SlotLimits(share: 50, bytes: 20 << 30, age: 604_800),
            nodes: [
                NodeSlots(
                    node: "alpha",
                    isLocal: true,
                    role: .known(.primary),
                    space: .known(WALSpace(free: 1 << 31, rate: 1 << 20)),
                    serverLimits: ["max_slot_wal_keep_size=10GB"],
                    slots: .known([
                        line("pg_beta", .member("beta"), .inUse, retained: 0),
                        line("pg_gamma", .member("gamma"), .standing(.near(.space)), retained: 1 << 29),
                        line("pg_delta", .member("delta"), .dropped(.space)),
                        line("pg", .former, .standing(.kept), retained: 1 << 20),
                        line("pg_old", .left, .standing(.kept), retained: 1 << 20),
                    ])
                ),
                NodeSlots(
                    node: "beta",
                    isLocal: false,
                    role: .unknown(why: "beta is asleep"),
                    space: .unknown(why: "beta's agent doesn't tell"),
                    serverLimits: [],
                    slots: .unknown(why: "beta is asleep")
                ),
            ]
        )
    }

    @Test func showsWhoKeepsWhatForWhom() {
        let expected = """
            pgsql: slots pg_NODE, now
            given up at: 50% of the room for WAL, 20GB, 7d of disuse; on alpha also max_slot_wal_keep_size=10GB

            NODE    ROLE     FREE   FULL IN  SLOT      FOR                STATE                                 KEEPS FROM  RETAINED  UP TO    UNUSED
            alpha*  primary  2GB  34min 8s  pg_beta   beta               in use                                 0/3000000         0    1GB
                                            pg_gamma  gamma              near its limit (slot_keep_max_share)   0/3000000     512MB    1GB  2h 1min
                                            pg_delta  delta              dropped (slot_keep_max_share)
                                            pg        (heartbeat/pgsql)  kept                                   0/3000000       1MB    1GB  2h 1min
                                            pg_old    (no node)          kept                                   0/3000000       1MB    1GB  2h 1min
            beta    -(1)   -(2)            -(1)

            (1) beta is asleep
            (2) beta's agent doesn't tell

            delta needs a rewind or a copy, unless an archive has the WAL. Next, on delta: pgrex-tool rejoin
            pg on alpha is what heartbeat/pgsql left, and keeps WAL for ever. Next: pgrex-tool slots drop
            pg_old on alpha is named like a node's, but node_list has no such other node. If nothing of yours uses it: pgrex-tool slots drop pg_old --node alpha

            """
        #expect(squeezed(renderSlots(report, takenAt: "now", style: .plain)) == squeezed(expected))
    }

    /// Widths are the table's own business.
    private func squeezed(_ text: String) -> [[Substring]] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.split(separator: " ") }
    }

    @Test func programsGetEverything() {
        let text = slotsJSON(report).text(isIndented: false)
        for part in [
            #""limits":{"share_percent":50,"bytes":21474836480,"age_seconds":604800}"#, #""seconds_until_full":2048"#,
            #""state":"near_limit","why":"slot_keep_max_share""#, #""slots":null"#,
            #""unknown":{"role":"beta is asleep""#,
            #""kind":"former","owner":null"#, #""server_limits":["max_slot_wal_keep_size=10GB"]"#,
        ] { #expect(text.contains(part), "\(part) in \(text)") }
    }

    @Test func nothingConfiguredIsSaid() {
        let none = SlotReport(resource: "pgsql", base: nil, limits: SlotLimits(), nodes: [])
        #expect(renderSlots(none, takenAt: "now", style: .plain).contains("replication_slot_name isn't set"))
    }

    @Test func whatBecameOfADropIsTold() {
        let targets = ["pg_old", "pg_older", "pg_oldest"].map { name in
            SlotDropPlan.Target(node: "alpha", slot: line(name, .left, .standing(.kept), retained: 1))
        }
        let plan = SlotDropPlan(targets: targets, unseen: ["beta"])
        let text = dropJSON(plan, (1, "it is in use")).text(isIndented: false)
        for part in [
            #""outcome":"dropped","why":null"#, #""outcome":"failed","why":"it is in use""#,
            #""outcome":"not_tried","why":null"#, #""unseen":["beta"]"#,
        ] { #expect(text.contains(part), "\(part) in \(text)") }
        #expect(text.hasPrefix(#"{"outcome":"failed""#))
        #expect(dropJSON(plan, (3, nil)).text(isIndented: false).hasPrefix(#"{"outcome":"dropped""#))
        #expect(explanation(plan).contains("not seen: the slots on beta"))
    }

    @Test(
        arguments: [
            (0, "0s"), (59, "59s"), (60, "1min"), (7260, "2h 1min"), (86_400, "1d"), (90_061, "1d 1h"), (86_460, "1d"),
            (1 << 40, "> 1y"),
        ] as [(UInt64, String)]
    )
    func durations(_ seconds: UInt64, _ text: String) { #expect(durationText(seconds) == text) }
}
