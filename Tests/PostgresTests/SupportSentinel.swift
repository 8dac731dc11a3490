import Foundation
import RACore
import RAKit
import RATestSupport

/// A sentinel that runs, as it says of itself and as the system sees it.
struct RunningSentinel: Equatable {
    let processID: Int32

    /// Its arguments: "sentinel", what it was started by, the postmaster, the processes that send or receive WAL.
    var arguments: [String] {
        ((try? readText("/proc/\(processID)/cmdline")) ?? "").split(separator: "\0").dropFirst().map(String.init)
    }

    /// What the kernel tells of it, from its state on (proc(5), /proc/PID/stat); nil when it is gone.
    private var status: [Substring]? {
        guard let text = try? readText("/proc/\(processID)/stat"), let name = text.lastIndex(of: ")") else {
            return nil
        }
        return text[text.index(after: name)...].split(separator: " ")
    }

    /// "S" for one that sleeps, "T" for one that is halted.
    var state: Substring? { status?.first }
    var session: Int32? { status.flatMap { Int32($0[3]) } }
    /// Processor time in ticks, its own and the kernel's for it.
    var ticks: Int? { status.flatMap { fields in Int(fields[11]).flatMap { own in Int(fields[12]).map { own + $0 } } } }
    var isGone: Bool { status.map { "ZX".contains($0[0]) } ?? true }

    /// A line of /proc/PID/status: kB, or how often it was given the processor.
    func number(_ name: String) -> Int? {
        let lines = ((try? readText("/proc/\(processID)/status")) ?? "").split(separator: "\n")
        return lines.first { $0.hasPrefix(name + ":") }.flatMap { line in
            line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        }
    }

    /// What its descriptors lead to, by their numbers.
    var descriptors: [Int: String] {
        let names = ((try? listDirectory("/proc/\(processID)/fd")) ?? []).compactMap { Int($0) }
        return names.reduce(into: [:]) { $0[$1] = linkTarget("/proc/\(processID)/fd/\($1)") }
    }

    func signal(_ number: Int32) { kill(processID, number) }

    func awaitEnd() throws { try waitFor("the end of sentinel \(processID)") { isGone } }

    /// Halts it, as a process that hangs.
    func halt() throws {
        signal(SIGSTOP)
        try waitFor("sentinel \(processID) halted") { state == "T" }
    }
}

extension TestCluster {
    /// Makes the first node a primary alone, with its sentinel beside it.
    func startWatchedPrimary() throws -> RunningSentinel {
        try must("start", "n1")
        try must("promote", "n1")
        try must("monitor", "n1", .runningPromoted)
        return try awaitSentinel("n1")
    }

    /// Has the cluster know of the resource: a sentinel asks whether anybody acts on a failure.
    ///
    /// - Parameter meta: meta attributes of the resource.
    func describeResource(_ meta: [String: String] = [:]) throws {
        let pairs = meta.map { "<nvpair id=\"m-\($0)\" name=\"\($0)\" value=\"\($1)\"/>" }.joined()
        let text =
            "<primitive id=\"pg\" class=\"ocf\" provider=\"heartbeat\" type=\"pgsql-swift\">"
            + "<meta_attributes id=\"m\">\(pairs)</meta_attributes></primitive>\n"
        for instance in instances {
            let place = "\(fake.folder)/nodes/\(instance.node)/resources"
            try replaceFile(place, with: Array(text.utf8), mode: 0o644)
        }
    }

    /// All sentinels of a node, whether or not they are known to the agent.
    func sentinels(_ node: String) -> [RunningSentinel] {
        let marks = ["FAKE_CLUSTER=\(fake.folder)", "FAKE_NODE=\(node)"]
        return ((try? listDirectory("/proc")) ?? []).compactMap { Int32($0) }.map { RunningSentinel(processID: $0) }
            .filter { found in
                guard found.arguments.first == "sentinel", !found.isGone,
                    let environment = try? readText("/proc/\(found.processID)/environ")
                else { return false }
                return marks.allSatisfy { environment.split(separator: "\0").contains($0[...]) }
            }
    }

    /// What the sentinel of a node says that it watches: the postmaster first; nil without one that waits for something.
    func watched(_ node: String) -> [Int32]? {
        guard case .busy(let text) = FileLock.take(sentinelLock(node), holder: nil) else { return nil }
        return text.split(separator: " ").dropFirst(3).compactMap { Int32($0) }
    }

    func sentinelLock(_ node: String) -> String { "\(self[node].folder)/\(node).run/pgsql-swift-pg.sentinel" }

    /// The one sentinel of a node, once it watches the postmaster there and so many processes that send or receive WAL.
    @discardableResult
    func awaitSentinel(_ node: String, links: Int? = nil) throws -> RunningSentinel {
        try waitFor("a sentinel beside \(node)'s postmaster that watches \(links ?? 0) more") {
            guard let watched = watched(node), let postmaster = self[node].processID else { return false }
            return watched.first == postmaster && (links ?? watched.count - 1) == watched.count - 1
        }
        // A command that one is about to run has its name until it is there.
        var found: [RunningSentinel] = []
        try waitFor("one sentinel of \(node)", seconds: 5) {
            found = sentinels(node)
            return found.count == 1
        }
        return found[0]
    }

    /// Both nodes up, and nothing but one node's sentinel that looks.
    func bringUp(watching node: String) throws {
        try bringUp()
        try awaitSentinel(node, links: 1)
        for other in instances where other.node != node { try silence(other.node) }
    }

    /// Leaves a node without one, so that only the other node's acts.
    func silence(_ node: String) throws {
        for found in sentinels(node) {
            found.signal(SIGKILL)
            try found.awaitEnd()
        }
    }

    /// What the cluster was told of failures.
    var reports: [String] { fake.calls.filter { $0.hasPrefix("crm_resource --fail") } }
}

/// Actions that run while the test looks on.
final class Background {
    private let process = Process()

    /// - Parameter actions: one after the other.
    convenience init(_ call: AgentCall, actions: [String]) throws {
        try self.init(actions.map { call.script([$0]) }.joined(separator: "; "))
    }

    /// - Parameter words: the arguments of one call.
    convenience init(_ call: AgentCall, _ words: [String]) throws { try self.init("exec " + call.script(words)) }

    private init(_ calls: String) throws {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", calls]
        for keyPath in [\Process.standardInput, \.standardOutput, \.standardError] {
            process[keyPath: keyPath] = FileHandle.nullDevice
        }
        try process.run()
    }

    deinit { if process.isRunning { process.terminate() } }

    var hasEnded: Bool { !process.isRunning }
}

/// Runs a test on a cluster whose sentinels act, and leaves nothing of it behind.
func withSentinels(
    _ mode: ReplicationMode = .sync,
    nodes: [String] = ["n1", "n2"],
    _ parameters: [String: String] = [:],
    _ body: (TestCluster) throws -> Void
) throws {
    try withCluster(mode, nodes: nodes, parameters) { cluster in
        try cluster.describeResource()
        // What ends after the test isn't to be reported any more.
        defer { for node in nodes { try? cluster.silence(node) } }
        try body(cluster)
    }
}

/// Never true: that nothing happens is seen by looking for it all the time.
func happens(within milliseconds: Int, _ look: () -> Bool) -> Bool {
    wait(until: .after(milliseconds: milliseconds), everyMilliseconds: 50) { look() ? true : nil } ?? false
}
