public import RACore

/// Pacemaker, through its command-line tools: their options are its stable interface.
///
/// The forms work from Pacemaker 2.0 to 3.0; `crm_attribute -p -v -INFINITY` doesn't on 2.1, hence scores are written
/// as the attributes that they are.
public struct ClusterTools: Sendable {
    public var resource: String
    /// The time that one call may take, in milliseconds (parameter `crm_attr_timeout`).
    public var callMilliseconds: Int

    public init(resource: String, callMilliseconds: Int) {
        self.resource = resource
        self.callMilliseconds = callMilliseconds
    }

    /// The one read: the whole CIB, membership and attributes included.
    public static let readCIB = Command("cibadmin", ["--query"])

    /// Starts reading while the caller does something else.
    public func startReading() -> RunningCommand { start(ClusterTools.readCIB) }

    /// The same from one node's own copy of the CIB, whichever node would answer otherwise.
    func startReading(copyOf node: String) -> RunningCommand {
        start(Command("cibadmin", ClusterTools.readCIB.arguments + ["--node", node]))
    }

    /// The cluster, or why it isn't known.
    public func cluster(from result: CommandResult) -> Observed<ClusterObservation> {
        guard result.isSuccess else { return .unknown(why: "cibadmin --query: \(result.summary)") }
        do throws(CIBError) {
            return .known(try parseCIB(result.output, resource: resource))
        } catch {
            return .unknown(why: "the output of cibadmin --query can't be read: \(error.description)")
        }
    }

    public func observe(by deadline: Deadline) -> Observed<ClusterObservation> {
        cluster(from: startReading().finish(by: deadline.capped(milliseconds: 20_000)))
    }

    /// The command that makes an attribute what it should be; nil for effects that aren't attributes.
    public func command(for effect: ClusterEffect) -> Command? {
        switch effect {
        case .set(let attribute, let node, let value): Command("crm_attribute", words(attribute, node) + ["-v", value])
        case .delete(let attribute, let node): Command("crm_attribute", words(attribute, node) + ["-D"])
        case .publish(let position): Command("attrd_updater", ["-p", "-n", positionName, "-U", position.text])
        case .withdrawPosition: Command("attrd_updater", ["-p", "-n", positionName, "-D"])
        case .outrank(let epoch): Command("cibadmin", ["--modify", "--xml-text", "<cib admin_epoch=\"\(epoch)\"/>"])
        case .record, .waitFor, .reconnectReceiver: nil
        }
    }

    private func words(_ attribute: NodeAttribute, _ node: String) -> [String] {
        ["-l", attribute.isPermanent ? "forever" : "reboot", "-N", node, "-n", attribute.name(resource: resource)]
    }

    /// The private attribute of the nodes' positions: it is in no CIB, so that no transition is aborted by it.
    private var positionName: String { resource + "-position" }

    /// What the nodes have published of their positions; none where Pacemaker's daemon doesn't answer.
    public func positions(by deadline: Deadline) -> [NodePosition] {
        positions(from: startAskingPositions().finish(by: deadline.capped(milliseconds: 5000)))
    }

    /// Starts asking for them while the caller does something else.
    func startAskingPositions() -> RunningCommand { start(valuesCommand(positionName)) }

    func positions(from result: CommandResult) -> [NodePosition] {
        values(from: result).compactMap { node, value in
            PublishedPosition(value).map { NodePosition(node: node, position: $0) }
        }
    }

    /// Whether nodes have a record themselves: each is asked for its own copy of the CIB.
    ///
    /// - Returns: the first that doesn't go by it in time, or nil.
    public func nodeWithout(_ record: ClusterRecord, of nodes: [String], by deadline: Deadline) -> String? {
        var open = nodes
        while !open.isEmpty {
            let commands = open.map { Command("cibadmin", ["--query", "--scope", "nodes", "--node", $0]) }
            let results = runSideBySide(commands, by: deadline)
            open = zip(open, results).filter { !shows(record, $0.1) }.map(\.0)
            guard !open.isEmpty, deadline.remainingMilliseconds > 50 else { break }
            pause(milliseconds: 10)
        }
        return open.first
    }

    /// Whether the nodes' part of a CIB goes by a record.
    func shows(_ record: ClusterRecord, _ result: CommandResult) -> Bool {
        let name = NodeAttribute.record.name(resource: resource)
        guard result.isSuccess, let values = try? parseNodeAttributes(result.output, name: name) else { return false }
        return goesBy(record, values.compactMap { ClusterRecord($0) })
    }

    /// Writes attributes side by side; their order among each other is open.
    ///
    /// A call that hangs is ended after its time and tried again while the deadline allows.
    /// - Parameter meanwhile: what else is done, once, while the commands run.
    /// - Returns: nil, or what failed.
    public func write(
        _ effects: [ClusterEffect],
        by deadline: Deadline,
        meanwhile: () -> Void = {}
    ) -> String? {
        var failure: String?
        var (open, isFirst) = (effects, true)
        if open.isEmpty { meanwhile() }
        while !open.isEmpty {
            var failed: [ClusterEffect] = []
            let commands = open.compactMap { command(for: $0) }
            let results = runSideBySide(commands, by: deadline.capped(milliseconds: callMilliseconds)) {
                if isFirst { meanwhile() }
            }
            isFirst = false
            for (effect, result) in zip(open, results) {
                if result.isSuccess || isDoneAlready(effect, result, by: deadline) { continue }
                failed.append(effect)
                failure = "\(describe(effect)): \(result.summary)"
            }
            open = failed
            guard !open.isEmpty else { return nil }
            guard deadline.remainingMilliseconds > 200 else { return failure }
            pause(milliseconds: 50)
        }
        return nil
    }

    private func runSideBySide(
        _ commands: [Command],
        by deadline: Deadline,
        meanwhile: () -> Void = {}
    ) -> [CommandResult] {
        var results: [CommandResult] = []
        runBatch(commands[...], by: deadline, into: &results, meanwhile)
        return results.reversed()
    }

    /// Starts one, then the rest, then collects: the calls overlap without an array of running commands.
    private func runBatch(
        _ commands: ArraySlice<Command>,
        by deadline: Deadline,
        into results: inout [CommandResult],
        _ meanwhile: () -> Void
    ) {
        guard let first = commands.first else { return meanwhile() }
        let running = start(first)
        runBatch(commands.dropFirst(), by: deadline, into: &results, meanwhile)
        results.append(running.finish(by: deadline))
    }

    /// Whether a failed call leaves what it was to bring about.
    private func isDoneAlready(_ effect: ClusterEffect, _ result: CommandResult, by deadline: Deadline) -> Bool {
        switch effect {
        // Deleting what isn't there fails on some releases (ENXIO, exit code 105).
        case .delete: return result.end == .exited(105) || result.end == .exited(6)
        // The promotion of another resource has raised it further, and Pacemaker refuses to go back.
        case .outrank(let epoch): return observe(by: deadline).value.map { $0.adminEpoch >= epoch } ?? false
        case .set, .publish, .withdrawPosition, .record, .waitFor, .reconnectReceiver: return false
        }
    }

    private func describe(_ effect: ClusterEffect) -> String {
        switch effect {
        case .set(let attribute, let node, let value):
            "setting node attribute \(attribute.name(resource: resource)) of \(node) to \(value)"
        case .delete(let attribute, let node):
            "deleting node attribute \(attribute.name(resource: resource)) of \(node)"
        case .record(let record): "recording \(record.text)"
        case .waitFor(let set, _): "making commits wait for \"\(set.setting)\""
        case .publish: "publishing this node's position"
        case .withdrawPosition: "withdrawing this node's position"
        case .outrank(let epoch): "raising admin_epoch to \(epoch)"
        case .reconnectReceiver: "reconnecting the WAL receiver"
        }
    }

    /// Has Pacemaker's daemon for attributes write all that it holds into the CIB.
    public func refreshAttributes(by deadline: Deadline) {
        let name = NodeAttribute.score.name(resource: resource)
        _ = run(Command("attrd_updater", ["-R", "-n", name]), by: deadline.capped(milliseconds: 5000))
    }

    /// This node's name as the local cluster service knows it.
    public func localNodeName(by deadline: Deadline) -> String? {
        let result = run(Command("crm_node", ["-n"]), by: deadline.capped(milliseconds: 5000))
        let name = lastLine(String(decoding: result.output, as: UTF8.self))
        return result.isSuccess && !name.isEmpty ? name : nil
    }
}
