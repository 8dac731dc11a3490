import RACore

extension Agent {
    private var promotionNote: RunFile { RunFile("promoted", resource: environment.resource) }

    /// Notes that the agent promotes this very server; a restart of the server or of the node forgets it.
    func notePromotion(_ postmaster: PostmasterObservation) {
        guard case .running(let file) = postmaster else { return }
        promotionNote.write(first: String(file.processID), body: "")
    }

    /// Whether the agent promoted this very server.
    func isPromotedHere(_ postmaster: PostmasterObservation) -> Bool {
        guard case .running(let file) = postmaster else { return false }
        return promotionNote.read()?.first == String(file.processID)[...]
    }

    /// Whatever starts or ends a server.
    func forgetPromotion() { promotionNote.remove() }
}

/// What the cluster must know before a promotion, and whether it does.
///
/// The cluster is read anew after every record: commits that the new primary acknowledges are safe only once nobody else
/// can be promoted by an older one.
struct PromotionRecord {
    private let set: ReplicaSet
    /// What is to be recorded now.
    private(set) var missing: [ClusterEffect] = []
    private var isWritten = false
    private var position: WALPosition?
    private var logged: String?
    /// Pacemaker may need this action's end to do what it waits for.
    private var end: Deadline?

    init(set: ReplicaSet) { self.set = set }

    var isOverdue: Bool { end?.isPast ?? false }

    /// Looks at the cluster.
    ///
    /// - Returns: why nothing may be done yet.
    /// - Throws: why this node must not be promoted.
    mutating func look(_ instance: InstanceObservation, _ agent: Agent) throws(Refusal) -> String? {
        missing = []
        guard case .answering(let facts) = instance.server, facts.isInRecovery else { return nil }
        let obstacle: String?
        switch agent.tools.observe(by: agent.lookDeadline) {
        case .unknown(let why): obstacle = "the cluster isn't known: \(why)"
        case .known(let cluster): obstacle = try look(cluster, facts, agent)
        }
        if let obstacle, obstacle != logged { agent.log.warning("waiting with the promotion: \(obstacle)") }
        logged = obstacle
        if obstacle != nil, end == nil { end = agent.deadline.capped(milliseconds: 10_000) }
        return obstacle
    }

    private mutating func look(
        _ cluster: ClusterObservation,
        _ facts: ServerFacts,
        _ agent: Agent
    ) throws(Refusal) -> String? {
        if let refusal = refusePromotion(set, cluster: cluster) { throw refusal }
        if let obstacle = promotionObstacle(set, cluster: cluster, members: nil) { return obstacle }
        let start = position ?? facts.position
        position = start
        let open = preparePromotion(set, position: start, cluster: cluster)
        if !isWritten && !open.isEmpty {
            (missing, isWritten) = (open, true)
            return nil
        }
        // The rest is for people and for scores, and goes with the node.
        let durable = open.first { if case .set(.dataStatus, _, _) = $0 { true } else { false } }
        if case .set(_, let node, _) = durable { return "the cluster doesn't show yet what was recorded of \(node)" }
        switch agent.tools.partition(by: agent.lookDeadline) {
        case .unknown(let why): return why
        case .known(let members): return promotionObstacle(set, cluster: cluster, members: members)
        }
    }
}
