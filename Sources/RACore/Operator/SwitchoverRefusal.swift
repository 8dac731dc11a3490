/// Why a node can't take over now.
public enum TargetObstacle: Sendable, Hashable {
    case offline
    case standbyMode
    case maintenance
    /// Pacemaker wouldn't run there what has failed there.
    case failures([String])
    /// A constraint keeps the primary away.
    case banned(String)
    /// No standby runs there: what is there instead.
    case notAStandby(String)
    case notStreaming(String)
    /// Commits don't wait for it.
    case notSynchronous(String)
    /// Its promotion score.
    case notPromotable(score: String?)
    case lag(UInt64, limit: UInt64)
    case unknown(why: String)

    /// One clause, after the node's name.
    public var text: String {
        switch self {
        case .offline: "is offline"
        case .standbyMode: "is in standby mode, and runs nothing"
        case .maintenance: "is in maintenance mode"
        case .failures(let names): "has failures of \(names.joined(separator: ", ")) that the cluster still counts"
        case .banned(let constraint): "may not run the primary: constraint \"\(constraint)\""
        case .notAStandby(let what): "has no running standby: it is \(what)"
        case .notStreaming(let what): "doesn't stream: it is \(what)"
        case .notSynchronous(let state):
            "may lack acknowledged commits: they don't wait for it (\"\(state)\" instead of \"sync\" or \"quorum\")"
        case .notPromotable(let score):
            "may not be promoted: its score is \(score ?? "not set")"
        case .lag(let bytes, let limit):
            "has \(sizeText(bytes)) of WAL to replay first, more than \(sizeText(limit)), and clients would wait for that"
        case .unknown(let why): "can't be judged: \(why)"
        }
    }

    func hint(node: String) -> String {
        switch self {
        case .offline: "'pgrex-tool status'."
        case .standbyMode: "'pgrex-tool rejoin' on \(node), or 'crm node online \(node)'."
        case .maintenance: "'crm node ready \(node)'."
        case .failures(let names): "'crm_resource --cleanup --resource \(names.first ?? "") --node \(node)'."
        case .banned(let constraint): "'crm configure delete \(constraint)', if whoever set it agrees."
        case .notAStandby, .notStreaming: "'pgrex-tool rejoin' on \(node)."
        case .notSynchronous, .notPromotable, .unknown: "'pgrex-tool status'."
        case .lag: "Run it again when it has caught up, or allow more with --max-lag."
        }
    }
}

/// Why nothing is moved, with the next command.
public enum SwitchoverRefusal: Error, Sendable, Hashable {
    case cluster(OperatorObstacle)
    case noPrimary
    /// The primary's instance doesn't tell what its standbys have.
    case primaryUnclear(String, why: String)
    /// On this node.
    case running
    case underWay(to: String, begunOn: String, until: String)
    case unknownNode(String, members: [String])
    case target(String, TargetObstacle, others: [String])
    case nobody(primary: String, [String: TargetObstacle])
    /// What was agreed to isn't what is found now.
    case changed

    public var text: String {
        switch self {
        case .cluster(let obstacle): return obstacle.text
        case .noPrimary:
            return
                "no primary runs: there is nothing to switch over. HINT: 'pgrex-tool status' says what the cluster waits for."
        case .primaryUnclear(let node, let why):
            return "the primary \(node) can't be asked: \(why). HINT: 'pgrex-tool status'."
        case .running: return "another switchover runs on this node. HINT: 'pgrex-tool status --watch' shows it."
        case .underWay(let target, let starter, let until):
            return
                "a switchover to \(target) was begun on \(starter) and may still be under way; what it set ends by itself at "
                + "\(until). HINT: Run it again after that, or on \(starter)."
        case .unknownNode(let node, let members):
            return "no node \"\(node)\": there are \(members.joined(separator: ", "))"
        case .target(let node, let obstacle, let others):
            let hint =
                others.isEmpty
                ? obstacle.hint(node: node)
                : "'pgrex-tool switchover \(others[0])' would do."
            return "\(node) \(obstacle.text). HINT: \(hint)"
        case .nobody(let primary, let obstacles):
            let clauses = obstacles.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.text)" }
            return "no node can take over from \(primary): "
                + (clauses.isEmpty ? "there is no other" : clauses.joined(separator: "; "))
                + ". HINT: 'pgrex-tool status'."
        case .changed: return "the nodes aren't as they were when the question was asked. HINT: Run the command again."
        }
    }
}
