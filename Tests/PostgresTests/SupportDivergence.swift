import RACore
import RATestSupport

@testable import RAKit

/// Two instances of which the first went on writing after the second was promoted, and what a rejoin of it goes by.
struct Divergence {
    let cluster: TestCluster
    let context: RejoinContext
    let control: ControlFile
    let history: TimelineHistory
    let fork: WALPosition

    var former: TestInstance { cluster["n1"] }
    var primary: TestInstance { cluster["n2"] }
    /// One user is the whole process's, and other tests run in it.
    var step: EvidenceStep {
        var step = EvidenceStep(context: context)
        step.asker = nil
        return step
    }
    var book: LedgerBook { LedgerBook(directory: context.own.ledger) }

    func save(why: String = "rewind") throws -> LedgerEntry? {
        try step.save(fork: fork, control: control, history: history, why: why)
    }

    /// The transactions that an entry lists.
    func commits(_ entry: LedgerEntry) throws -> [LedgerCommit] {
        var commits: [LedgerCommit] = []
        try book.commits(of: entry) { commits.append($0) }
        return commits
    }

    /// Promotes the standby, lets the former primary do something of its own, and kills that.
    ///
    /// - Parameters:
    ///   - before: is done there while the standby still follows.
    ///   - after: is done there when it doesn't any more.
    init(
        _ cluster: TestCluster,
        temporary: String? = nil,
        before: (TestInstance) throws -> Void = { _ in },
        after: (TestInstance) throws -> Void
    ) throws {
        self.cluster = cluster
        // No commits but the test's.
        for instance in cluster.instances {
            try instance.append("autovacuum = off\nmax_prepared_transactions = 5\n")
        }
        try cluster.bringUp()
        try before(cluster["n1"])
        try cluster.awaitReplay("n2", of: "n1")
        try cluster["n2"].query("SELECT pg_promote()")
        try after(cluster["n1"])
        endServers(cluster["n1"].data)
        var settings = cluster.call("n1").parameters
        if let temporary { settings["tmpdir"] = temporary }
        let parameters = Parameters.read { settings[$0] }.parameters
        let installation = try findInstallation(parameters)
        let source = try Divergence.source(cluster["n2"])
        control = try known(ControlFile.read(installation, by: .after(milliseconds: 20_000)))
        let ours = try known(LocalWAL(installation: installation).history(control))
        history = ours.history
        switch compareHistories(local: ours, primary: source.history, flushed: source.flushed) {
        case .ancestorUnlessRecord(let position), .forked(let position): fork = position
        case .foreign: throw TestFailure("two systems")
        }
        context = RejoinContext(
            resource: "pg",
            node: "n1",
            parameters: parameters,
            installation: installation,
            source: source,
            progress: .silent
        )
    }

    private init(_ other: Divergence, progress: RejoinProgress) {
        (cluster, control, history, fork) = (other.cluster, other.control, other.history, other.fork)
        let context = other.context
        self.context = RejoinContext(
            resource: context.resource,
            node: context.node,
            parameters: context.parameters,
            installation: context.installation,
            source: context.source,
            progress: progress
        )
    }

    /// The same, whose steps tell how far they are.
    func watched(_ see: @escaping @Sendable (RejoinProgress.Sight) -> Void) -> Divergence {
        Divergence(self, progress: RejoinProgress(see: see, note: { _ in }))
    }

    private static func source(_ primary: TestInstance) throws -> RejoinSource {
        let target = ConnectionTarget(
            host: primary.address,
            port: primary.port,
            database: "replication",
            user: "postgres",
            isReplication: true
        )
        let seen = try known(PrimaryHistory.read(target, as: nil, by: .after(milliseconds: 20_000)))
        return RejoinSource(
            node: primary.node,
            replication: target,
            history: seen.history,
            flushed: seen.flushed,
            version: PostgreSQL.version * 10_000
        )
    }
}

private func known<Value>(_ observed: Observed<Value>) throws -> Value {
    switch observed {
    case .known(let value): return value
    case .unknown(let why): throw TestFailure(why)
    }
}
