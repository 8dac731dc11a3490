import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// `pgrex-tool archive clean` on a real archive: what it asks, what it refuses, what goes.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct ArchiveCleaningOfServersTests {
    /// What the command said, in its form for programs.
    private struct Answer: Decodable {
        struct File: Decodable { let name: String }
        struct Claim: Decodable {
            let who: String
            let lsn: String
        }
        let outcome: String?
        let refused: String?
        let archive: String?
        let firstKept: String?
        let neededBy: String?
        let claims: [Claim]?
        let files: [File]?
        let doneBytes: UInt64?
        let movedTo: String?

        var names: [String] { (files ?? []).map(\.name) }
    }

    /// Runs the command on the primary's machine, whose cluster has these other nodes.
    private func clean(
        _ archive: TestArchive,
        peers: [String] = [],
        _ words: String...
    ) throws -> (code: Int32?, answer: Answer) {
        let commands = archive.primary.folder + "/bin"
        try FileManager.default.createDirectory(atPath: commands, withIntermediateDirectories: true)
        try replaceFile(commands + "/cib.xml", with: Array(try cib(archive, peers: peers).utf8))
        try replaceFile(
            commands + "/cibadmin",
            with: Array("#!/bin/sh\nexec cat \(commands)/cib.xml\n".utf8),
            mode: 0o755
        )
        var call = AgentCall()
        call.parameters = [:]
        call.meta = [:]
        call.environment = ["PATH": commands + ":/usr/sbin:/usr/bin:/sbin:/bin", "HOME": archive.primary.folder]
        call.program = AgentBinary.folder + "/pgrex-tool"
        let answer = call.run(["archive", "clean", "--json"] + words)
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return (answer.code, try decoder.decode(Answer.self, from: Data(answer.output.utf8)))
        } catch {
            throw TestFailure("\(answer)")
        }
    }

    /// A configuration in which the primary is this machine.
    private func cib(_ archive: TestArchive, peers: [String]) throws -> String {
        let nodes = [machineName()] + peers
        let values = archive.primary.call([
            "rep_mode": "async", "node_list": nodes.joined(separator: " "), "repuser": "postgres", "pgdb": "postgres",
            "pghost": archive.primary.address, "master_ip": archive.primary.address,
        ]).parameters
        let attributes = values.map { "<nvpair id=\"a-\($0.key)\" name=\"\($0.key)\" value=\"\($0.value)\"/>" }
        let members = nodes.enumerated().map { "<node id=\"\($0.offset + 1)\" uname=\"\($0.element)\"/>" }
        let states = nodes.enumerated().map {
            "<node_state id=\"\($0.offset + 1)\" uname=\"\($0.element)\" in_ccm=\"true\" crmd=\"online\" join=\"member\" "
                + "expected=\"member\"/>"
        }
        return """
            <cib validate-with="pacemaker-3.5" epoch="8" num_updates="4" admin_epoch="0" have-quorum="1" dc-uuid="1">
            <configuration><crm_config/><nodes>\(members.joined())</nodes><resources>
            <clone id="pg-clone"><meta_attributes id="m"><nvpair id="m-p" name="promotable" value="true"/></meta_attributes>
            <primitive id="pg" class="ocf" provider="heartbeat" type="pgsql-swift">
            <instance_attributes id="pg-a">\(attributes.joined())</instance_attributes></primitive></clone>
            </resources><constraints/></configuration><status>\(states.joined())</status></cib>
            """
    }

    private func segment(_ archive: TestArchive, _ statement: String) throws -> String {
        guard let name = archive.primary.value("SELECT pg_walfile_name((\(statement))::pg_lsn)") else {
            throw TestFailure("no answer to \(statement)")
        }
        return name
    }

    private func names(_ archive: TestArchive) throws -> [String] {
        try listDirectory(archive.directory).filter { $0.utf8.count == 24 }
    }

    @Test func removesWhatNobodyNeeds() throws {
        try withArchive { archive in
            try archive.write(segments: 5)
            let redo = try segment(archive, "SELECT redo_lsn FROM pg_control_checkpoint()")
            let before = try names(archive)
            // The newest stays, whatever nobody needs.
            let unneeded = before.dropLast().filter { $0 < redo }
            let (code, plan) = try clean(archive)
            #expect(code == 0 && plan.outcome == "planned" && plan.archive == archive.directory)
            #expect(plan.names == unneeded, "\(before)")
            #expect(unneeded.count >= 3)
            #expect(try names(archive) == before)
            let (moving, moved) = try clean(archive, "-m")
            #expect(moving == 0 && moved.outcome == "moved" && moved.doneBytes == UInt64(unneeded.count) << 20)
            #expect(try names(archive) == before.filter { !unneeded.contains($0) })
            let target = try #require(moved.movedTo)
            #expect(parentDirectory(target) == archive.directory)
            #expect(try listDirectory(target) == unneeded)
            try archive.write(segments: 2)
            let (removing, removed) = try clean(archive, "-r", "--archive", archive.directory)
            #expect(removing == 0 && removed.outcome == "removed" && !removed.names.isEmpty)
            #expect(try Set(names(archive)).isDisjoint(with: removed.names))
            #expect(try clean(archive, "-r").answer.names == [])
        }
    }

    /// Slots and a declared backup each keep what they need; one that can't be read keeps all.
    @Test func slotsAndBackupsCount() throws {
        try withArchive { archive in
            try archive.primary.query("SELECT pg_create_physical_replication_slot('kept', true)")
            let slot = try segment(archive, "SELECT restart_lsn FROM pg_replication_slots")
            let start = try #require(archive.primary.value("SELECT restart_lsn FROM pg_replication_slots"))
            try archive.write(segments: 4)
            let kept = try clean(archive).answer
            #expect(kept.neededBy == "slot kept on \(machineName())" && kept.firstKept == slot)
            try archive.primary.query("SELECT pg_drop_replication_slot('kept')")
            #expect(try clean(archive).answer.names.contains(slot))
            let backup = archive.primary.folder + "/backup"
            try FileManager.default.createDirectory(atPath: backup, withIntermediateDirectories: true)
            let label = "START WAL LOCATION: \(start) (file \(slot))\n"
            try replaceFile(backup + "/backup_label", with: Array(label.utf8))
            let declared = try clean(archive, "--backup", backup).answer
            #expect(declared.neededBy == "backup \(backup)" && declared.firstKept == slot)
            let (code, none) = try clean(archive, "-r", "--backup", backup + "/nothing")
            #expect(code == 2)
            #expect(none.refused?.contains("neither a backup_label nor a backup_manifest") ?? false)
        }
    }

    /// A backup under way doesn't tell where it began: nothing goes until it has ended.
    @Test func runningBackupKeepsAll() throws {
        try withArchive { archive in
            try archive.write(segments: 2)
            let words = [
                "-h", archive.primary.address, "-p", String(archive.primary.port), "-U", "postgres", "-D",
                archive.primary.folder + "/copy", "-r", "32k", "-c", "fast", "-X", "none",
            ]
            try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", words[7]], as: nil)
            let backup = start(Command(PostgreSQL.programs + "/pg_basebackup", words, as: PostgreSQL.account))
            try waitFor("a base backup runs") {
                archive.primary.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'backup'") == "1"
            }
            let (code, answer) = try clean(archive, "-r")
            _ = backup.finish(by: .after(milliseconds: 1))
            #expect(code == 2 && answer.refused?.contains("a base backup that is being made") ?? false)
        }
    }

    /// A node that doesn't answer may need anything, until a person says that it doesn't count.
    @Test func absentNodeKeepsAll() throws {
        try withArchive { archive in
            try archive.write(segments: 3)
            let before = try names(archive)
            let peer = "127.0.1.99"
            let (code, answer) = try clean(archive, peers: [peer], "-r")
            let reason = answer.refused ?? ""
            #expect(code == 2 && reason.contains("node \(peer)") && reason.contains("--without \(peer)"), "\(reason)")
            #expect(try names(archive) == before)
            #expect(try !clean(archive, peers: [peer], "--without", peer).answer.names.isEmpty)
            let (unknown, wrong) = try clean(archive, peers: [peer], "--without", "nobody")
            #expect(unknown == 2 && wrong.refused?.contains("no node \"nobody\"") ?? false)
        }
    }

    /// A standby's own recovery counts.
    @Test func peersRecoveryCounts() throws {
        try withArchive { archive in
            try archive.node.write("", to: "standby.signal")
            try archive.node.append("primary_conninfo = 'host=127.0.1.1 port=\(archive.primary.port) user=postgres'\n")
            try archive.node.startByHand()
            defer { endServers(archive.node.data) }
            try archive.write(segments: 3)
            let redo = archive.node.value("SELECT redo_lsn FROM pg_control_checkpoint()")
            let (code, answer) = try clean(archive, peers: [archive.node.address])
            #expect(code == 0)
            #expect((answer.claims ?? []).contains { $0.who == "node \(archive.node.address)" && $0.lsn == redo })
        }
    }

    @Test func otherDirectoriesAreRefused() throws {
        try withArchive { archive in
            for (path, words) in [
                (archive.primary.data + "/pg_wal", "no archive"), (archive.directory + "/nowhere", "no directory"),
            ] {
                let (code, answer) = try clean(archive, "-r", "--archive", path)
                #expect(code == 2 && answer.refused?.contains(words) ?? false)
            }
        }
    }
}
