import RACore
import RAKit
import RATestSupport
import Testing

/// What is left of a rewind that didn't end well, and how it goes on.
@Suite(.serialized, .enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct RewindKillTests {
    private func fork() throws -> WALPosition {
        WALPosition(timeline: try #require(TimelineID(1)), lsn: LSN(bytes: 1))
    }

    private func isTainted(_ cluster: TestCluster) -> Bool {
        FileFacts(OwnedFiles(directory: cluster["n1"].temporary).rejoin.taint) != nil
    }

    /// Runs a rewind that is to fail once it has begun.
    private func runToFailure(_ cluster: TestCluster, at once: OnceAt) throws -> RejoinFailure {
        let step = try cluster.rewindStep(ProgressBook { once.see($0) })
        let position = try fork()
        let failure = #expect(throws: RejoinFailure.self) { try step.run(fork: position) }
        #expect(once.hasHappened)
        let ended = try #require(failure)
        #expect(ended.exit == .resumable, "\(ended)")
        #expect(ended.reason.contains("pgrex-tool rejoin"), "\(ended)")
        #expect(isTainted(cluster))
        #expect(KeptConfiguration(step.context).isComplete)
        return ended
    }

    private func resumption(_ cluster: TestCluster) throws -> RewindStep.Resumption {
        RewindStep.resumption(try cluster.rejoinContext("n1", from: "n2", ProgressBook()))
    }

    /// Waits until so much of a table that only the primary has is there; its file grows as pg_rewind writes.
    private func awaitCopied(_ cluster: TestCluster, percent: Int64) throws -> @Sendable () -> Void {
        let source = cluster["n2"]
        let file = try #require(source.value("SELECT pg_relation_filepath('public.won')"))
        let size = try #require(source.value("SELECT pg_relation_size('public.won')").flatMap { Int64($0) })
        let path = cluster["n1"].data + "/" + file
        return {
            _ = wait(until: .after(milliseconds: 30_000), everyMilliseconds: 1) {
                FileFacts(path).map { $0.size * 100 >= size * percent } ?? false ? true : nil
            }
        }
    }

    /// As soon as it has removed what it would need again, and in the middle.
    @Test(arguments: [0, 30] as [Int64]) func killedRewindGoesOn(percent: Int64) throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            try cluster["n1"].append("work_mem = 7MB\n")
            try cluster.diverge(.crashed, rows: 120_000)
            let configuration = cluster["n1"].text("postgresql.conf")
            let data = cluster["n1"].data
            let awaitCopied = try awaitCopied(cluster, percent: percent)
            let kill = OnceAt("rewinding", percent: 0) {
                if percent > 0 { awaitCopied() }
                return killRewind(of: data)
            }
            _ = try runToFailure(cluster, at: kill)
            guard case .again(let mark) = try resumption(cluster) else {
                Issue.record("\(try resumption(cluster))")
                return
            }
            #expect(mark.source == "n2" && mark.hasWAL)
            // A run that isn't a resumption doesn't begin anew on such data.
            let position = try fork()
            let step = try cluster.rewindStep()
            #expect(throws: RejoinFailure.self) { try step.run(fork: position) }
            let report = try cluster.rewindStep().resume()
            #expect(report.copiedBytes > 0)
            #expect(!isTainted(cluster))
            #expect(cluster["n1"].text("postgresql.conf") == configuration)
            try cluster.verifyRejoined()
        }
    }

    /// pg_rewind has replaced the control file, and what comes after it is missing: it must not be run again.
    @Test func rewindThatHadDoneItsPartIsFinished() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            try cluster.diverge(.crashed, rows: 50_000)
            let configuration = cluster["n1"].text("postgresql.conf")
            let data = cluster["n1"].data
            _ = try runToFailure(cluster, at: OnceAt("rewinding", percent: 0) { killRewind(of: data) })
            let wal = OwnedFiles(directory: cluster["n1"].temporary).rejoin.rewindWAL
            for name in try listDirectory(wal) {
                try PostgreSQL.asOwner("/bin/cp", ["\(wal)/\(name)", "\(data)/pg_wal/\(name)"])
            }
            let source = "host=\(cluster["n2"].address) port=\(cluster["n2"].port) user=postgres dbname=postgres"
            try PostgreSQL.asOwner(
                PostgreSQL.programs + "/pg_rewind",
                ["-D", data, "--source-server", source, "--no-sync"]
            )
            guard case .finish = try resumption(cluster) else {
                Issue.record("\(try resumption(cluster))")
                return
            }
            let report = try cluster.rewindStep().resume()
            #expect(report.copiedBytes == 0)
            #expect(!isTainted(cluster))
            #expect(cluster["n1"].text("postgresql.conf") == configuration)
            try cluster.verifyRejoined()
        }
    }

    /// What can't be built on: another run of the machine, another timeline, WAL that wasn't kept, a mark of nonsense.
    @Test func whatCannotGoOnNeedsACopy() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            try cluster.diverge(.crashed, rows: 50_000)
            let data = cluster["n1"].data
            _ = try runToFailure(cluster, at: OnceAt("rewinding", percent: 0) { killRewind(of: data) })
            let context = try cluster.rejoinContext("n1", from: "n2", ProgressBook())
            guard case .known(.some(let mark)) = TaintMark.read(context.files) else {
                Issue.record("no mark")
                return
            }
            func expect(_ word: String, _ change: (inout TaintMark) -> Void) throws {
                var other = mark
                change(&other)
                try other.write(context.files, owner: context.account)
                guard case .copy(let why) = RewindStep.resumption(context) else {
                    Issue.record("\(word): it goes on")
                    return
                }
                #expect(why.contains(word))
                let step = try cluster.rewindStep()
                let failure = #expect(throws: RejoinFailure.self) { try step.resume() }
                #expect(failure?.exit == .resumable && failure?.reason.contains("copy is needed") ?? false)
            }
            try expect("restarted") { $0.boot = "another" }
            try expect("timeline") { $0.timeline = TimelineID(1) ?? $0.timeline }
            try expect("wasn't kept") { $0.hasWAL = false }
            try replaceFile(context.files.taint, with: Array("?".utf8))
            guard case .copy = RewindStep.resumption(context) else {
                Issue.record("a mark that can't be read")
                return
            }
            try RewindStep.forget(context)
            #expect(RewindStep.resumption(context) == .none)
            #expect(FileFacts(context.files.rewindWAL) == nil)
        }
    }

    /// The primary dies in the middle; it comes back as it was, and the rewind goes on.
    @Test func primaryThatDiesInTheMiddle() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            try cluster.diverge(.crashed, rows: 120_000)
            let primary = cluster["n2"]
            let failure = try runToFailure(
                cluster,
                at: OnceAt("rewinding", percent: 0) {
                    endServers(primary.data)
                    return true
                }
            )
            #expect(failure.reason.contains("pg_rewind from n2"), "\(failure)")
            try primary.startByHand()
            guard case .again = try resumption(cluster) else {
                Issue.record("\(try resumption(cluster))")
                return
            }
            _ = try cluster.rewindStep().resume()
            try cluster.verifyRejoined()
        }
    }

    /// The disk fills up while pages come, past all estimates: the mark stays, and with room it goes on.
    @Test func fullDiskInTheMiddle() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            let disk = try SmallDisk(over: cluster["n1"].data, megabytes: 600)
            defer { disk.remove() }
            try cluster.diverge(.crashed, rows: 120_000)
            let filler = Filler()
            let data = cluster["n1"].data
            let failure = try runToFailure(cluster, at: OnceAt("rewinding", percent: nil) { filler.fill(data) })
            #expect(failure.reason.contains("pg_rewind from n2"), "\(failure)")
            #expect(failure.reason.contains("No space left on device"), "\(failure)")
            filler.release()
            _ = try cluster.rewindStep().resume()
            #expect(!isTainted(cluster))
            try cluster.verifyRejoined()
        }
    }

    /// What is too little room from the start is told before anything is changed.
    @Test func tooLittleRoomIsToldBefore() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            let disk = try SmallDisk(over: cluster["n1"].data, megabytes: 600)
            defer { disk.remove() }
            try cluster.diverge(.shutDown, rows: 120_000)
            try cluster["n1"].write("", to: "standby.signal")
            let filler = Filler()
            #expect(filler.fill(cluster["n1"].data))
            defer { filler.release() }
            let step = try cluster.rewindStep()
            let position = try fork()
            let failure = try #require(#expect(throws: RejoinFailure.self) { try step.run(fork: position) })
            #expect(failure.exit == .failed && failure.reason.contains("MB are free"), "\(failure)")
            #expect(!isTainted(cluster))
            #expect(FileFacts(cluster["n1"].data + "/standby.signal") != nil)
        }
    }
}
