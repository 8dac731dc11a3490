/// The verdict line: what is the matter, and the next command where there is something to do.
public func describeHealth(_ verdict: HealthVerdict, _ status: ClusterStatus) -> String {
    let words = HealthWords(status: status)
    switch verdict.reason {
    case .allInPlace: return "\(words.primary) is the primary, \(words.inPlace); \(words.successor)."
    case .singleInstance: return "\(words.primary) is the primary; no standby is configured."
    case .followsOutside: return "\(words.standbyNames) follows a primary outside the cluster."
    case .standbyMissing:
        return "\(words.primary) is the primary and \(words.successor), but \(words.problems). \(words.nextForStandby)"
    case .noStandby:
        return "\(words.primary) serves, but no standby can take over: \(words.problems). \(words.nextForStandby)"
    case .fencingOff:
        return "\(words.primary) serves, but fencing is off: a lost node can't be cut off, so two primaries can "
            + "come about. Next: crm configure property stonith-enabled=true"
    case .noFencingDevice:
        return "\(words.primary) serves, but no fencing device is configured: a lost node can't be cut off. "
            + "Next: crm ra list stonith"
    case .maintenance:
        return "\(words.primary) serves, but maintenance mode is on: nothing would take over. "
            + "Next: crm configure property maintenance-mode=false"
    case .noQuorum:
        return "\(words.primary) serves, but this partition has no quorum: nothing would take over, and another "
            + "partition may go on without it. Next: corosync-quorumtool -s"
    case .severalPrimaries: return "\(words.severalPrimaries) accept writes at once! \(words.nextForStray)"
    case .noPrimary: return "no node serves: \(words.problems). \(words.nextForDown)"
    case .noPrimaryInPartition:
        return "no primary in this partition, which has no quorum; another partition may have one. "
            + "Next: corosync-quorumtool -s"
    case .primaryUnknown: return "no primary is seen, and \(words.unjudged). \(words.nextForUnknown)"
    case .standbysUnknown: return "\(words.primary) is the primary, but \(words.unjudged). \(words.nextForUnknown)"
    case .clusterUnknown:
        return "\(words.primary) serves, but whether a standby would take over can't be told from here. "
            + words.nextForUnknown
    }
}

/// The parts that the sentences are made of.
private struct HealthWords {
    let status: ClusterStatus

    private var standbys: [NodeStatus] { status.standbys }
    private func names(_ nodes: [NodeStatus]) -> String { listed(nodes.map(\.name)) }
    private func place(_ node: NodeStatus) -> StandbyPlace { RACore.place(of: node, mode: status.mode) }

    var primary: String { status.serving.first?.name ?? "no node" }
    var standbyNames: String { names(status.nodes.filter { $0.role == .known(.standby) }) }

    var inPlace: String {
        standbys.count == 1
            ? "its standby \(names(standbys)) is in place" : "its standbys \(names(standbys)) are in place"
    }

    /// Who would be promoted: the highest score among those that are ready.
    var successor: String {
        let ready = standbys.filter { place($0) == .ready }
        guard let best = ready.max(by: { score($0) < score($1) }) else { return "no standby is ready" }
        return status.mode == .sync
            ? "\(best.name) could take over without loss"
            : "\(best.name) could take over, without commits that it hasn't received"
    }

    private func score(_ node: NodeStatus) -> Int {
        guard case .known(.some(.score(let number))) = node.promotionScore else { return 0 }
        return number
    }

    /// What is wrong with each node that isn't in place.
    var problems: String {
        let clauses = standbys.compactMap { node in problem(node).map { "\(node.name) \($0)" } }
        return clauses.isEmpty ? "no standby is configured" : clauses.joined(separator: "; ")
    }

    private func problem(_ node: NodeStatus) -> String? {
        switch place(node) {
        case .ready: nil
        case .following: status.mode == .sync ? "isn't a synchronous standby" : "streams, but its score bars promotion"
        case .unknown: node.role == .known(.standby) ? "is a standby that can't be judged" : "can't be judged"
        case .missing: whyMissing(node)
        }
    }

    fileprivate func isStopped(_ node: NodeStatus) -> Bool { node.stopNote?.scope == .node }

    private func whyMissing(_ node: NodeStatus) -> String {
        switch node.membership {
        case .known(.lost): return "was lost and isn't confirmed fenced"
        case .known(.offline): return "is offline"
        case .known(.standby): return isStopped(node) ? "was stopped by 'pgrex-tool stop'" : "is in standby mode"
        case .known(.online), .known(.maintenance), .unknown: break
        }
        switch node.activity {
        case .known(let activity): return clause(activity)
        case .unknown: return "can't be judged"
        }
    }

    private func clause(_ activity: InstanceActivity) -> String {
        switch activity {
        case .running: "runs"
        case .streaming: "streams, but not from this primary"
        case .catchingUp: "is catching up"
        case .connecting: "is connecting"
        case .disconnected: "is a standby that receives nothing"
        case .starting: "is starting"
        case .stopping: "is stopping"
        case .stopped: "is stopped"
        case .refusing: "refuses connections"
        case .hung: "doesn't answer though its process is there"
        case .failed: "failed"
        }
    }

    var unjudged: String {
        let unknown = status.nodes.filter { place($0) == .unknown }
        return unknown.isEmpty ? "not every node could be judged" : "\(names(unknown)) can't be judged"
    }
}

extension HealthWords {
    /// The command for the first standby that isn't in place.
    var nextForStandby: String {
        guard let node = standbys.first(where: { place($0) == .missing || place($0) == .unknown }) else {
            return "Next: pgrex-tool status --watch"
        }
        switch node.membership {
        case .known(.lost): return "Next: crm_mon -1rf"
        case .known(.offline): return "Next, on \(node.name): crm cluster start"
        case .known(.standby):
            return isStopped(node)
                ? "Next, on \(node.name): pgrex-tool rejoin" : "Next: crm node online \(node.name)"
        case .known(.online), .known(.maintenance), .unknown: break
        }
        switch node.activity {
        case .known(.stopped), .known(.failed), .known(.disconnected), .known(.refusing), .known(.hung):
            return "Next, on \(node.name): pgrex-tool rejoin"
        case .known(.catchingUp), .known(.connecting), .known(.starting), .known(.stopping), .known(.streaming),
            .known(.running):
            return "Next: pgrex-tool status --watch"
        case .unknown: return "Next, on \(node.name): pgrex-tool status"
        }
    }

    var nextForDown: String {
        if let note = status.nodes.compactMap(\.stopNote).first(where: { $0.scope == .all }) {
            return "'pgrex-tool stop --all' stopped it (\(note.author), \(note.time)). Next: pgrex-tool primary-start"
        }
        if !status.nodes.isEmpty, status.nodes.allSatisfy(isStopped) {
            return "Next, on one that should be the primary: pgrex-tool primary-start"
        }
        if let waitsFor = status.waitsFor { return "Nobody is promoted: \(waitsFor)" }
        return nextForStopped
    }

    private var nextForStopped: String {
        switch status.source {
        case .cluster: "Next: crm_mon -1rf"
        case .savedConfiguration: "Next, on each node: crm cluster start"
        }
    }

    var nextForUnknown: String {
        switch status.source {
        case .cluster:
            status.nodes.first { place($0) == .unknown }.map { "Next, on \($0.name): pgrex-tool status" }
                ?? "Next: crm_mon -1rf"
        case .savedConfiguration: "Next: crm cluster start, or pgrex-tool status on a node where the cluster runs"
        }
    }

    var severalPrimaries: String { listed(status.serving.map(\.name)) }

    /// The one that the cluster didn't promote goes; without such a record nobody can choose but a person.
    var nextForStray: String {
        let strays = status.serving.filter { $0.recordedRole != .promoted }
        guard strays.count == status.serving.count - 1, let stray = strays.first else {
            return "Next: keep clients off all but one, then crm node fence on the other"
        }
        return "The cluster didn't promote \(stray.name). Next: crm node fence \(stray.name)"
    }
}

private func listed(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + last
}
