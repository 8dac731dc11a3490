import RACore

/// What was written down of one run.
final class SimulationReport {
    let isTraced: Bool
    var violation: String?
    var trace: [String] = []

    init(isTraced: Bool) { self.isTraced = isTraced }
}

/// A whole cluster: a server and an agent a node, their copies of the CIB, Pacemaker, and everything that goes wrong.
///
/// The agents decide by RACore alone; what they do is a model of RAKit's performers, one effect a step.
struct SimulatedCluster {
    static let resource = "pg"
    static let names = ["alpha", "beta", "gamma", "delta", "epsilon"]
    static let systemIdentifier: UInt64 = 7_000_000_000_000_000_001

    let scenario: Scenario
    let sabotage: Sabotage?
    let sets: [ReplicaSet]
    var random: SimulationRandom
    var nodes: [SimulatedNode]
    var parts: [SimulatedPart] = []
    /// WAL from one node doesn't reach another.
    var isCut: [[Bool]]
    var isHealing = false
    var turns = 0
    var counts = SimulationCounts()
    let report: SimulationReport

    private var nextEntry: UInt32 = 0
    /// The node that was promoted last, and the acknowledged commit that is furthest in its history.
    var lastPrimary: Int?
    var lastAnswered: (entry: UInt32, place: Int)?
    /// The turn at which the primary will be cut off from the others.
    var plannedSplit = 0
    /// The turns at which a parted standby comes back, and the primary is lost.
    var plannedReturn = 0
    var plannedLoss = 0
    /// When a choice found last that two went different ways.
    var forkedTurn = -1000
    /// How often nodes found or lost each other.
    var generation = 0
    /// How many promotions Pacemaker has begun to think of.
    var intentions = 0
    /// Every record that was ever written, by its text.
    var records: [String: ClusterRecord] = [:]
    /// Whether the truth of the records may have changed since it was looked at.
    var isUnchecked = true

    init(seed: UInt64, sabotage: Sabotage? = nil, isTraced: Bool = false) {
        var random = SimulationRandom(seed: seed)
        let scenario = Scenario(random: &random)
        let names = Array(SimulatedCluster.names.prefix(scenario.nodes))
        self.scenario = scenario
        self.sabotage = sabotage
        report = SimulationReport(isTraced: isTraced)
        sets = names.map { name in
            ReplicaSet(
                resource: SimulatedCluster.resource,
                ownNode: name,
                members: names,
                mode: scenario.mode,
                policy: scenario.policy
            )
        }
        let copy = ClusterObservation(
            nodes: names.map { ClusterNode(name: $0, isOnline: false, resourceRole: .unknown) },
            hasQuorum: false,
            properties: ClusterProperties(hasFencingDevice: true)
        )
        nodes = names.map { SimulatedNode(name: $0, copy: copy) }
        isCut = names.map { _ in names.map { _ in false } }
        self.random = random
        log { "\(scenario.text)" }
        fillDisks()
        reform()
    }

    /// A first copy of the data on every node; one may have more of it than another.
    private mutating func fillDisks() {
        let entries = (0..<6).map { _ in newEntry(isCommit: false) }
        for index in nodes.indices {
            for entry in entries.prefix(6 - random.below(3)) { nodes[index].server.log.append(entry) }
        }
    }

    mutating func newEntry(isCommit: Bool) -> UInt32 {
        nextEntry += 1
        return nextEntry * 2 + (isCommit ? 1 : 0)
    }

    static func isCommit(_ entry: UInt32) -> Bool { entry % 2 == 1 }

    func log(_ text: () -> String) {
        guard report.isTraced else { return }
        report.trace.append("\(turns) \(text())")
    }

    var violation: String? { report.violation }

    /// Only the first violation counts: what follows may be its consequence.
    func violate(_ text: () -> String) {
        guard report.violation == nil else { return }
        report.violation = text()
        log { "VIOLATION \(report.violation ?? "")" }
    }

    func indices(where isSuited: (SimulatedNode) -> Bool) -> [Int] { nodes.indices.filter { isSuited(nodes[$0]) } }

    func name(_ index: Int) -> String { nodes[index].name }

    func index(of name: String) -> Int? { nodes.firstIndex { sameName($0.name, name) } }

    /// A primary that clients reach.
    func serves(_ index: Int) -> Bool {
        let node = nodes[index]
        return node.isPowered && node.server.role == .primary && !node.server.isStray && !node.server.isHung
    }

    // MARK: Running

    /// One turn: something of the servers or the cluster happens, and agents take a step.
    mutating func turn(faultRarity: Int) {
        turns += 1
        switch random.below(10) {
        case 0, 1: commit()
        case 2, 3, 4: for index in nodes.indices where random.oneIn(2) { replicate(index) }
        case 5: for index in nodes.indices { connect(index) }
        case 6: for index in nodes.indices where random.oneIn(2) { readSetting(index) }
        case _: if !parts.isEmpty { runCluster(random.below(parts.count)) }
        }
        spread()
        for _ in nodes.indices { step(random.below(nodes.count)) }
        if faultRarity > 0 {
            // A promotion is short, and what goes wrong in one is worth more.
            let isPromoting = nodes.contains { $0.agent.job == .promote || $0.agent.job == .prePromote }
            if random.oneIn(isPromoting ? max(1, faultRarity / 6) : faultRarity) { fault() }
        }
        recover()
        for index in nodes.indices { answer(index) }
        check()
    }

    /// The checkpointer reads the configuration: from now on every commit waits as the setting says.
    private mutating func readSetting(_ index: Int) { nodes[index].server.inEffect = nodes[index].server.shown }
}
