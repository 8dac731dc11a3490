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
    private var last: RejoinContext?
    private var programs = PostgreSQL.programs
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
            binaryDirectory: programs,
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
            case .known((let history, let flushed, _)) = PrimaryHistory.read(
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
        let context = RejoinContext(
            resource: "pg",
            node: "n2",
            parameters: parameters,
            installation: installation,
            source: RejoinSource(node: "n1", replication: target, history: history, flushed: flushed, version: version),
            progress: RejoinProgress(see: { told.see($0) }, note: { told.note($0) })
        )
        last = context
        return context
    }

    func step(_ options: CopyOptions = CopyOptions()) throws -> CopyStep {
        CopyStep(context: try context(), options: options)
    }

    /// A swap asks no server.
    var swap: SwapStep { get throws { SwapStep(context: try last ?? context()) } }

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

    /// Gives the node's former data the primary's tablespaces, in directories of their own, and WAL in another one.
    ///
    /// - Returns: the node's directories: two tablespaces', and the WAL's.
    func spread() throws -> [String] {
        var words: [String] = []
        let local = try ["ts1.n2", "ts2.n2"].map { try directory($0) }
        for (index, place) in local.enumerated() {
            let source = try directory("ts\(index + 1)")
            try primary.query("CREATE TABLESPACE ts\(index + 1) LOCATION '\(source)'")
            try primary.query("CREATE TABLE public.t\(index + 1) TABLESPACE ts\(index + 1) AS SELECT \(index) AS id")
            words += ["-T", "\(source)=\(place)"]
        }
        try node.becomeBackup(of: primary, words)
        try node.appendAddress()
        try node.startByHand()
        try node.query("INSERT INTO public.t VALUES (4711); CHECKPOINT")
        try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", ["-D", node.data, "-w", "-m", "fast", "stop"])
        let wal = folder + "/wal.n2"
        try PostgreSQL.asOwner("/bin/mv", [node.data + "/pg_wal", wal], as: nil)
        try PostgreSQL.asOwner("/bin/ln", ["-s", wal, node.data + "/pg_wal"])
        return local + [wal]
    }

    /// Programs of the installation, one of them replaced by a script.
    func replaceProgram(_ name: String, by script: String) throws {
        let bin = try directory("bin")
        for program in try listDirectory(PostgreSQL.programs) where program != name {
            try PostgreSQL.asOwner("/bin/ln", ["-sf", PostgreSQL.programs + "/" + program, bin + "/" + program])
        }
        try replaceFile(bin + "/" + name, with: Array("#!/bin/sh\n\(script)\n".utf8), mode: 0o755)
        programs = bin
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
        for place in [folder, node.data, folder + "/ts1.n2", folder + "/ts2.n2", folder + "/wal.n2"] {
            let names = (try? listDirectory(place)) ?? []
            if let name = names.first(where: { $0.contains(".rejoin-") }) {
                throw TestFailure("\(name) is in \(place)")
            }
        }
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

    /// Called once, on the first sight of data under way.
    let onData = Mutex<(@Sendable () -> Void)?>(nil)

    func see(_ sight: RejoinProgress.Sight) {
        state.withLock { $0.sights.append(sight) }
        guard sight.step == "copying", sight.doneBytes > 0 else { return }
        let action = onData.withLock { action in
            defer { action = nil }
            return action
        }
        action?()
    }
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
