import RACore
import RAKit
import RATestSupport
import Testing

/// What a rewind needs and keeps: roles, settings, the node's own configuration.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct RewindNeedsTests {
    private func needs(_ cluster: TestCluster) throws -> RewindPrerequisites {
        let context = try cluster.rejoinContext("n1", from: "n2", ProgressBook())
        return RewindPrerequisites.read(context, by: .after(milliseconds: 20_000))
    }

    private func run(_ cluster: TestCluster, _ book: ProgressBook) throws {
        let timeline = try #require(TimelineID(1))
        let step = try cluster.rewindStep(book)
        _ = try step.run(fork: WALPosition(timeline: timeline, lsn: LSN(bytes: 1)))
    }

    /// Its settings, who may connect, what is included; not the primary's, and no slot of before.
    @Test func ownConfigurationIsKept() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            let (own, other) = (cluster["n1"], cluster["n2"])
            for (instance, name) in [(own, "own"), (other, "other")] {
                let folder = instance.data + "/conf.d"
                try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-m", "700", folder])
                try instance.write("app.origin = '\(name)'\n", to: "conf.d/\(name).conf")
                try instance.append("include_dir 'conf.d'\napp.name = '\(name)'\n")
                try instance.append("# \(name)\n", to: "pg_hba.conf")
            }
            try cluster.diverge(.crashed) {
                try own.query("SELECT pg_create_physical_replication_slot('left', true)")
            }
            #expect(FileFacts(own.data + "/pg_replslot/left") != nil)
            try own.append("recovery_target_time = '2000-01-01'\n", to: "postgresql.auto.conf")
            let names = ["postgresql.conf", "pg_hba.conf", "conf.d/own.conf"]
            let texts = names.map { own.text($0) }
            let book = ProgressBook()
            try run(cluster, book)
            #expect(names.map { own.text($0) } == texts)
            #expect(FileFacts(own.data + "/conf.d/other.conf") == nil)
            #expect(book.hasNote("conf.d/other.conf"), "\(book.notes)")
            #expect(book.hasNote("recovery_target_time"), "\(book.notes)")
            #expect(try listDirectory(own.data + "/pg_replslot").isEmpty)
            try cluster.verifyRejoined()
            #expect(own.value("SHOW app.name") == "own" && own.value("SHOW app.origin") == "own")
            #expect(own.value("SHOW listen_addresses") == own.address)
        }
    }

    @Test func missingHintsAndHalfPagesAreNamed() throws {
        try withCluster(.async) { cluster in
            try cluster.diverge(.crashed)
            let hints = try needs(cluster)
            #expect(!hints.isMet && hints.obstacles.count == 1, "\(hints)")
            #expect(hints.obstacles[0].contains("wal_log_hints"), "\(hints)")
            try cluster["n2"].query("ALTER SYSTEM SET full_page_writes = off")
            try cluster["n2"].query("SELECT pg_reload_conf()")
            try waitFor("the setting") { cluster["n2"].value("SHOW full_page_writes") == "off" }
            let both = try needs(cluster)
            #expect(both.obstacles.contains { $0.contains("full_page_writes is \"off\" on n2") }, "\(both)")
        }
    }

    /// A role that may only replicate, then one with the four grants and no more: not even a checkpoint.
    @Test func roleWithGrantsIsEnough() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            let primary = cluster["n2"]
            // The checkpoint after the promotion takes its time otherwise.
            try primary.append("checkpoint_completion_target = 0\n")
            try cluster.diverge(.crashed)
            try primary.query("ALTER ROLE nobody REPLICATION")
            let former = primary.text("pg_hba.conf")
            let address = "127.0.0.0/8"
            try primary.write(
                "host replication all \(address) trust\nhost all nobody \(address) trust\nlocal all all trust\n",
                to: "pg_hba.conf"
            )
            try primary.query("SELECT pg_reload_conf()")
            try waitFor("the rules") { (try? primary.connect()) == nil }
            cluster.parameters["repuser"] = "nobody"
            let none = try needs(cluster)
            #expect(none.role == nil && !none.isMet)
            let text = none.obstacles.joined()
            #expect(text.contains("\"nobody\": may not call pg_ls_dir(text, boolean, boolean)"), "\(text)")
            #expect(text.contains("\"postgres\": "), "\(text)")
            #expect(
                text.contains("GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text) TO \"nobody\""),
                "\(text)"
            )
            try primary.write(former, to: "pg_hba.conf")
            try signalReload(primary)
            try waitFor("the rules of before") { (try? primary.connect()) != nil }
            for function in [
                "pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)", "pg_read_binary_file(text)",
                "pg_read_binary_file(text, bigint, bigint, boolean)",
            ] { try primary.query("GRANT EXECUTE ON FUNCTION \(function) TO nobody") }
            let met = try needs(cluster)
            #expect(met.isMet && met.role?.target.user == "nobody" && met.role?.mayCheckpoint == false, "\(met)")
            try run(cluster, ProgressBook())
            cluster.parameters["repuser"] = "postgres"
            try cluster.verifyRejoined()
        }
    }

    private func signalReload(_ instance: TestInstance) throws {
        try send(.reload, to: try #require(instance.processID))
    }

    /// A standby with less than its primary has doesn't start: both values, and the line.
    @Test func limitsBelowThePrimarysAreNamed() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            try cluster.diverge(.shutDown)
            let context = try cluster.rejoinContext("n1", from: "n2", ProgressBook())
            let fits = Compatibility.read(context, for: .rewind, by: .after(milliseconds: 20_000))
            #expect(fits.faults.isEmpty && fits.unknown.isEmpty, "\(fits)")
            try cluster["n1"].append("max_connections = 10\n")
            let found = Compatibility.read(context, for: .rewind, by: .after(milliseconds: 20_000))
            #expect(found.faults.count == 1, "\(found)")
            #expect(found.faults[0].contains("max_connections is \"10\" here and \"20\" on n2"), "\(found)")
            #expect(
                found.faults[0].contains("Set 'max_connections = 20' in \(cluster["n1"].data)/postgresql.conf"),
                "\(found)"
            )
        }
    }

    /// The WAL back to the last common checkpoint is gone: nothing is changed, and the file is named.
    @Test func missingWALIsNamed() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            try cluster.diverge(.shutDown, rows: 20_000)
            let wal = cluster["n1"].data + "/pg_wal"
            let context = try cluster.rejoinContext("n1", from: "n2", ProgressBook())
            guard case .known(let control) = ControlFile.read(context.installation, by: .after(milliseconds: 10_000))
            else {
                Issue.record("no control file")
                return
            }
            try cluster["n1"].write("", to: "standby.signal")
            let step = try cluster.rewindStep()
            let last = WALSegment(holding: control.checkpoint, size: control.segmentSize)
            let gone = WALSegment(timeline: last.timeline, number: last.number - 2, size: last.size).fileName
            try removeFile(wal + "/" + gone)
            let failure = try #require(
                #expect(throws: RejoinFailure.self) { try step.run(fork: control.checkpoint) }
            )
            #expect(failure.exit == .failed && failure.reason.contains(gone), "\(failure)")
            #expect(FileFacts(cluster["n1"].data + "/standby.signal") != nil)
            #expect(FileFacts(context.files.taint) == nil)
        }
    }
}
