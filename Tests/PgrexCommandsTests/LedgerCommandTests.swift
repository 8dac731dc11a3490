import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// The built `pgrex-tool ledger` on a ledger of two entries; the cluster is a file that tells where that is.
@Suite struct LedgerCommandTests {
    private func withLedger(_ body: (AgentFolder) throws -> Void) throws {
        let folder = try AgentFolder("ledger")
        defer { folder.remove() }
        try FileManager.default.createDirectory(atPath: folder.path + "/bin", withIntermediateDirectories: true)
        let cib = """
            <cib validate-with="pacemaker-3.5" admin_epoch="0" epoch="1" num_updates="1"><configuration><crm_config/>
            <nodes><node id="1" uname="pg1"/></nodes><resources><primitive id="pgsql" class="ocf" provider="heartbeat"
            type="pgsql-swift"><instance_attributes id="i"><nvpair id="t" name="tmpdir" value="\(folder.path)/own"/>
            </instance_attributes></primitive></resources><constraints/></configuration><status/></cib>
            """
        let script = "#!/bin/sh\ncat <<'END'\n\(cib)\nEND\n"
        try write(script, to: folder.path + "/bin/cibadmin")
        chmod(folder.path + "/bin/cibadmin", 0o755)
        try body(folder)
    }

    private func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func make(_ id: String, time: String, in folder: AgentFolder) throws {
        let path = "\(folder.path)/own/ledger/\(id)"
        try FileManager.default.createDirectory(atPath: path + "/wal", withIntermediateDirectories: true)
        let timeline = try #require(TimelineID(1))
        var entry = LedgerEntry(
            id: id,
            node: "pg1",
            resource: "pgsql",
            systemIdentifier: 7,
            fork: WALPosition(timeline: timeline, lsn: LSN(bytes: 100)),
            lastRecord: WALPosition(timeline: timeline, lsn: LSN(bytes: 200)),
            primary: "pg2",
            primaryTimeline: timeline,
            why: "rewind",
            time: time,
            readFrom: LSN(bytes: 0)
        )
        (entry.counts.commits, entry.counts.inserted, entry.counts.listed) = (2, 3, 1)
        entry.names = "by the catalog of pg2"
        var change = RelationChange(file: try #require(RelationFile("1663/5/16384")))
        change.inserted = 3
        change.places = ["+0,7"]
        var relation = LedgerRelation(change: change, database: "shop")
        relation.name = "public.orders"
        let commit = LedgerCommit(
            .committed,
            transaction: 729,
            time: "2026-11-30 06:14:59.4 UTC",
            lsn: LSN(bytes: 150),
            changes: [change]
        )
        try write(entry.text, to: path + "/entry")
        try write(commit.text + "\n", to: path + "/commits")
        try write(relation.text + "\n", to: path + "/relations")
        try write("", to: path + "/files")
    }

    private func run(_ folder: AgentFolder, _ words: String...) -> (code: CommandEnd, output: String, errors: String) {
        let environment: [String: String?] = ["PATH": folder.path + "/bin:/usr/bin:/bin", "SUDO_USER": "kim"]
        let command = Command(AgentBinary.folder + "/pgrex-tool", ["ledger"] + words, environment: environment)
        let result = RAKit.run(command, by: .after(milliseconds: 30_000))
        return (
            result.end, String(decoding: result.output, as: UTF8.self), String(decoding: result.errors, as: UTF8.self)
        )
    }

    @Test func anEmptyLedgerIsOneSentence() throws {
        try withLedger { folder in
            let answer = run(folder, "list")
            #expect(answer.code == .exited(0), "\(answer)")
            #expect(answer.output == "Nothing was ever taken from this node's data.\n")
            #expect(run(folder, "list", "--json").output.contains("\"entries\": []"))
            let show = run(folder, "show", "latest")
            #expect(show.code == .exited(2) && show.errors == "pgrex-tool: the ledger of this node has no entry\n")
        }
    }

    @Test func entriesAreListedAndShown() throws {
        try withLedger { folder in
            try make("20261130T061500Z-pg1", time: "2026-11-30T06:15:00Z", in: folder)
            try make("20261130T071500Z-pg1", time: "2026-11-30T07:15:00Z", in: folder)
            let list = run(folder).output
            let expected = """
                ID                    FORK    PRIMARY  COMMITS  INSERTED  UPDATED  DELETED  WAL  STATE
                20261130T061500Z-pg1  1 0/64  pg2            2         3        0        0    0  open
                20261130T071500Z-pg1  1 0/64  pg2            2         3        0        0    0  open

                Next: pgrex-tool ledger show 20261130T071500Z-pg1

                """
            #expect(list == expected)
            let show = run(folder, "show", "latest").output
            #expect(show.hasPrefix("20261130T071500Z-pg1: 2 commits (3 rows inserted, 0 updated, 0 deleted) since"))
            #expect(
                show.contains(
                    "2026-11-30 06:14:59.4 UTC  xid 729  LSN 0/96\n    +3 ~0 -0  public.orders in shop  @ +0,7\n"
                )
            )
            #expect(show.contains("and 1 more, counted but not listed"))
            let json = Data(run(folder, "show", "20261130T061500Z-pg1", "--json").output.utf8)
            let read = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
            #expect((read["commits"] as? [Any])?.count == 1 && read["commits"] is [[String: Any]])
            let unknown = run(folder, "show", "nothing")
            #expect(unknown.code == .exited(2))
            #expect(
                unknown.errors.contains("no ledger entry \"nothing\" is on this node. HINT: 'pgrex-tool ledger list")
            )
        }
    }

    @Test func acknowledgedEntriesAreOutOfTheWay() throws {
        try withLedger { folder in
            try make("20261130T061500Z-pg1", time: "2026-11-30T06:15:00Z", in: folder)
            let wal = folder.path + "/own/ledger/20261130T061500Z-pg1/wal"
            let ack = run(folder, "ack", "latest", "--note", "entered again")
            #expect(ack.code == .exited(0) && ack.output.contains("its WAL stays in \(wal)"), "\(ack)")
            #expect(run(folder, "list").output.contains("(acknowledged: 1, see 'pgrex-tool ledger list --all')"))
            #expect(run(folder, "list", "--all").output.contains("acknowledged by kim@"))
            #expect(run(folder, "show", "latest").output.contains(": entered again"))
            let refused = run(folder, "ack", "latest", "--drop-wal")
            #expect(refused.code == .exited(2) && FileFacts(wal) != nil, "\(refused)")
            #expect(run(folder, "ack", "latest", "--drop-wal", "--yes").code == .exited(0))
            #expect(FileFacts(wal) == nil)
            let gone = run(folder, "export", "latest", folder.path + "/out")
            #expect(gone.code == .exited(0) && gone.output.contains("without WAL, which was dropped"), "\(gone)")
        }
    }

    @Test func anExportOverwritesNothing() throws {
        try withLedger { folder in
            try make("20261130T061500Z-pg1", time: "2026-11-30T06:15:00Z", in: folder)
            let target = folder.path + "/out"
            #expect(run(folder, "export", "latest", target).code == .exited(0))
            let again = run(folder, "export", "latest", target, "--json")
            #expect(again.code == .exited(2) && again.output.contains("isn't an empty directory"), "\(again)")
        }
    }

    @Test func whereThereIsNoClusterItSaysSo() throws {
        let folder = try AgentFolder("ledger")
        defer { folder.remove() }
        let answer = run(folder, "list", "--resource", "nothing")
        #expect(answer.code == .exited(4) && answer.errors.contains("HINT:"), "\(answer)")
    }
}
