import RACore
@testable import RAKit
import RATestSupport
import Testing

/// A copy of a kept backup and what changed since: only PostgreSQL 17 and later send that.
@Suite(.serialized, .enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct CopyIncrementTests {
    private func backup(_ pair: CopyPair, _ words: [String] = []) throws -> String {
        let full = try pair.directory("full")
        let source = ["-h", pair.primary.address, "-p", String(pair.primary.port), "-U", "postgres", "-c", "fast"]
        try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_basebackup", ["-D", full] + source + words)
        return full
    }

    private func maps(_ pair: CopyPair) throws -> [String] {
        try ["ts1", "ts2"].flatMap { ["-T", "\(pair.folder)/\($0)=\(try pair.directory($0 + ".full"))"] }
    }

    @Test(.enabled(if: PostgreSQL.version >= 17, "PostgreSQL 17 is the first that has it"))
    func changesAreCombinedWithAKeptBackup() throws {
        try withCopyPair { pair in
            try pair.primary.append("summarize_wal = on\n")
            try pair.primary.query("SELECT pg_reload_conf()")
            let places = try pair.spread()
            try pair.primary.query("CREATE TABLE public.big AS SELECT generate_series(1, 300000) AS id")
            let full = try backup(pair, maps(pair))
            try pair.primary.query("INSERT INTO public.t1 VALUES (100); UPDATE public.big SET id = 0 WHERE id = 77")
            let options = CopyOptions(incrementalFrom: full)
            #expect(try pair.step(options).incrementFault() == nil)
            let (plan, report) = try pair.copy(options)
            #expect(report.isVerified)
            #expect(report.stages.map(\.name) == ["copying", "combining", "verifying", "syncing"])
            let sent = pair.told.sights.filter { $0.step == "copying" }.map(\.doneBytes).max() ?? 0
            #expect(sent < report.bytes / 2)
            let swap = try pair.swap
            try swap.prepare(plan.layout)
            try swap.perform()
            try pair.mustFollow()
            #expect(pair.node.value("SELECT count(*) FROM public.big WHERE id = 0") == "1")
            #expect(pair.node.value("SELECT max(id) FROM public.t1") == "100")
            try swap.finish()
            for place in places { #expect(try !listDirectory(place).contains { $0.hasPrefix(".rejoin") }) }
            #expect(linkTarget(pair.node.data + "/pg_wal") == places[2])
        }
    }

    /// Said, and nothing changed; the caller goes on with a full copy.
    @Test func whatSpeaksAgainstItIsSaid() throws {
        try withCopyPair { pair in
            let full = try backup(pair)
            let step = try pair.step(CopyOptions(incrementalFrom: full))
            let fault = try #require(step.incrementFault())
            if PostgreSQL.version < 17 {
                #expect(fault.contains("17 is the first that sends only changes"))
            } else {
                #expect(fault.contains("summarize_wal is off on n1"))
            }
            let failure = try #require(CopyPair.failure { _ = try pair.copy(step.options) })
            #expect(failure.exit == .failed)
            #expect(failure.reason == fault)
            try pair.formerDataStart()
        }
    }
}
