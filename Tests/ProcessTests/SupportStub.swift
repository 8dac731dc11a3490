import Foundation
import RAKit
import RATestSupport

/// What looks like an installation of PostgreSQL to the agent and never runs: for what is judged before a start.
final class StubInstance {
    /// Why a test is skipped.
    static let need = "it needs root, as the agent does for taking the database user's place"
    static let isAvailable = effectiveUserID() == 0 && Account(name: "daemon") != nil

    let folder: AgentFolder
    var data: String { folder.path + "/data" }
    var programs: String { folder.path + "/bin" }

    init() throws {
        folder = try AgentFolder("stub")
        for part in [data, programs] {
            try FileManager.default.createDirectory(atPath: part, withIntermediateDirectories: true)
        }
        try write("15\n", "data/PG_VERSION")
        try write("port = 5432\n", "data/postgresql.conf")
        for name in ["pg_ctl", "postgres", "pg_controldata"] {
            try write("#!/bin/sh\necho '\(name) (PostgreSQL) 15.4'\n", "bin/" + name)
            chmod(programs + "/" + name, 0o755)
        }
        try own("daemon")
        chmod(data, 0o700)
    }

    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
    }

    /// Gives the data directory to a user.
    func own(_ user: String) throws {
        guard let account = Account(name: user) else { return }
        chown(data, account.userID, account.groupID)
        for name in try listDirectory(data) { chown(data + "/" + name, account.userID, account.groupID) }
    }

    func call(_ parameters: [String: String] = [:]) -> AgentCall {
        var call = AgentCall()
        call.parameters = [
            "pgdata": data, "pgdba": "daemon", "pgctl": programs + "/pg_ctl", "tmpdir": folder.path + "/tmp",
            "logfile": folder.path + "/log",
        ].merging(parameters) { $1 }
        call.meta["on_node"] = "n1"
        call.environment["HA_RSCTMP"] = folder.path + "/run"
        call.environment["FAKE_CLUSTER"] = folder.path + "/cluster"
        call.environment["FAKE_NODE"] = "n1"
        return call
    }

    /// A call for a promotable clone on a cluster of these nodes.
    func replicatedCall(_ parameters: [String: String] = [:], nodes: [String] = ["n1", "n2"]) throws -> AgentCall {
        _ = try AgentCluster(folder: folder.path + "/cluster", nodes: nodes)
        var call = call(
            ["rep_mode": "sync", "node_list": nodes.joined(separator: " "), "master_ip": "127.0.1.1"]
                .merging(parameters) { $1 }
        )
        call.meta["promotable"] = "true"
        return call
    }
}

/// Runs a test on a stub, and leaves nothing of it behind.
func withStub(_ body: (StubInstance) throws -> Void) throws {
    let stub = try StubInstance()
    defer { stub.folder.remove() }
    try body(stub)
}
