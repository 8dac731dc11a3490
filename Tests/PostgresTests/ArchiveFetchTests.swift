import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// Fetching the WAL that a node lacks, from a real primary's archive.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct ArchiveFetchTests {
    private func origins(
        _ context: RejoinContext,
        _ redo: WALSegment,
        directory: String? = nil,
        command: String? = nil
    ) -> [any ArchiveOrigin] {
        ArchiveFetch.origins(
            context,
            directory: directory,
            command: command,
            redo: redo,
            by: .after(milliseconds: 10_000)
        ).origins
    }

    private func failure(_ body: () throws(RejoinFailure) -> Void) -> RejoinFailure? {
        do throws(RejoinFailure) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    /// The whole way: what is lacking, who has it, fetch it over a database connection, follow.
    @Test func followsAfterAFetch() throws {
        try withArchive { archive in
            try archive.write(segments: 6)
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let source = SourceWAL.read(context, size: redo.size, by: .after(milliseconds: 10_000))
            let fetch = ArchiveFetch(context: context, origins: origins(context, redo))
            #expect(fetch.origins.map(\.summary) == ["directory \"\(archive.directory)\" on the source"])
            guard case .lacks(let files) = source.sourceCover(need) else {
                throw TestFailure("the primary still has \(source.files)")
            }
            #expect(source.slotCover(need) == .missing)
            let cover = fetch.probe(files)
            #expect(cover == .proven)
            #expect(
                decideWALPath(need, slot: source.slotCover(need), source: source.sourceCover(need), archive: cover)
                    == .archive(files)
            )
            try fetch.fetch(files, localEnd: end.end.lsn)
            #expect(files.allSatisfy(archive.isFetched))
            #expect(try archive.need(context).end.end.lsn >= files[files.count - 1].start)
            try archive.node.write("", to: "standby.signal")
            try archive.node.append("primary_conninfo = 'host=127.0.1.1 port=\(archive.primary.port) user=postgres'\n")
            try archive.node.startByHand()
            try waitFor("the node streams") {
                archive.primary.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1"
            }
            try waitFor("the node has the rows") { archive.node.value("SELECT count(*) FROM public.t") == "7" }
        }
    }

    /// Files that a kill left half are fetched again; whole ones aren't.
    @Test func goesOnAfterAKill() throws {
        try withArchive { archive in
            try archive.write(segments: 5)
            archive.parameters["restore_command"] = "echo %f >> \(archive.directory)/log; cp \(archive.directory)/%f %p"
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let files = Array(need.segments.filter { $0.end <= need.flushed })
            let fetch = ArchiveFetch(context: context, origins: [origins(context, redo)[0]])
            try fetch.fetch(Array(files[..<2]), localEnd: end.end.lsn)
            try archive.node.write("half", to: "pg_wal/\(files[2].fileName).part")
            try archive.node.write("old", to: "pg_wal/\(files[0].fileName).part")
            try fetch.fetch(files, localEnd: end.end.lsn)
            #expect(files.allSatisfy(archive.isFetched))
            let log = try readText(archive.directory + "/log").split(separator: "\n").sorted()
            #expect(log == files.map { Substring($0.fileName) })
            #expect(try !listDirectory(archive.node.data + "/pg_wal").contains { $0.hasSuffix(".part") })
            let facts = try #require(FileFacts(archive.node.data + "/pg_wal/" + files[0].fileName))
            #expect(facts.ownerID == PostgreSQL.account?.userID && facts.mode == 0o600)
        }
    }

    @Test(arguments: ["gzip", "bzip2", "zstd", "lz4"])
    func packedFiles(_ program: String) throws {
        guard findProgram(program) != nil else { return }
        let suffix = ["gzip": "gz", "bzip2": "bz2", "zstd": "zst", "lz4": "lz4"][program] ?? ""
        try withArchive { archive in
            try archive.write(segments: 3)
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let files = need.segments.filter { $0.end <= need.flushed }
            for file in files {
                let path = archive.directory + "/" + file.fileName
                try PostgreSQL.asOwner("/bin/sh", ["-c", "\(program) -c \(path) > \(path).\(suffix)"])
                try PostgreSQL.asOwner("/bin/mv", [path, path + ".plain"])
            }
            try ArchiveFetch(context: context, origins: origins(context, redo)).fetch(files, localEnd: end.end.lsn)
            for file in files {
                let path = archive.directory + "/" + file.fileName
                try PostgreSQL.asOwner("/bin/mv", [path + ".plain", path])
            }
            #expect(files.allSatisfy(archive.isFetched))
        }
    }

    /// 3.7, case 15: short, empty and foreign files are fetched twice, named with both sizes, and never started with.
    @Test func brokenFiles() throws {
        try withArchive { archive in
            try archive.write(segments: 3)
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let file = need.segments[1]
            let path = archive.directory + "/" + file.fileName
            let before = try? readFile(archive.node.data + "/pg_wal/" + file.fileName, limit: 1 << 22)
            for (change, words) in [
                ("truncate -s 1000 \(path)", "has \"1000\" bytes, not \"1048576\""),
                ("truncate -s 0 \(path)", "has \"0\" bytes"),
                ("truncate -s 1M \(path)", "doesn't begin with a WAL page's header"),
                ("cp \(archive.directory)/\(need.segments[2].fileName) \(path)", "it begins at LSN"),
            ] {
                try PostgreSQL.asOwner("/bin/sh", ["-c", change])
                let fetch = ArchiveFetch(context: context, origins: origins(context, redo))
                let failure = failure { () throws(RejoinFailure) in try fetch.fetch([file], localEnd: end.end.lsn) }
                #expect(failure?.exit == .failed)
                let reason = failure?.reason ?? ""
                #expect(reason.contains(file.fileName) && reason.contains(words), "\(reason)")
                #expect(reason.contains("fetched twice"))
                guard case .fails(let why) = fetch.probe([file]) else { throw TestFailure("the probe was content") }
                #expect(why.contains(words))
                // A file that waits for its use may have the name.
                #expect((try? readFile(archive.node.data + "/pg_wal/" + file.fileName, limit: 1 << 22)) == before)
            }
        }
    }

    /// 3.7, case 15: the same name with other content than the node's own: both are kept.
    @Test func otherContentUnderTheSameName() throws {
        try withArchive { archive in
            try archive.write(segments: 3)
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let fetch = ArchiveFetch(context: context, origins: origins(context, redo))
            let own = need.segments[0]
            let path = archive.node.data + "/pg_wal/" + own.fileName
            let before = try readFile(path, limit: 1 << 22)
            // What is valid here is a prefix of the archive's file: that takes its place.
            try fetch.fetch([own], localEnd: end.end.lsn)
            #expect(archive.isFetched(own))
            var changed = before
            changed[300] ^= 0xFF
            try replaceFile(path, with: changed, owner: PostgreSQL.account)
            try removeFile(archive.node.data + "/pg_wal/archive_status/\(own.fileName).done")
            let failure = failure { () throws(RejoinFailure) in try fetch.fetch([own], localEnd: end.end.lsn) }
            #expect(failure?.exit == .failed)
            #expect(failure?.reason.contains("differs from this node's own") ?? false, "\(failure?.reason ?? "")")
            #expect(try readFile(path, limit: 1 << 22) == changed)
            let kept = context.files.fetched + "/\(own.fileName).differs"
            #expect(
                try readFile(kept, limit: 1 << 22) == readFile(archive.directory + "/" + own.fileName, limit: 1 << 22)
            )
        }
    }

    /// 3.7, case 7 and 28: what is nowhere or can't be read is named with path and cause.
    @Test func missingAndUnreadableFiles() throws {
        try withArchive { archive in
            try archive.write(segments: 3)
            archive.parameters["restore_command"] = "cp \(archive.directory)/%f %p"
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let path = archive.directory + "/" + need.segments[1].fileName
            try PostgreSQL.asOwner("/bin/mv", [path, path + ".away"])
            let fetch = ArchiveFetch(context: context, origins: origins(context, redo))
            #expect(fetch.origins.count == 2)
            let missing = failure { () throws(RejoinFailure) in
                try fetch.fetch(need.segments.filter { $0.end <= need.flushed }, localEnd: end.end.lsn)
            }
            #expect(missing?.exit == .failed)
            for words in [path, "No such file or directory", "no file \"\(need.segments[1].fileName)\", packed or not"]
            {
                #expect(missing?.reason.contains(words) ?? false, "\(missing?.reason ?? "")")
            }
            try PostgreSQL.asOwner(
                "/bin/sh",
                ["-c", "mv \(path).away \(path); chown root \(path); chmod 600 \(path)"],
                as: nil
            )
            let unreadable = failure { () throws(RejoinFailure) in
                try fetch.fetch([need.segments[1]], localEnd: end.end.lsn)
            }
            let reason = unreadable?.reason ?? ""
            #expect(reason.contains(path) && reason.contains("Permission denied"), "\(reason)")
        }
    }

    /// 3.7, case 12: a full disk is seen before, and again when it happens.
    @Test func fullDisk() throws {
        try withArchive { archive in
            try archive.write(segments: 5)
            archive.parameters["restore_command"] = "cp \(archive.directory)/%f %p"
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let wal = archive.node.data + "/pg_wal"
            try PostgreSQL.asOwner("/bin/mv", [wal, wal + ".kept"], as: nil)
            try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", wal], as: nil)
            let mount = Command("/bin/mount", ["-t", "tmpfs", "-o", "size=5M,mode=0700,uid=postgres", "tmpfs", wal])
            guard run(mount, by: .after(milliseconds: 5000)).isSuccess else { return }
            defer { _ = run(Command("/bin/umount", ["-l", wal]), by: .after(milliseconds: 5000)) }
            let files = need.segments.filter { $0.end <= need.flushed }
            var fetch = ArchiveFetch(context: context, origins: [origins(context, redo)[0]])
            let before = failure { () throws(RejoinFailure) in try fetch.fetch(files, localEnd: end.end.lsn) }
            #expect(before?.exit == .failed)
            #expect(before?.reason.contains("bytes in \"\(wal)\"") ?? false, "\(before?.reason ?? "")")
            // Room for one, and for what is under way; another process takes it then.
            fetch.workers = 1
            let greedy = "cp \(archive.directory)/%f %p && head -c 8M /dev/zero > \(wal)/greedy; true"
            let origin = origins(context, redo, command: greedy)[0]
            var other = ArchiveFetch(context: context, origins: [origin])
            other.workers = 1
            let during = failure { () throws(RejoinFailure) in try other.fetch([files[0]], localEnd: end.end.lsn) }
            #expect(during?.exit == .failed)
            #expect(during?.reason.contains("No space left on device") ?? false, "\(during?.reason ?? "")")
            #expect(try listDirectory(wal) == ["greedy"])
        }
    }

    /// 3.7, case 16: history files come from the server, whatever the archive has.
    @Test func historyFiles() throws {
        try withArchive { archive in
            try archive.primary.query("SELECT pg_switch_wal()")
            try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", ["-D", archive.primary.data, "-w", "stop"])
            try archive.primary.write("", to: "standby.signal")
            try archive.primary.startByHand()
            try archive.primary.query("SELECT pg_promote()")
            try archive.write(segments: 3)
            try PostgreSQL.asOwner("/bin/sh", ["-c", "rm -f \(archive.directory)/*.history"])
            let context = try archive.context()
            let (need, end, redo) = try archive.need(context)
            let files = need.segments.filter { $0.end <= need.flushed }
            let fetch = ArchiveFetch(context: context, origins: origins(context, redo))
            try fetch.fetch(files, localEnd: end.end.lsn)
            #expect(archive.node.text("pg_wal/00000002.history") == archive.primary.text("pg_wal/00000002.history"))
            #expect(files.filter { $0.timeline.number == 2 }.allSatisfy(archive.isFetched))
            // Another history of that number here is never replaced.
            try archive.node.write("1\t0/2000000\tx\n", to: "pg_wal/00000002.history")
            let failure = failure { () throws(RejoinFailure) in try fetch.fetch(files, localEnd: end.end.lsn) }
            #expect(failure?.exit == .failed && failure?.reason.contains("1 until 0/2000000") ?? false)
            #expect(archive.node.text("pg_wal/00000002.history").contains("0/2000000"))
        }
    }

    /// 3.7, case 17: what the source's slots say, by whatever connection there is.
    @Test func slotsOfTheSource() throws {
        try withArchive { archive in
            archive.parameters["replication_slot_name"] = "pg"
            archive.parameters["rep_mode"] = "async"
            let context = try archive.context()
            let (need, _, redo) = try archive.need(context)
            let deadline = Deadline.after(milliseconds: 20_000)
            #expect(SourceWAL.read(context, size: redo.size, by: deadline).slotCover(need) == .missing)
            try archive.primary.query("SELECT pg_create_physical_replication_slot('pg')")
            try archive.primary.query("SELECT pg_create_physical_replication_slot('pg_n2', true)")
            let both = SourceWAL.read(context, size: redo.size, by: deadline)
            #expect(both.formerSlot?.name == "pg" && both.slot.value??.name == "pg_n2")
            #expect(both.slotCover(need) == .covers && both.sourceCover(need) == .whole)
            // Only replication connections are let in.
            try archive.primary.write("host replication all 127.0.0.0/8 trust\n", to: "pg_hba.conf")
            try archive.primary.query("SELECT pg_reload_conf()")
            try waitFor("ordinary sessions are refused") { archive.primary.value("SELECT 1") == nil }
            let narrow = SourceWAL.read(context, size: redo.size, by: deadline)
            if PostgreSQL.version >= 15 {
                #expect(narrow.slot.value??.name == "pg_n2" && narrow.slotCover(need) == .covers)
            }
            guard case .unknown(let why) = narrow.sourceCover(need) else {
                throw TestFailure("files were read without a connection")
            }
            #expect(why.contains("pg_hba.conf"), "\(why)")
            let old = SourceWAL.read(try archive.context(version: 140_000), size: redo.size, by: deadline)
            guard case .unknown = old.slotCover(need) else { throw TestFailure("PostgreSQL 14 can't tell") }
        }
    }
}
