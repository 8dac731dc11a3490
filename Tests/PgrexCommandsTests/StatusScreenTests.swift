import ArgumentParser
import RACore
import Testing

@testable import PgrexCommands

@Suite struct StatusScreenTests {
    private let timeline = TimelineID(3).unsafelyUnwrapped

    private func node(_ name: String, lsn: UInt64 = 0x16_B374_D848, behind: UInt64 = 0) -> NodeStatus {
        NodeStatus(
            name: name,
            membership: .known(.online),
            recordedRole: .unpromoted,
            role: .known(.standby),
            activity: .known(.streaming),
            synchronousState: .known("potential"),
            timeline: .known(timeline),
            receivedLSN: .known(LSN(bytes: lsn)),
            replayedLSN: .known(LSN(bytes: lsn)),
            receivedLag: .known(behind),
            replayedLag: .known(behind),
            retainedWAL: .known(1 << 30),
            pendingRestart: .known(0),
            promotionScore: .known(.never)
        )
    }

    private func primary(_ name: String) -> NodeStatus {
        NodeStatus(
            name: name,
            isLocal: true,
            membership: .known(.online),
            recordedRole: .promoted,
            role: .known(.primary),
            activity: .known(.running),
            timeline: .known(timeline),
            receivedLSN: .known(LSN(bytes: 0x16_B374_D848)),
            pendingRestart: .known(0),
            promotionScore: .known(.primary)
        )
    }

    private func status(_ nodes: [NodeStatus]) -> ClusterStatus {
        ClusterStatus(
            resource: "pgsql",
            mode: .sync,
            clusterName: "tokyo",
            hasQuorum: .known(true),
            fencing: .known(.on),
            isInMaintenance: .known(false),
            nodes: nodes
        )
    }

    private func snapshot(_ status: ClusterStatus) -> StatusSnapshot {
        StatusSnapshot(takenAt: "2026-11-21 06:03:20 +0900", status: status)
    }

    @Test func tellsOfSlots() {
        var beta = node("beta")
        beta.slotNote = .near(.space, keeper: "alpha")
        let shown = snapshot(status([primary("alpha"), beta]))
        #expect(
            renderStatus(shown, style: .plain).contains("alpha keeps WAL for beta, and half of the limit is reached")
        )
        #expect(statusJSON(shown).text(isIndented: false).contains(#""slot_note":"alpha keeps WAL for beta"#))
    }

    @Test func tellsOfLostCommits() {
        var status = status([primary("alpha"), node("beta")])
        #expect(!renderStatus(snapshot(status), style: .plain).contains("ledger"))
        status.openLedgerEntries = .known(1)
        let screen = renderStatus(snapshot(status), style: .plain)
        #expect(screen.contains("\n\n1 ledger entry of this node isn't acknowledged: 'pgrex-tool ledger list'\n\n"))
        #expect(statusJSON(snapshot(status)).text(isIndented: false).contains(#""open_ledger_entries":1,"#))
        status.openLedgerEntries = .unknown(why: "no permission")
        #expect(statusJSON(snapshot(status)).text(isIndented: false).contains(#""open_ledger_entries":null,"#))
        #expect(renderStatus(snapshot(status), style: .plain).contains("isn't known: no permission"))
    }

    @Test func showsAHealthyCluster() {
        var sync = node("beta")
        sync.synchronousState = .known("sync")
        sync.promotionScore = .known(.candidate)
        let screen = renderStatus(
            snapshot(status([primary("alpha"), sync, node("gamma", behind: 1300)])),
            style: .plain
        )
        let expected = """
            pgsql (rep_mode sync) in cluster tokyo, 2026-11-21 06:03:20 +0900
            quorum: yes   fencing: on   maintenance mode: off

            NODE    ROLE     SYNC       STATE      TL     RECEIVED   LAG     REPLAYED   LAG  SLOT  RESTART
            alpha*  primary             running     3  16/B374D848                                       0
            beta    standby  sync       streaming   3  16/B374D848     0  16/B374D848     0   1GB        0
            gamma   standby  potential  streaming   3  16/B374D848 1.2kB  16/B374D848 1.2kB   1GB        0

            HEALTHY: alpha is the primary, its standbys beta and gamma are in place; beta could take over without loss.

            """
        #expect(screen == expected)
    }

    @Test func explainsWhatItDoesntKnow() {
        var gone = node("beta")
        gone.membership = .unknown(why: "not connected")
        gone.role = .unknown(why: "beta: no answer")
        gone.activity = .unknown(why: "beta: no answer")
        gone.synchronousState = nil
        gone.timeline = .unknown(why: "beta: no answer")
        gone.receivedLSN = .unknown(why: "beta: no answer")
        gone.replayedLSN = nil
        gone.receivedLag = nil
        gone.replayedLag = nil
        gone.retainedWAL = .unknown(why: "no primary is known")
        gone.pendingRestart = .unknown(why: "beta: no answer")
        var stopped = primary("alpha")
        stopped.role = .known(.stopped)
        stopped.activity = .known(.stopped)
        stopped.pendingRestart = nil
        var status = status([stopped, gone])
        status.source = .savedConfiguration(why: "not connected", asOf: "Fri Nov 20 09:12:31 2026")
        status.hasQuorum = .unknown(why: "the cluster can't be asked on this node: not connected")
        status.fencing = .known(.off)
        let expected = """
            pgsql (rep_mode sync) in cluster tokyo, 2026-11-21 06:03:20 +0900
            quorum: -(1)   fencing: OFF   maintenance mode: off
            The cluster isn't running on this node: local facts only, settings as of Fri Nov 20 09:12:31 2026.

            NODE    ROLE     SYNC  STATE      TL     RECEIVED LAG  REPLAYED LAG  SLOT  RESTART
            alpha*  stopped        stopped     3  16/B374D848
            beta    -(2)           -(2)     -(2)         -(2)                    -(3)     -(2)

            (1) the cluster can't be asked on this node: not connected
            (2) beta: no answer
            (3) no primary is known

            CANNOT TELL: no primary is seen, and beta can't be judged. Next: crm cluster start, or pgrex-tool status \
            on a node where the cluster runs

            """
        #expect(renderStatus(snapshot(status), style: .plain) == expected)
    }

    @Test func marksAStrayPrimary() {
        var stray = primary("beta")
        stray.recordedRole = .unpromoted
        let screen = renderStatus(snapshot(status([primary("alpha"), stray])), style: .plain)
        #expect(screen.contains("STRAY PRIMARY"))
        #expect(screen.contains("UNPROTECTED: alpha and beta accept writes at once!"))
    }

    @Test func fitsAHundredColumns() {
        let far: UInt64 = 0xFFFF_B374_D848
        let nodes = ["alpha", "beta", "gamma"].map { node($0, lsn: far, behind: 1023 << 30) }
        let lines = renderStatus(snapshot(status(nodes)), style: .plain).split(separator: "\n")
        for line in lines.dropLast() { #expect(line.count <= 100, "\(line)") }
    }

    @Test func coloursDontShiftColumns() {
        let snapshot = snapshot(status([primary("alpha"), node("beta")]))
        let coloured = renderStatus(snapshot, style: Style(isColoured: true))
        #expect(coloured.contains("\u{1B}[32mstreaming\u{1B}[0m"))
        var bare = coloured
        for code in ["0", "2", "32", "33", "1;31"] { bare = bare.replacing("\u{1B}[\(code)m", with: "") }
        #expect(bare == renderStatus(snapshot, style: .plain))
    }

    private static let sizes: [(UInt64, String)] = [
        (0, "0"), (1, "1B"), (1023, "1023B"), (1024, "1kB"), (1536, "1.5kB"), (10240, "10kB"), (1_048_576, "1MB"),
        (16_777_216, "16MB"), (1_610_612_736, "1.5GB"), (1_099_511_627_776, "1TB"), (UInt64.max, "15EB"),
    ]

    @Test(arguments: sizes)
    func sizesAreShort(bytes: UInt64, text: String) {
        #expect(byteText(bytes) == text)
    }

    @Test func programsSeeWhatIsUnknownAndWhy() {
        var beta = node("beta")
        beta.timeline = .unknown(why: "beta: no answer")
        let text = statusJSON(snapshot(status([primary("alpha"), beta]))).text(isIndented: false)
        #expect(text.contains(#""timeline":null"#))
        #expect(text.contains(#""unknown":{"timeline":"beta: no answer"}"#))
        #expect(text.contains(#""received_lsn":"16/B374D848","received_lag_bytes":0"#))
        #expect(text.contains(#""verdict":{"level":"unprotected","exit_code":2,"#))
    }

    @Test func everyKeyIsInTheHelp() {
        let help = StatusCommand.helpMessage(columns: 200)
        #expect(keys(statusJSON(snapshot(status([primary("alpha")])))).allSatisfy { help.contains($0) })
        #expect(keys(statusJSON(failure: "x", takenAt: "y")).allSatisfy { help.contains($0) })
    }

    private func keys(_ value: JSONValue) -> [String] {
        switch value {
        case .null, .bool, .integer, .unsigned, .string: []
        case .array(let values): values.flatMap(keys)
        case .object(let members): members.flatMap { [$0.key] + keys($0.value) }
        }
    }

    @Test func redrawingLeavesNothingOfTheScreenBefore() {
        #expect(redrawn("a\nb\n") == "\u{1B}[Ha\u{1B}[K\nb\u{1B}[K\n\u{1B}[K\u{1B}[J")
    }

    @Test func watchTakesSecondsOrNothing() throws {
        #expect(try StatusCommand.parse([]).watch == nil)
        #expect(try StatusCommand.parse(["--watch"]).watch == 2)
        #expect(try StatusCommand.parse(["--watch", "5"]).watch == 5)
        #expect(try StatusCommand.parse(["--watch", "--json"]).watch == 2)
        #expect(throws: (any Error).self) { try StatusCommand.parse(["--watch", "0"]) }
    }
}
