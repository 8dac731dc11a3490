import Foundation
import RACore
import RAKit
import RATestSupport

/// One data directory with an address of its own, and the calls of the agent that manage it.
final class TestInstance: Sendable {
    let node: String
    let folder: String
    let address: String
    let port: Int

    var data: String { folder + "/" + node }
    var temporary: String { folder + "/" + node + ".tmp" }
    var log: String { folder + "/" + node + ".log" }
    var configuration: String { data + "/postgresql.conf" }

    /// Copies the template.
    init(_ node: String, in folder: String, address: String, port: Int) throws {
        self.node = node
        self.folder = folder
        self.address = address
        self.port = port
        try PostgreSQL.asOwner("/bin/cp", ["-a", try PostgreSQL.template.get().path + "/data", data], as: nil)
        try appendAddress()
    }

    /// Where this instance listens, and not a peer whose configuration it has.
    func appendAddress() throws {
        try append("unix_socket_directories = '\(folder)/\(node).sock'\nlisten_addresses = '\(address)'\n")
    }

    /// Replaces the data directory by a base backup, which has the other instance's configuration.
    func becomeBackup(of other: TestInstance, _ options: [String] = []) throws {
        try PostgreSQL.asOwner("/bin/rm", ["-r", data], as: nil)
        try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", "-m", "700", data], as: nil)
        let source = ["-h", other.address, "-p", String(other.port), "-U", "postgres", "-c", "fast"]
        try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_basebackup", ["-D", data] + source + options)
    }

    /// A call of the agent for this instance, outside replication.
    func call(_ parameters: [String: String] = [:]) -> AgentCall {
        var call = AgentCall()
        call.parameters = [
            "pgdata": data, "pgport": String(port), "tmpdir": temporary, "logfile": log,
            "pgctl": PostgreSQL.programs + "/pg_ctl", "stop_escalate": "5", "stop_escalate_in_slave": "5",
        ].merging(parameters) { $1 }
        call.meta["on_node"] = node
        call.environment["HA_RSCTMP"] = folder + "/" + node + ".run"
        call.environment["FAKE_CLUSTER"] = folder + "/no-cluster"
        return call
    }

    func connect(user: String = "postgres", seconds: Int = 10) throws -> Connection {
        let target = ConnectionTarget(host: address, port: port, database: "postgres", user: user)
        return try Connection.open(target, as: nil, by: .after(milliseconds: seconds * 1000))
    }

    /// Runs SQL; the first column of the last statement's rows.
    @discardableResult
    func query(_ statements: String, user: String = "postgres") throws -> [String] {
        let results = try connect(user: user).query(statements, by: .after(milliseconds: 10_000))
        return (results.last?.rows ?? []).map { ($0.first ?? nil) ?? "" }
    }

    /// The one value of a query; nil when the server can't be asked or gives none.
    func value(_ statement: String) -> String? { (try? query(statement))?.first }

    var isInRecovery: Bool? { value("SELECT pg_is_in_recovery()").map { $0 == "t" } }

    var processID: Int32? {
        guard case .running(let file) = observePostmaster(dataDirectory: data) else { return nil }
        return file.processID
    }

    var hasProcesses: Bool { !findServerProcesses(dataDirectory: data).isEmpty }

    func append(_ text: String, to file: String = "postgresql.conf") throws {
        try PostgreSQL.append(text, to: data + "/" + file)
    }

    func text(_ file: String) -> String { (try? readText(data + "/" + file)) ?? "" }

    /// Replaces one of the instance's files, with its owner as owner.
    func write(_ text: String, to file: String) throws {
        try replaceFile(data + "/" + file, with: Array(text.utf8), owner: PostgreSQL.account)
    }

    /// Kills the postmaster as a crash would; its children notice by themselves.
    func killPostmaster() throws {
        guard let processID else { throw TestFailure("no postmaster runs in \(data)") }
        try send(.kill, to: processID)
        try waitFor("the end of postmaster \(processID)") { self.processID == nil }
    }

    /// Starts the server as an operator would, past the agent.
    func startByHand() throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/" + node + ".sock",
            withIntermediateDirectories: true
        )
        try PostgreSQL.asOwner("/bin/chown", ["postgres", folder + "/" + node + ".sock"], as: nil)
        try removeFile("\(folder)/\(node).sock/.s.PGSQL.\(port).lock")
        let words = ["-D", data, "-l", "/dev/null", "-o", "-p \(port) -h \(address)", "-w", "start"]
        try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", words)
    }
}

/// Ports outside of the range from which the system takes clients' ports; each is free when it is given out.
enum Ports {
    private static let counter = Counter()

    static func next() -> Int {
        while true {
            let port = 20_000 + (Int(ProcessInfo.processInfo.processIdentifier) * 37 + counter.next()) % 12_000
            if isFree(port) { return port }
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Runs a test on one instance outside replication, and leaves nothing of it behind.
func withInstance(_ body: (TestInstance) throws -> Void) throws {
    let folder = try AgentFolder("alone")
    defer { folder.remove() }
    try body(try TestInstance("n1", in: folder.path, address: "127.0.1.1", port: Ports.next()))
}

extension TestInstance {
    /// Where its programs and directories are, as the agent finds them.
    func installation() throws -> Installation {
        let given = call().parameters
        return try findInstallation(Parameters.read { given[$0] }.parameters)
    }
}
