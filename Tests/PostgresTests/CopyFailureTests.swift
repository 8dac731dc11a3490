import Foundation
import RACore
@testable import RAKit
import RATestSupport
import Synchronization
import Testing

/// Copies that come to nothing: said why, nothing of them is left, and the former data start.
@Suite(.serialized, .enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct CopyFailureTests {
    /// Slow enough that something can happen meanwhile.
    private let slow = CopyOptions(maxRate: 4096)

    private func failure(
        _ pair: CopyPair,
        _ exit: RejoinExit,
        _ options: CopyOptions = CopyOptions()
    ) throws -> String {
        let failure = try #require(CopyPair.failure { _ = try pair.copy(options) })
        #expect(failure.exit == exit, "\(failure)")
        #expect(try pair.swap.state() == .none)
        try pair.formerDataStart()
        return failure.reason
    }

    @Test func serverThatLetsNobodyInIsQuoted() throws {
        try withCopyPair { pair in
            let step = CopyStep(context: try pair.context(user: "nobody"))
            let failure = try #require(CopyPair.failure { _ = try step.plan() })
            #expect(failure.exit == .failed)
            #expect(failure.reason.contains("n1 gives no base backup: "), "\(failure)")
            #expect(failure.reason.contains("replication"), "\(failure)")
            try pair.formerDataStart()
        }
    }

    @Test func missingWALSenderIsSaid() throws {
        try withCopyPair { pair in
            try pair.primary.append("max_wal_senders = 1\nmax_replication_slots = 0\n")
            endServers(pair.primary.data)
            try pair.primary.startByHand()
            let reason = try failure(pair, .failed)
            #expect(reason.contains("max_wal_senders"), "\(reason)")
        }
    }

    @Test func primaryThatDiesIsSaid() throws {
        try withCopyPair { pair in
            let primary = pair.primary
            pair.told.onData.withLock { $0 = { endServers(primary.data) } }
            let reason = try failure(pair, .resumable, slow)
            #expect(reason.contains("n1 no longer answers"), "\(reason)")
            #expect(reason.contains("Run it again: it plans anew"), "\(reason)")
        }
    }

    @Test func failoverInTheMiddleIsSaid() throws {
        try withCopyPair { pair in
            let primary = pair.primary
            pair.told.onData.withLock {
                $0 = {
                    endServers(primary.data)
                    try? primary.write("", to: "standby.signal")
                    try? primary.startByHand()
                    _ = primary.value("SELECT pg_promote()")
                }
            }
            let reason = try failure(pair, .resumable, slow)
            #expect(
                reason.contains("the primary is on timeline 2 now, and was on 1: there was a failover"),
                "\(reason)"
            )
        }
    }

    @Test func tablespaceMadeMeanwhileIsSaid() throws {
        try withCopyPair { pair in
            let primary = pair.primary
            let place = try pair.directory("late")
            pair.told.onData.withLock { $0 = { _ = try? primary.query("CREATE TABLESPACE late LOCATION '\(place)'") } }
            let reason = try failure(pair, .failed, slow)
            #expect(reason.contains("tablespace \"\(place)\" was made on n1 while the data were copied"), "\(reason)")
        }
    }

    @Test func interruptionLeavesNothing() throws {
        try withCopyPair { pair in
            let isInterrupted = Flag()
            pair.told.onData.withLock { $0 = { isInterrupted.raise() } }
            var step = try pair.step(slow)
            step.isInterrupted = { isInterrupted.isUp }
            let plan = try step.plan()
            let failure = try #require(CopyPair.failure { _ = try step.copy(plan, configure: pair.configure) })
            #expect(failure.exit == .resumable)
            #expect(failure.reason.contains("interrupted"), "\(failure)")
            try pair.formerDataStart()
        }
    }

    /// Checked before, with the margin.
    @Test func fullDiskIsSeenBefore() throws {
        try withDisk(megabytes: 80) { pair, disk in
            let reason = try #require(CopyPair.failure { _ = try pair.copy() })
            #expect(reason.exit == .failed)
            #expect(reason.reason.contains("in the file system of \"\(disk)/data\""), "\(reason)")
            try pair.formerDataStart()
        }
    }

    /// Somebody else fills it meanwhile.
    @Test func diskThatFillsEndsTheCopy() throws {
        try withDisk(megabytes: 300) { pair, disk in
            pair.told.onData.withLock {
                $0 = { _ = try? PostgreSQL.asOwner("/usr/bin/fallocate", ["-l", "200M", disk + "/filler"], as: nil) }
            }
            let failure = try #require(CopyPair.failure { _ = try pair.copy(slow) })
            #expect(failure.exit == .failed)
            #expect(failure.reason.contains("must stay free") && failure.reason.contains(disk), "\(failure)")
            #expect(FileFacts(disk + "/filler") != nil)
            #expect(!isNamed(disk + "/data.rejoin-new"))
            try removeFile(disk + "/filler")
            try pair.formerDataStart()
        }
    }

    private func withDisk(megabytes: Int, _ body: (CopyPair, String) throws -> Void) throws {
        try withCopyPair { pair in
            let disk = try pair.directory("disk")
            try withMount(["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=700,uid=postgres", "tmpfs"], at: disk) {
                try PostgreSQL.asOwner("/bin/mv", [pair.node.data, disk + "/data"], as: nil)
                try PostgreSQL.asOwner("/bin/ln", ["-s", disk + "/data", pair.node.data], as: nil)
                defer { endServers(pair.node.data) }
                try body(pair, disk)
            }
        }
    }

    /// A page of the primary's that fails its checksum: file and block are named, and no copy of it is put in.
    @Test func damagedPageOfThePrimaryIsNamed() throws {
        try withCopyPair { pair in
            let primary = pair.primary
            try primary.query("INSERT INTO public.t SELECT generate_series(1, 5000); CHECKPOINT")
            let file = try #require(primary.value("SELECT pg_relation_filepath('public.t')"))
            try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", ["-D", primary.data, "-w", "stop"])
            try PostgreSQL.asOwner(
                PostgreSQL.programs + "/pg_checksums",
                ["-D", primary.data, "--enable", "--no-sync"]
            )
            let handle = try #require(FileHandle(forUpdatingAtPath: primary.data + "/" + file))
            try handle.seek(toOffset: 2 * 8192 + 5000)
            try handle.write(contentsOf: Data([0xAA, 0x55, 0xAA]))
            try handle.close()
            try primary.startByHand()
            let reason = try failure(pair, .failed)
            #expect(reason.contains("n1's own data are damaged"), "\(reason)")
            #expect(reason.contains("block 2 of \(file)"), "\(reason)")
        }
    }

    /// What came isn't what was sent.
    @Test func damagedCopyIsNotPutIn() throws {
        try withCopyPair { pair in
            let script = """
                \(PostgreSQL.programs)/pg_basebackup "$@" || exit 1
                printf x >>\(pair.node.data).rejoin-new/PG_VERSION
                """
            try pair.replaceProgram("pg_basebackup", by: script)
            let reason = try failure(pair, .failed)
            #expect(
                reason.contains("the copy isn't what n1 sent: pg_verifybackup: \"PG_VERSION\" has size"),
                "\(reason)"
            )
        }
    }

    @Test func silenceEndsTheCopy() throws {
        try withCopyPair { pair in
            let line = "echo '10/100 kB (10%), 0/1 tablespace' >&2"
            try pair.replaceProgram("pg_basebackup", by: "\(line)\nexec sleep 60")
            var step = try pair.step()
            step.limits.stallMilliseconds = 1000
            let plan = try step.plan()
            let failure = try #require(CopyPair.failure { _ = try step.copy(plan, configure: pair.configure) })
            #expect(failure.exit == .failed)
            #expect(failure.reason.contains("nothing came from n1 for 1 s"), "\(failure)")
            try pair.formerDataStart()
        }
    }
}

/// Something that happens once.
private final class Flag: Sendable {
    private let state = Mutex(false)

    func raise() { state.withLock { $0 = true } }
    var isUp: Bool { state.withLock { $0 } }
}
