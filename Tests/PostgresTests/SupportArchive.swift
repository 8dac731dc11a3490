import Foundation
import RACore
import RAKit
import RATestSupport

/// A primary with an archive, and a stopped node that lacks what the primary has removed.
final class TestArchive {
    let primary: TestInstance
    let node: TestInstance
    let notes = Notes()
    var parameters: [String: String] = [:]

    var directory: String { primary.folder + "/archive" }

    /// - Parameter command: the primary's archive_command; DIR stands for the archive.
    init(_ folder: String, command: String = "cp %p DIR/%f") throws {
        let port = Ports.next()
        primary = try TestInstance("n1", in: folder, address: "127.0.1.1", port: port)
        node = try TestInstance("n2", in: folder, address: "127.0.1.2", port: port)
        try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", directory], as: nil)
        let text = command.replacingOccurrences(of: "DIR", with: directory)
        try primary.append(
            "archive_mode = on\narchive_command = '\(text)'\nwal_keep_size = 0\nmin_wal_size = 2MB\nbgwriter_delay = 10s\n"
        )
        try primary.startByHand()
    }

    deinit { endServers(primary.data) }

    /// Fills segments, archives them, and has the primary forget them.
    func write(segments: Int) throws {
        for number in 1...segments {
            try primary.query("INSERT INTO public.t VALUES (\(number)); SELECT pg_switch_wal()")
        }
        try primary.query("INSERT INTO public.t VALUES (0); CHECKPOINT")
        try primary.query("CHECKPOINT")
        try waitFor("the archiver to have all") {
            self.primary.value(
                "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1048576) FROM pg_stat_archiver"
            ) == "t"
        }
        try primary.query("CHECKPOINT")
    }

    func context(version: Int? = nil) throws -> RejoinContext {
        let target = ConnectionTarget(
            host: primary.address,
            port: primary.port,
            database: "replication",
            user: "postgres",
            isReplication: true
        )
        let source = try known(PrimaryHistory.read(target, as: nil, by: .after(milliseconds: 10_000)))
        let given = node.call(parameters.merging(["repuser": "postgres", "pgdb": "postgres"]) { $1 }).parameters
        let reading = Parameters.read { given[$0] }.parameters
        let notes = notes
        return RejoinContext(
            resource: "pg",
            node: node.node,
            parameters: reading,
            installation: try node.installation(),
            source: RejoinSource(
                node: primary.node,
                replication: target,
                history: source.history,
                flushed: source.flushed,
                version: version ?? source.version
            ),
            progress: RejoinProgress(see: { _ in }, note: { notes.add($0) })
        )
    }

    /// What the node lacks of the primary's WAL.
    func need(_ context: RejoinContext) throws -> (need: WALNeed, end: LocalWALEnd, redo: WALSegment) {
        let deadline = Deadline.after(milliseconds: 10_000)
        let wal = LocalWAL(installation: context.installation)
        let control = try known(ControlFile.read(context.installation, by: deadline))
        let history = try known(wal.history(control))
        let end = try known(wal.end(control, history.history, by: deadline))
        let size = control.segmentSize
        let need = WALNeed(
            redo: control.redo,
            localEnd: end.end,
            present: wal.segments(size: size),
            source: context.source.history.history,
            flushed: context.source.flushed,
            size: size
        )
        return (need, end, WALSegment(holding: control.redo, size: size))
    }

    func known<Value>(_ observed: Observed<Value>) throws -> Value {
        switch observed {
        case .known(let value): return value
        case .unknown(let why): throw TestFailure(why)
        }
    }

    /// The node's file and the archive's are the same.
    func isFetched(_ segment: WALSegment) -> Bool {
        let name = segment.fileName
        let original = try? readFile(directory + "/" + name, limit: 1 << 22)
        return original != nil && original == (try? readFile(node.data + "/pg_wal/" + name, limit: 1 << 22))
    }
}

/// Lines that steps told, from any thread.
final class Notes: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [String] = []

    func add(_ line: String) { lock.withLock { lines.append(line) } }

    var text: String { lock.withLock { lines.joined(separator: "\n") } }
}

func withArchive(_ command: String = "cp %p DIR/%f", _ body: (TestArchive) throws -> Void) throws {
    let folder = try AgentFolder("archive")
    defer { folder.remove() }
    try body(try TestArchive(folder.path, command: command))
}
