import RACore

/// What the cluster must know before a promotion, and whether it does.
///
/// Commits that the new primary acknowledges are safe only once nobody else can be promoted by an older record: every
/// node that is here is asked for its own copy.
struct PromotionPreparation {
    private let set: ReplicaSet
    /// What this promotion needs first, until it is done.
    private(set) var missing: [ClusterEffect] = []
    private var written: ClusterRecord?
    /// What the configuration's version must be, once the others have the record.
    private var sealed: Int?
    private var ballots: [Ballot] = []
    /// Why this node was chosen.
    private var proof: ElectionProof?
    /// How far this node had come when its promotion was recorded.
    var baseline: LSN? { written?.lsn }
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
        // As long as the action may take: the server replays it before its promotion in any case.
        guard facts.hasReachedEnd else { return "replay hasn't come to the end of the WAL that is here" }
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
        let record = agent.newestRecord(cluster)
        guard let own = agent.position(facts, record: record) else {
            throw Refusal(.genericError, "not promoted: the history of timeline \(facts.timeline) can't be read")
        }
        guard written == nil else { return confirm(cluster, agent) }
        if let obstacle = try electionObstacle(own, record, cluster, agent) { return obstacle }
        if let obstacle = promotionObstacle(set, cluster: cluster) { return obstacle }
        let former = record.map { carriedOut($0, ballots) }
        // Chosen among all because the record was outdated: what that promises mustn't hold again.
        let isBelieved = proof != .everybody && proof != .new
        let wanted = recordOfPromotion(
            set,
            position: own,
            record: former,
            keepsFormer: isBelieved && !agent.parameters.restartOnPromote
        )
        (missing, written) = (preparePromotion(set, record: wanted, cluster: cluster), wanted)
        return nil
    }

    /// Whether the nodes that are here have chosen this one.
    private mutating func electionObstacle(
        _ own: PublishedPosition,
        _ record: ClusterRecord?,
        _ cluster: ClusterObservation,
        _ agent: Agent
    ) throws(Refusal) -> String? {
        ballots = RACore.ballots(
            set,
            positions: agent.tools.positions(by: agent.lookDeadline).with(set.ownNode, own),
            own: set.ownNode,
            cluster: cluster,
            isPatient: false
        )
        let outcome = choosePrimary(ballots, record: record, mode: set.mode, preferred: set.ownNode)
        guard let refusal = refusePromotion(set, outcome: outcome, record: record, cluster: cluster) else {
            if case .chosen(_, let why) = outcome { proof = why }
            if proof == .asynchronous {
                agent.log.warning("commits waited for nobody: those that were not sent yet are lost")
            }
            return nil
        }
        // Without notifications the others publish their positions at their monitors.
        if case .lacking = outcome, !agent.environment.isNotified { return refusal.reason }
        throw refusal
    }

    /// Whether what was recorded is known to whoever could decide otherwise.
    ///
    /// They are asked twice: before and after the configuration is made to win over any in which that isn't so.
    private mutating func confirm(_ cluster: ClusterObservation, _ agent: Agent) -> String? {
        if let obstacle = promotionObstacle(set, cluster: cluster) { return obstacle }
        guard let written else { return nil }
        if let sealed, cluster.adminEpoch < sealed { return "admin_epoch isn't \(sealed) yet" }
        let witnesses = promotionWitnesses(set, cluster: cluster)
        let end = agent.lookDeadline.capped(milliseconds: 1000)
        if let node = agent.tools.nodeWithout(written, of: witnesses, by: end) {
            return "\(node) doesn't show record \(written.stamp) yet"
        }
        guard sealed == nil else { return nil }
        (missing, sealed) = ([sealPromotion(cluster)], cluster.adminEpoch + 1)
        return nil
    }
}
