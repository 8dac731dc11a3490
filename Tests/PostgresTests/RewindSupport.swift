import Foundation
import RACore
import RAKit
import RATestSupport
import Synchronization

/// What a step told while it worked.
final class ProgressBook: Sendable {
    private let lines = Mutex<[String]>([])
    /// Asked at each sight.
    private let onSight: @Sendable (RejoinProgress.Sight) -> Void

    init(onSight: @escaping @Sendable (RejoinProgress.Sight) -> Void = { _ in }) { self.onSight = onSight }

    var notes: [String] { lines.withLock { $0 } }

    func hasNote(_ text: String) -> Bool { notes.contains { $0.contains(text) } }

    var progress: RejoinProgress {
        RejoinProgress(see: onSight, note: { text in self.lines.withLock { $0.append(text) } })
    }
}

extension TestCluster {
    /// What the data of a node have beyond the other's.
    enum Divergence {
        case crashed
        case shutDown
    }

    /// Settings for instances that pg_rewind can take back, and that keep the WAL for it.
    func allowRewind() throws {
        for instance in instances {
            try instance.append("wal_log_hints = on\nmax_wal_size = 1GB\nwal_keep_size = 1GB\n")
        }
    }

    /// The second node becomes the primary while the first has more than it, and goes on by itself.
    ///
    /// - Parameters:
    ///   - rows: what each of them writes meanwhile, of 200 bytes.
    ///   - before: what the first one does alone.
    func diverge(_ kind: Divergence = .crashed, rows: Int = 100, before: () throws -> Void = {}) throws {
        try bringUp()
        try awaitReplay("n2", of: "n1")
        endServers(self["n2"].data)
        let filling = "SELECT g, repeat('x', 180) FROM generate_series(1, \(rows)) AS g"
        try self["n1"].query(
            "INSERT INTO public.t SELECT generate_series(1, 100); CREATE TABLE public.lost AS \(filling)"
        )
        try before()
        switch kind {
        case .crashed: try cutPower("n1")
        case .shutDown:
            try must("stop", "n1")
            try fake.set("n1", .offline)
        }
        try must("start", "n2")
        try must("promote", "n2")
        try fake.set("n1", .online)
        primaryAddress = "127.0.1.2"
        try self["n2"].query("CREATE TABLE public.won AS \(filling); INSERT INTO public.t VALUES (7)")
    }

    /// How a rejoin of a node sees things.
    func rejoinContext(_ node: String, from source: String, _ book: ProgressBook) throws -> RejoinContext {
        let given = call(node).parameters
        let parameters = Parameters.read { given[$0] }.parameters
        let address = self[source].address
        let target = ConnectionTarget(
            host: address,
            port: self[source].port,
            database: "replication",
            user: parameters.repuser,
            isReplication: true
        )
        guard
            case .known(let primary) = PrimaryHistory.read(
                target,
                as: nil,
                by: .after(milliseconds: 10_000)
            )
        else { throw TestFailure("\(source) doesn't tell its history") }
        return RejoinContext(
            resource: "pg",
            node: node,
            parameters: parameters,
            installation: try findInstallation(parameters),
            source: RejoinSource(
                node: source,
                replication: target,
                history: primary.history,
                flushed: primary.flushed,
                version: primary.version
            ),
            progress: book.progress
        )
    }

    /// A rewind of the first node from the second.
    func rewindStep(_ book: ProgressBook = ProgressBook()) throws -> RewindStep {
        let context = try rejoinContext("n1", from: "n2", book)
        let needs = RewindPrerequisites.read(context, by: .after(milliseconds: 20_000))
        guard needs.isMet, let role = needs.role else { throw TestFailure("\(needs.obstacles)") }
        return RewindStep(context: context, role: role)
    }

    /// The first node starts through the agent, streams, and has what the second one has.
    func verifyRejoined() throws {
        try must("start", "n1")
        try awaitStreaming(1, from: "n2")
        try awaitReplay("n1", of: "n2")
        let question = """
            SELECT ROW((SELECT count(*) FROM public.t), (SELECT sum(g) FROM public.won), to_regclass('public.lost'))::text
            """
        let texts = ["n1", "n2"].map { self[$0].value(question) }
        guard let text = texts[0], text == texts[1] else {
            throw TestFailure("n1 has \(texts[0] ?? "?"), n2 \(texts[1] ?? "?")")
        }
        try checkPages()
    }

    private func checkPages() throws {
        try self["n2"].query("CREATE EXTENSION IF NOT EXISTS amcheck")
        try awaitReplay("n1", of: "n2")
        let words = ["-h", self["n1"].address, "-p", String(self["n1"].port), "-U", "postgres", "--no-dependent-toast"]
        try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_amcheck", words + ["postgres"])
    }
}

/// Kills a pg_rewind at work on a data directory, as running out of memory would; whether there was one.
@discardableResult
func killRewind(of data: String) -> Bool {
    let found = ((try? listDirectory("/proc")) ?? []).compactMap { Int32($0) }.filter { processID in
        guard linkTarget("/proc/\(processID)/exe")?.hasSuffix("/pg_rewind") ?? false,
            let words = try? readText("/proc/\(processID)/cmdline")
        else { return false }
        return words.split(separator: "\0").contains { $0 == data }
    }
    for processID in found { try? send(.kill, to: processID) }
    return !found.isEmpty
}

/// Does something once, when a step has come so far.
final class OnceAt: Sendable {
    private let isDone = Mutex(false)
    private let step: String
    /// nil: before it begins.
    private let percent: UInt64?
    private let body: @Sendable () -> Bool

    init(_ step: String, percent: UInt64?, _ body: @escaping @Sendable () -> Bool) {
        self.step = step
        self.percent = percent
        self.body = body
    }

    /// Whether it was done.
    var hasHappened: Bool { isDone.withLock { $0 } }

    func see(_ sight: RejoinProgress.Sight) {
        guard sight.step == step else { return }
        if let percent {
            guard let total = sight.totalBytes, total > 0, sight.doneBytes * 100 / total >= percent else { return }
        }
        isDone.withLock { if !$0 { $0 = body() } }
    }
}
