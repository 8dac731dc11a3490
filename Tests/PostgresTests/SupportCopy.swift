import Foundation
import RACore
@testable import RAKit
import RATestSupport
import Synchronization

/// A primary, and a node whose data have a row of their own: nothing but a copy brings it back.
final class CopyPair {
    let folder: String
    let primary: TestInstance
    let node: TestInstance
    var parameters = Parameters()
    private let account: Account
    /// What a copy told meanwhile.
    let told = Told()

    /// - Parameter isStarted: whether the primary runs already.
    init(in folder: String, isStarted: Bool = true) throws {
        guard let account = PostgreSQL.account else { throw TestFailure("no user postgres") }
        self.account = account
        self.folder = folder
        let port = Ports.next()
        primary = try TestInstance("n1", in: folder, address: "127.0.1.1", port: port)
        node = try TestInstance("n2", in: folder, address: "127.0.1.2", port: port)
        if isStarted { try primary.startByHand() }
        try node.startByHand()
        try node.query("INSERT INTO public.t VALUES (4711); CHECKPOINT")
        try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", ["-D", node.data, "-w", "-m", "fast", "stop"])
    }

    var installation: Installation {
        Installation(
            majorVersion: String(PostgreSQL.version),
            dataDirectory: node.data,
            configurationFile: node.configuration,
            pgctl: PostgreSQL.programs + "/pg_ctl",
            binaryDirectory: PostgreSQL.programs,
            account: account,
            temporaryDirectory: node.temporary
        )
    }

    /// - Parameter user: the role that replicates.
    func context(user: String = "postgres") throws -> RejoinContext {
        let target = ConnectionTarget(
            host: primary.address,
            port: primary.port,
            database: "replication",
            user: user,
            isReplication: true
        )
        guard
            case .known((let history, let flushed)) = PrimaryHistory.read(
                ConnectionTarget(
                    host: primary.address,
                    port: primary.port,
                    database: "replication",
                    user: "postgres",
                    isReplication: true
                ),
                as: nil,
                by: .after(milliseconds: 10_000)
            )
        else { throw TestFailure("the primary doesn't answer") }
        let version = Int(try primary.query("SHOW server_version_num")[0]) ?? 0
        let told = told
        return RejoinContext(
            resource: "pg",
            node: "n2",
            parameters: parameters,
            installation: installation,
            source: RejoinSource(node: "n1", replication: target, history: history, flushed: flushed, version: version),
            progress: RejoinProgress(see: { told.see($0) }, note: { told.note($0) })
        )
    }

    func step(_ options: CopyOptions = CopyOptions()) throws -> CopyStep {
        CopyStep(context: try context(), options: options)
    }

    var swap: SwapStep { get throws { SwapStep(context: try context()) } }

    /// The node's own configuration, as a caller puts it in.
    func configure(_ data: String) throws(RejoinFailure) {
        do {
            try PostgreSQL.append(
                """
                unix_socket_directories = '\(folder)/n2.sock'
                listen_addresses = '\(node.address)'
                primary_conninfo = 'host=\(primary.address) port=\(primary.port) user=postgres application_name=n2'

                """,
                to: data + "/postgresql.conf"
            )
            try replaceFile(data + "/standby.signal", with: [], owner: PostgreSQL.account)
        } catch {
            throw RejoinFailure(.failed, "\(error)")
        }
    }

    @discardableResult
    func copy(_ options: CopyOptions = CopyOptions()) throws -> (plan: CopyPlan, report: CopyReport) {
        let step = try step(options)
        let plan = try step.plan()
        try step.checkRoom(plan)
        return (plan, try step.copy(plan, configure: configure))
    }

    /// Starts the node, which must follow and have what the primary has.
    func mustFollow() throws {
        try primary.query("INSERT INTO public.t VALUES (42)")
        try node.startByHand()
        try waitFor("n2 has what n1 wrote") { self.node.value("SELECT count(*) FROM public.t WHERE id = 42") == "1" }
        guard node.isInRecovery == true, node.value("SELECT count(*) FROM public.t WHERE id = 4711") == "0" else {
            throw TestFailure("n2 isn't a copy")
        }
    }

    /// The former data are there, and nothing of the copy.
    func formerDataStart() throws {
        for name in try listDirectory(folder) where name.contains(".rejoin-") { throw TestFailure("\(name) is there") }
        try node.startByHand()
        guard node.value("SELECT count(*) FROM public.t WHERE id = 4711") == "1" else {
            throw TestFailure("the former row is gone")
        }
    }

    /// Makes a directory of the database user's.
    @discardableResult
    func directory(_ name: String) throws -> String {
        let path = name.hasPrefix("/") ? name : folder + "/" + name
        try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", path], as: nil)
        return path
    }

    /// What a body throws.
    static func failure(_ body: () throws -> Void) -> RejoinFailure? {
        do {
            try body()
            return nil
        } catch let failure as RejoinFailure {
            return failure
        } catch {
            return RejoinFailure(.usage, "\(error)")
        }
    }
}

/// What a step told.
final class Told: Sendable {
    private let state = Mutex<(sights: [RejoinProgress.Sight], notes: [String])>(([], []))

    func see(_ sight: RejoinProgress.Sight) { state.withLock { $0.sights.append(sight) } }
    func note(_ text: String) { state.withLock { $0.notes.append(text) } }
    var sights: [RejoinProgress.Sight] { state.withLock { $0.sights } }
    var notes: [String] { state.withLock { $0.notes } }
}

/// Runs a test on a primary and a failed node, and leaves nothing of it behind.
func withCopyPair(_ body: (CopyPair) throws -> Void) throws {
    let folder = try AgentFolder("copy")
    defer { folder.remove() }
    try body(try CopyPair(in: folder.path))
}

/// Mounts a file system for a test.
func withMount(_ words: [String], at path: String, _ body: () throws -> Void) throws {
    try PostgreSQL.asOwner("/bin/mount", words + [path], as: nil)
    defer { _ = try? PostgreSQL.asOwner("/bin/umount", ["-l", path], as: nil) }
    try body()
}
