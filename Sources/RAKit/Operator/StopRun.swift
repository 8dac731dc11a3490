public import RACore

/// How a stop ended.
public enum StopEnd: Sendable, Hashable {
    case stopped
    /// It was asked for, and isn't over.
    case notYet([String])
}

extension OperatorSite {
    /// Has the instances that stop write a checkpoint first, so that the shutdown is short.
    ///
    /// - Returns: for each node without one, why: nothing depends on it.
    public func checkpoint(before action: StopAction, by deadline: Deadline) -> [(node: String, why: String)] {
        action.nodes.compactMap { node in checkpoint(node, by: deadline).map { (node, $0) } }
    }

    /// Stops by Pacemaker, noting first that it was this command.
    public func stop(_ action: StopAction) -> String? {
        let note = StopNote(
            scope: action.scope,
            formerTargetRole: action.formerTargetRole,
            author: author,
            time: timestamp()
        )
        // A node that is stopped for itself keeps the note of that.
        let effects = action.nodes.map { ClusterEffect.set(.stopped, node: $0, value: note.text) }
        if let failure = tools.write(effects, by: .after(milliseconds: 30_000)) { return failure }
        switch action.scope {
        case .node:
            for node in action.nodes {
                let words = ["-l", "forever", "-N", node, "-n", "standby", "-v", "on"]
                if let failure = carryOut(Command("crm_attribute", words)) { return failure }
            }
            return nil
        case .all: return setTargetRole("Stopped")
        }
    }

    private func setTargetRole(_ value: String?) -> String? {
        let change = value.map { ["--set-parameter", "target-role", "--parameter-value", $0] }
        return carryOut(
            Command(
                "crm_resource",
                ["--resource", facts.outerName, "--meta"] + (change ?? ["--delete-parameter", "target-role"])
            )
        )
    }

    /// Waits until the instances are down.
    public func awaitStop(_ action: StopAction, by deadline: Deadline) -> StopEnd {
        while true {
            let cluster = look()
            let running = action.nodes.filter { node in !(cluster.map { isDown($0, node) } ?? false) }
            if running.isEmpty { return .stopped }
            guard !deadline.isPast, !Interruption.isRequested else { return .notYet(running) }
            pause(milliseconds: 100)
        }
    }

    /// Takes back what `stop` did to nodes and to the resource, and nothing else.
    ///
    /// The notes go last: killed before, the same command goes on; one that nothing stands for any more is removed by the
    /// next.
    /// - Returns: nil, or what failed.
    public func takeBackStop(nodes: [String], all: StopNote?) -> String? {
        for node in nodes {
            if let failure = carryOut(Command("crm_attribute", ["-l", "forever", "-N", node, "-n", "standby", "-D"])) {
                return failure
            }
        }
        if let all, let failure = setTargetRole(all.formerTargetRole) { return failure }
        let noted = facts.cluster.nodes.filter { node in
            let name = NodeAttribute.stopped.name(resource: resource)
            guard let note = node.permanentAttributes[name].flatMap({ StopNote($0) }) else { return false }
            switch note.scope {
            case .all: return all != nil
            case .node: return nodes.contains { sameName($0, node.name) }
            }
        }
        let effects = noted.map { ClusterEffect.delete(.stopped, node: $0.name) }
        return effects.isEmpty ? nil : tools.write(effects, by: .after(milliseconds: 30_000))
    }

    /// Has the cluster forget this resource's failures on one node.
    public func clearFailures(on node: String) -> String? {
        carryOut(Command("crm_resource", ["--cleanup", "--resource", resource, "--node", node]))
    }
}

/// Takes back that `pgrex-tool stop` stopped a node, if it did: for commands that start one.
///
/// - Returns: nil when nothing was in the way, or it was taken back; otherwise what failed.
func takeBackStop(ofNode name: String, resource: String) -> String? {
    let tools = ClusterTools(resource: resource, callMilliseconds: 10_000)
    let cluster: ClusterObservation
    switch tools.observe(by: .after(milliseconds: 10_000)) {
    case .known(let known): cluster = known
    case .unknown(let why): return why
    }
    guard let node = cluster.node(name), case .ours = standbyMark(of: node, resource: resource) else { return nil }
    let words = ["-l", "forever", "-N", node.name, "-n", "standby", "-D"]
    let result = run(Command("crm_attribute", words), by: .after(milliseconds: 30_000))
    guard result.isSuccess else { return "crm_attribute: \(result.summary)" }
    return tools.write([.delete(.stopped, node: node.name)], by: .after(milliseconds: 30_000))
}

extension OperatorSite {
    /// By the cluster's history; a node that is gone runs nothing either.
    private func isDown(_ cluster: ClusterObservation, _ name: String) -> Bool {
        guard let node = cluster.node(name) else { return true }
        switch node.resourceRole {
        case .stopped: return true
        case .unknown: return !node.isUnclean
        case .promoted, .unpromoted, .failed: return !node.isOnline && !node.isUnclean
        }
    }
}
