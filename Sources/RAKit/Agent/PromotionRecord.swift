import RACore

extension Agent {
    private var promotionNote: RunFile { RunFile("promoted", resource: environment.resource) }

    /// Notes that the agent promotes this very server; a restart of the server or of the node forgets it.
    func notePromotion(_ postmaster: PostmasterObservation) {
        guard case .running(let file) = postmaster else { return }
        promotionNote.write(first: String(file.processID), rest: "")
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
    let set: ReplicaSet
    /// The cluster as it was read last; nil when that was before something was recorded.
    var cluster: ClusterObservation?
    /// What isn't recorded yet.
    var missing: [ClusterEffect] = []
    private var position: WALPosition?
    private var logged: String?

    init(set: ReplicaSet, cluster: ClusterObservation) {
        self.set = set
        self.cluster = cluster
    }

    /// - Returns: why nothing may be done yet.
    /// - Throws: why this node must not be promoted.
    mutating func look(_ instance: InstanceObservation, _ agent: Agent) throws(Refusal) -> String? {
        missing = []
        guard case .answering(let facts) = instance.server, facts.isInRecovery else { return nil }
        let known: ClusterObservation
        if let cluster { known = cluster } else { known = try agent.knownCluster() }
        cluster = nil
        if let refusal = refusePromotion(set, cluster: known) { throw refusal }
        position = position ?? facts.position
        let obstacle = promotionObstacle(set, cluster: known)
        if let obstacle, obstacle != logged { agent.log.warning("waiting with the promotion: \(obstacle)") }
        logged = obstacle
        guard obstacle == nil else { return obstacle }
        missing = preparePromotion(set, position: position ?? facts.position, cluster: known)
        return nil
    }
}
