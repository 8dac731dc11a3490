import RACore
import RAKit
import RATestSupport

/// Instances on one machine that take themselves for nodes of a cluster.
///
/// Node 1 listens on 127.0.1.1, node 2 on 127.0.1.2 and so on, all on one port; `primaryAddress` is what a virtual IP
/// address would be.
final class TestCluster {
    let instances: [TestInstance]
    var fake: AgentCluster
    var parameters: [String: String]
    var meta: [String: String] = ["promotable": "true", "notify": "true"]
    /// Whether the first monitor after a promotion leaves its work to the sentinel, as it does beside Pacemaker.
    var leavesFirstLook = false
    var primaryAddress = "127.0.1.1"

    init(_ mode: ReplicationMode, nodes: [String], in folder: String, parameters: [String: String]) throws {
        let port = Ports.next()
        instances = try nodes.enumerated().map { index, node in
            try TestInstance(node, in: folder, address: "127.0.1.\(index + 1)", port: port)
        }
        fake = try AgentCluster(folder: folder + "/cluster", nodes: nodes)
        self.parameters = ["rep_mode": mode.rawValue, "node_list": nodes.joined(separator: " ")]
            .merging(parameters) { $1 }
    }

    subscript(_ node: String) -> TestInstance {
        guard let instance = instances.first(where: { $0.node == node }) else { preconditionFailure("no node \(node)") }
        return instance
    }

    /// A call as Pacemaker makes it on a node.
    func call(_ node: String, _ changes: [String: String] = [:]) -> AgentCall {
        var call = self[node].call(parameters.merging(["master_ip": primaryAddress]) { $1 }.merging(changes) { $1 })
        call.meta.merge(meta) { $1 }
        call.environment.merge(fake.environment(of: node)) { $1 }
        return call
    }

    /// Runs an action and records its result, as the controller does.
    @discardableResult
    func run(_ action: String, _ node: String, _ changes: [String: String] = [:]) throws -> AgentAnswer {
        let answer = call(node, changes).run(action)
        if action == "promote", !leavesFirstLook {
            try? removeFile("\(self[node].folder)/\(node).run/pgsql-swift-pg.settling")
        }
        if let code = answer.code, ["start", "stop", "promote", "demote", "monitor"].contains(action) {
            try fake.record(node, action, code: code)
        }
        return answer
    }

    /// Runs an action that must give a code.
    func must(_ action: String, _ node: String, _ code: OCFExitCode = .success) throws {
        let answer = try run(action, node)
        guard answer.code == code.rawValue else {
            throw TestFailure("\(action) of \(node) didn't answer \(code.rawValue): \(answer)")
        }
    }

    func notify(_ type: String, _ operation: String, _ affected: String, on node: String) -> AgentAnswer {
        var call = call(node)
        call.meta["notify_type"] = type
        call.meta["notify_operation"] = operation
        call.meta["notify_\(operation)_uname"] = affected
        return call.run("notify")
    }

    /// An attribute of the resource: "status", "data-status"; "score" is the promotion score.
    func attribute(_ name: String, _ node: String) -> String? {
        fake.attribute(name == "score" ? "master-pg" : "pg-" + name, node)
    }

    /// The first node as the primary, the others streaming from it, and all of that recorded.
    func bringUp() throws {
        let nodes = instances.map(\.node)
        try must("start", nodes[0])
        try must("promote", nodes[0])
        for node in nodes.dropFirst() { try must("start", node) }
        try awaitStreaming(nodes.count - 1)
        try must("monitor", nodes[0], .runningPromoted)
        for node in nodes.dropFirst() { try must("monitor", node) }
    }

    /// Waits until the primary sends WAL to so many standbys.
    func awaitStreaming(_ count: Int, from node: String? = nil) throws {
        let primary = node.map { self[$0] } ?? instances[0]
        try waitFor("\(count) standbys stream from \(primary.node)") {
            primary.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == String(count)
        }
    }

    /// Waits until a standby has replayed all that the primary has written.
    func awaitReplay(_ node: String, of primary: String) throws {
        guard let target = self[primary].value("SELECT pg_current_wal_lsn()") else {
            throw TestFailure("\(primary) doesn't tell its position")
        }
        try waitFor("\(node) replays \(target)") {
            self[node].value("SELECT pg_last_wal_replay_lsn() >= '\(target)'::pg_lsn") == "t"
        }
    }

    /// A power cut: every process is gone at once, and the cluster has confirmed it by fencing.
    func cutPower(_ node: String) throws {
        endServers(self[node].data)
        try fake.set(node, .offline)
        try fake.forgetTransient(node)
    }
}

/// Runs a test on a cluster, and leaves nothing of it behind.
func withCluster(
    _ mode: ReplicationMode,
    nodes: [String] = ["n1", "n2"],
    _ parameters: [String: String] = [:],
    _ body: (TestCluster) throws -> Void
) throws {
    let folder = try AgentFolder("\(mode.rawValue)")
    defer { folder.remove() }
    try body(try TestCluster(mode, nodes: nodes, in: folder.path, parameters: parameters))
}
