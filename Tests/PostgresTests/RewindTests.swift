import RACore
import RAKit
import RATestSupport
import Testing

/// A diverged former primary becomes a standby by pg_rewind.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct RewindTests {
    private func run(_ step: RewindStep) throws -> RewindReport {
        let timeline = try #require(TimelineID(1))
        return try step.run(fork: WALPosition(timeline: timeline, lsn: LSN(bytes: 1)))
    }

    private func isTainted(_ cluster: TestCluster) -> Bool {
        FileFacts(OwnedFiles(directory: cluster["n1"].temporary).rejoin.taint) != nil
    }

    /// Crashed, with a signal file (E4), right after the promotion (E5).
    @Test func crashedPrimaryIsRewound() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            // The checkpoint that the promotion begins is spread over this time.
            try cluster["n2"].append("checkpoint_timeout = 1h\n")
            try cluster.diverge(.crashed)
            try cluster["n1"].write("", to: "standby.signal")
            let book = ProgressBook()
            let step = try cluster.rewindStep(book)
            let isBehind = cluster["n2"].value(
                "SELECT timeline_id <> ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int FROM pg_control_checkpoint()"
            )
            let report = try run(step)
            if isBehind == "t" { #expect(book.hasNote("waiting for a checkpoint of n2"), "\(book.notes)") }
            #expect(isBehind != nil)
            #expect(report.copiedBytes > 0)
            #expect(book.hasNote("weren't shut down cleanly"), "\(book.notes)")
            #expect(!isTainted(cluster))
            try cluster.verifyRejoined()
        }
    }

    @Test func cleanPrimaryIsRewound() throws {
        try withCluster(.async) { cluster in
            try cluster.allowRewind()
            try cluster.diverge(.shutDown)
            let book = ProgressBook()
            let report = try run(try cluster.rewindStep(book))
            #expect(report.copiedBytes > 0)
            #expect(!book.hasNote("weren't shut down cleanly"), "\(book.notes)")
            try cluster.verifyRejoined()
        }
    }
}
