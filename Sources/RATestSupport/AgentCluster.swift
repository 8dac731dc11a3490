internal import Foundation
public import RACore
internal import RAKit

/// A cluster that doesn't exist: the folder of files behind the commands in Tests/Fixtures/bin.
public struct AgentCluster: Sendable {
    public let folder: String
    /// What else differs from the plain case: "FAKE_WATCH".
    public var environment: [String: String] = [:]

    /// Makes a cluster of online nodes with quorum and fencing.
    public init(folder: String, nodes: [String]) throws {
        self.folder = folder
        for (index, node) in nodes.enumerated() {
            for part in ["permanent", "transient"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/nodes/\(node)/\(part)",
                    withIntermediateDirectories: true
                )
            }
            try write("nodes/\(node)/id", String(index + 1))
            try write("nodes/\(node)/state", NodeState.online.rawValue)
        }
        try write("properties", "cluster-name tokyo\nstonith-enabled true")
        try write("quorum", "1")
        try clearLog()
    }

    /// What the cluster's membership says of a node.
    public enum NodeState: String, Sendable { case online, offline, unclean }

    /// How long a node attribute lives.
    public enum Lifetime: String, Sendable { case permanent, transient }

    private func write(_ name: String, _ text: String) throws {
        try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    }

    private func read(_ name: String) -> String? { (try? readText(folder + "/" + name)).map { trimSpaces($0) } }

    /// The environment that leads an agent on `node` to this cluster.
    public func environment(of node: String) -> [String: String] {
        environment.merging(["FAKE_CLUSTER": folder, "FAKE_NODE": node]) { first, _ in first }
    }

    public func set(_ node: String, _ state: NodeState) throws { try write("nodes/\(node)/state", state.rawValue) }

    public func setQuorum(_ isHeld: Bool) throws { try write("quorum", isHeld ? "1" : "0") }

    public func setFencing(_ isEnabled: Bool) throws {
        try write("properties", "cluster-name tokyo\nstonith-enabled \(isEnabled)")
    }

    /// Another resource raises `admin_epoch` so far right before the next one does.
    public func setRival(adminEpoch: Int) throws { try write("rival", String(adminEpoch)) }

    /// What a node has published of its position.
    public func position(_ node: String) -> PublishedPosition? {
        read("nodes/\(node)/private.pg-position").flatMap { PublishedPosition($0) }
    }

    /// Records a finished operation, as the controller does.
    public func record(_ node: String, _ operation: String, code: Int32) throws {
        let last = read("nodes/\(node)/operation")?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        try write("nodes/\(node)/operation", "\(operation) \(code) \(last + 1)")
    }

    /// An attribute's value; names are the full ones ("pg-status").
    public func attribute(_ name: String, _ node: String) -> String? {
        read("nodes/\(node)/permanent/\(name)") ?? read("nodes/\(node)/transient/\(name)")
    }

    public func setAttribute(_ name: String, _ node: String, _ value: String?, _ lifetime: Lifetime = .transient) throws
    {
        let file = "nodes/\(node)/\(lifetime.rawValue)/\(name)"
        guard let value else { return try removeFile(folder + "/" + file) }
        try write(file, value)
    }

    /// A reboot: what isn't permanent is forgotten.
    public func forgetTransient(_ node: String) throws {
        for name in try listDirectory("\(folder)/nodes/\(node)/transient") { try setAttribute(name, node, nil) }
        try removeFile("\(folder)/nodes/\(node)/operation")
    }

    /// Makes a command fail; see Tests/Fixtures/bin/fake-cluster for the words. nil heals it.
    public func setFault(_ command: String, _ fault: String?) throws {
        guard let fault else { return try removeFile("\(folder)/fault.\(command)") }
        try write("fault.\(command)", fault)
    }

    /// Every call since the log was cleared, in order.
    public var calls: [String] { (read("log") ?? "").split(separator: "\n").map(String.init) }

    public func clearLog() throws { try Data().write(to: URL(fileURLWithPath: folder + "/log")) }
}
