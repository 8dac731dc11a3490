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
    private var logged: String?
    /// Pacemaker may need this action's end to do what it waits for.
    private var end: Deadline?

    /// What the first look goes by.
    private var first: Sight?
    /// The nodes that were here at the last look and must know of the record.
    private var witnesses: [String] = []

    /// The cluster, and what its nodes have published of their positions.
    typealias Sight = (cluster: ClusterObservation, positions: [NodePosition])

    init(set: ReplicaSet, seen first: Sight) {
        self.set = set
        self.first = first
    }

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
        let obstacle = written == nil ? try elect(facts, agent) : confirm(agent)
        if let obstacle, obstacle != logged { agent.log.warning("waiting with the promotion: \(obstacle)") }
        logged = obstacle
        if obstacle != nil, end == nil { end = agent.deadline.capped(milliseconds: 10_000) }
        return obstacle
    }

    private func sight(_ agent: Agent) -> Observed<Sight> {
        let reading = agent.tools.startReading()
        let asking = agent.tools.startAskingPositions()
        let cluster = agent.tools.cluster(from: reading.finish(by: agent.lookDeadline))
        let positions = agent.tools.positions(from: asking.finish(by: agent.lookDeadline))
        return cluster.map { ($0, positions) }
    }

    /// Sees to it that this node is the one to be promoted, and says what must be recorded of that.
    private mutating func elect(_ facts: ServerFacts, _ agent: Agent) throws(Refusal) -> String? {
        let seen: Sight
        switch first.map({ .known($0) }) ?? sight(agent) {
        case .unknown(let why): return "the cluster isn't known: \(why)"
        case .known(let sight): seen = sight
        }
        first = nil
        let record = agent.newestRecord(seen.cluster)
        guard let own = agent.position(facts, record: record) else {
            throw Refusal(.genericError, "not promoted: the history of timeline \(facts.timeline) can't be read")
        }
        if let obstacle = try electionObstacle(own, record, seen, agent) { return obstacle }
        if let obstacle = promotionObstacle(set, cluster: seen.cluster) { return obstacle }
        let former = record.map { carriedOut($0, ballots) }
        // Chosen among all because the record was outdated: what that promises mustn't hold again.
        let isBelieved = proof != .everybody && proof != .new
        let wanted = recordOfPromotion(
            set,
            position: own,
            record: former,
            keepsFormer: isBelieved && !agent.parameters.restartOnPromote
        )
        (missing, written) = (preparePromotion(set, record: wanted, cluster: seen.cluster), wanted)
        witnesses = promotionWitnesses(set, cluster: seen.cluster)
        return nil
    }

    /// Whether the nodes that are here have chosen this one.
    private mutating func electionObstacle(
        _ own: PublishedPosition,
        _ record: ClusterRecord?,
        _ seen: Sight,
        _ agent: Agent
    ) throws(Refusal) -> String? {
        ballots = RACore.ballots(
            set,
            positions: seen.positions.with(set.ownNode, own),
            own: set.ownNode,
            cluster: seen.cluster,
            isPatient: false
        )
        let outcome = choosePrimary(ballots, record: record, mode: set.mode, preferred: set.ownNode)
        guard let refusal = refusePromotion(set, outcome: outcome, record: record, cluster: seen.cluster) else {
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
    /// All of them are asked before the configuration is made to win over any other. After that this node's own copy tells: one
    /// that has replaced it meanwhile shows there (decision 14).
    private mutating func confirm(_ agent: Agent) -> String? {
        guard let written else { return nil }
        let tools = agent.tools
        let end = agent.lookDeadline.capped(milliseconds: 1000)
        // This node's own copy, where it has one, and at the same time those of the others.
        let isWitness = witnesses.contains { sameName($0, set.ownNode) }
        let reading = isWitness ? tools.startReading(copyOf: set.ownNode) : tools.startReading()
        let others = sealed == nil ? witnesses.filter { !sameName($0, set.ownNode) } : []
        var lacking = tools.nodeWithout(written, of: others, by: end)
        let own = reading.finish(by: agent.lookDeadline)
        let cluster: ClusterObservation
        switch tools.cluster(from: own) {
        case .unknown(let why): return "the cluster isn't known: \(why)"
        case .known(let known): cluster = known
        }
        if isWitness, !tools.shows(written, own) { lacking = lacking ?? set.ownNode }
        if let obstacle = promotionObstacle(set, cluster: cluster) { return obstacle }
        if let sealed, cluster.adminEpoch < sealed { return "admin_epoch isn't \(sealed) yet" }
        let asked = witnesses
        witnesses = promotionWitnesses(set, cluster: cluster)
        // One that has come meanwhile is asked as well, and one that has gone needn't know.
        let newcomers = witnesses.filter { !asked.contains($0) }
        let silent = lacking.flatMap {
            witnesses.contains($0) ? $0 : tools.nodeWithout(written, of: witnesses, by: end)
        }
        if let node = silent ?? tools.nodeWithout(written, of: newcomers, by: end) {
            return "\(node) doesn't show record \(written.stamp) yet"
        }
        guard sealed == nil else { return nil }
        (missing, sealed) = ([sealPromotion(cluster)], cluster.adminEpoch + 1)
        return nil
    }
}
