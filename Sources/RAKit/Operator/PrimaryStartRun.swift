public import RACore

/// How a start of the primary ended.
public enum PrimaryStartEnd: Sendable, Hashable {
    /// A primary runs: this node, or another that has more.
    case primary(String)
    /// None within the time; what it waits for.
    case none(why: String)
    case failed(String)
}

extension OperatorSite {
    /// What `primary-start` goes by; nil when this node's name isn't known.
    public var primaryStartFacts: PrimaryStartFacts? {
        ownNode.map {
            PrimaryStartFacts(node: $0, facts: facts, election: election?.outcome, record: election?.record)
        }
    }

    /// Starts what was stopped and waits for the cluster's promotion; nothing is promoted by this command.
    ///
    /// - Parameter tell: is told what is waited for, when that changes.
    public func startPrimary(
        _ action: PrimaryStartAction,
        by deadline: Deadline,
        tell: (String) -> Void
    ) -> PrimaryStartEnd {
        // Failures first: what is started then isn't kept away by them.
        if action.clearsFailures, let node = ownNode, let failure = clearFailures(on: node) { return .failed(failure) }
        if let failure = takeBackStop(nodes: action.nodesToRelease, all: action.stopOfAll) { return .failed(failure) }
        var last = "nothing was seen yet"
        while true {
            if let primary = look()?.promotedNode(), isPrimary(primary) { return .primary(primary) }
            if let why = whyNobody(), why != last {
                last = why
                tell(why)
            }
            guard !deadline.isPast, !Interruption.isRequested else { return .none(why: last) }
            pause(milliseconds: 200)
        }
    }

    /// Why nobody is promoted at this moment; nil when that can't be told, or somebody is.
    private func whyNobody() -> String? {
        guard let site = try? OperatorSite.read(resource: resource), let election = site.election else { return nil }
        if let coming = nodesToCome(election.outcome, site.facts) {
            return "waiting for the instance of \(coming.joined(separator: ", ")) to come up"
        }
        return describe(election.outcome, record: election.record)
    }

    /// Removes notes of stops that somebody else has taken back since, so that a later stop isn't taken for ours.
    public func removeStaleNotes() {
        let isStopped = facts.targetRole?.lowercased() == "stopped"
        let stale = facts.cluster.nodes.filter { node in
            if stopNote(of: node, resource: resource, scope: .node) != nil { return !node.isInStandbyMode }
            return stopNote(of: node, resource: resource, scope: .all) != nil && !isStopped
        }
        guard !stale.isEmpty else { return }
        _ = tools.write(stale.map { .delete(.stopped, node: $0.name) }, by: .after(milliseconds: 10_000))
    }
}

/// The cluster's services on this node.
public enum ClusterServices {
    /// What starts them here, first what a site with it uses: crmsh, pcs, systemd; nil where none of these is.
    public static var startCommand: Command? {
        let candidates = [
            ("crm", ["cluster", "start"]), ("pcs", ["cluster", "start"]), ("systemctl", ["start", "pacemaker"]),
        ]
        return candidates.first { findProgram($0.0) != nil }.map { Command($0.0, $0.1) }
    }

    /// Starts them and waits until the cluster answers and has quorum.
    ///
    /// - Returns: nil, or what failed.
    public static func start(_ command: Command, by deadline: Deadline) -> String? {
        var command = command
        command.group = .own
        let result = run(command, by: deadline)
        let words = ([command.program] + command.arguments).joined(separator: " ")
        guard result.isSuccess else { return "'\(words)': \(result.summary)" }
        var last = ""
        let isUp = wait(until: deadline, everyMilliseconds: 200) { () -> Bool? in
            if Interruption.isRequested { return false }
            let answer = run(ClusterTools.readCIB, by: deadline.capped(milliseconds: 5000))
            last = answer.summary
            guard answer.isSuccess, let cluster = try? parseCIB(answer.output, resource: "") else { return nil }
            last = "it has no quorum"
            return cluster.actsWithQuorum && cluster.designatedController != nil ? true : nil
        }
        return isUp == true ? nil : "'\(words)' was run, but the cluster isn't up: \(last)"
    }
}
