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
        case .waitFor, .reconnectReceiver: nil
        }
    }

    private func words(_ attribute: NodeAttribute, _ node: String) -> [String] {
        ["-l", attribute.isPermanent ? "forever" : "reboot", "-N", node, "-n", attribute.name(resource: resource)]
    }

    /// Writes attributes side by side; their order among each other is open.
    ///
    /// A call that hangs is ended after its time and tried again while the deadline allows.
    /// - Returns: nil, or what failed.
    public func write(_ effects: [ClusterEffect], by deadline: Deadline) -> String? {
        var failure: String?
        var open = effects
        while !open.isEmpty {
            var failed: [ClusterEffect] = []
            for (effect, result) in runSideBySide(open, by: deadline.capped(milliseconds: callMilliseconds)) {
                if result.isSuccess || isAlreadyDeleted(effect, result) { continue }
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

    private func runSideBySide(_ effects: [ClusterEffect], by deadline: Deadline) -> [(ClusterEffect, CommandResult)] {
        var outcomes: [(ClusterEffect, CommandResult)] = []
        runBatch(effects[...], by: deadline, into: &outcomes)
        return outcomes
    }

    /// Starts one, then the rest, then collects: the calls overlap without an array of running commands.
    private func runBatch(
        _ effects: ArraySlice<ClusterEffect>,
        by deadline: Deadline,
        into outcomes: inout [(ClusterEffect, CommandResult)]
    ) {
        guard let first = effects.first, let command = command(for: first) else { return }
        let running = start(command)
        runBatch(effects.dropFirst(), by: deadline, into: &outcomes)
        outcomes.append((first, running.finish(by: deadline)))
    }

    /// Deleting what isn't there fails on some releases (ENXIO, exit code 105).
    private func isAlreadyDeleted(_ effect: ClusterEffect, _ result: CommandResult) -> Bool {
        guard case .delete = effect else { return false }
        return result.end == .exited(105) || result.end == .exited(6)
    }

    private func describe(_ effect: ClusterEffect) -> String {
        switch effect {
        case .set(let attribute, let node, let value):
            "setting node attribute \(attribute.name(resource: resource)) of \(node) to \(value)"
        case .delete(let attribute, let node):
            "deleting node attribute \(attribute.name(resource: resource)) of \(node)"
        case .waitFor(let set): "making commits wait for \"\(set.setting)\""
        case .reconnectReceiver: "reconnecting the WAL receiver"
        }
    }

    /// The nodes of this node's partition, as the controller itself sees them at this moment.
    public func partition(by deadline: Deadline) -> Observed<[String]> {
        let result = run(Command("crm_node", ["-p"]), by: deadline.capped(milliseconds: 5000))
        guard result.isSuccess else { return .unknown(why: "crm_node -p: \(result.summary)") }
        let words = String(decoding: result.output, as: UTF8.self).split { $0 == " " || $0.isNewline }
        return .known(words.map(String.init))
    }

    /// This node's name as the local cluster service knows it.
    public func localNodeName(by deadline: Deadline) -> String? {
        let result = run(Command("crm_node", ["-n"]), by: deadline.capped(milliseconds: 5000))
        let name = lastLine(String(decoding: result.output, as: UTF8.self))
        return result.isSuccess && !name.isEmpty ? name : nil
    }
}
