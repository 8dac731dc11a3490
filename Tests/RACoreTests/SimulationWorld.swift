import RACore
import RATestSupport

/// A cluster of three nodes in synchronous mode: servers, agents, Pacemaker and everything that goes wrong.
///
/// The agents decide by RACore alone; what they do is a model of RAKit's performers, one effect a step. Assumed of the
/// performers: an agent's next run writes rep_mode.conf again when that isn't what a session shows.
struct SimulatedCluster {
    /// Ways to break the protocol, to see that the checks would notice.
    enum Sabotage { case none, noBarrier, noRecordBeforeChange, strayRecords, unprovenPromotion }

    let seed: UInt64
    let sabotage: Sabotage
    var random: SeededRandom
    var nodes = Build.nodes.map { SimulatedNode(name: $0) }
    var cib: ClusterObservation
    /// Every commit that a client was told of, and the next one's number.
    var acknowledged: [Int] = []
    var nextCommit = 0
    var promotions = 0
    /// How many monitors rested on an earlier look.
    var rests = 0
    var turns = 0
    var violation: String?
    var trace: [String] = []

    init(seed: UInt64, sabotage: Sabotage = .none) {
        self.seed = seed
        self.sabotage = sabotage
        random = SeededRandom(seed: seed)
        cib = Build.cluster(Build.nodes.map { Build.node($0, status: nil, role: .stopped) })
    }

    var primaryIndex: Int? { nodes.firstIndex(where: Self.serves) }

    private static func serves(_ node: SimulatedNode) -> Bool {
        node.isPowered && node.server.role == .primary && !node.server.isStray
    }

    func pick(_ isSuited: (SimulatedNode) -> Bool, _ random: inout SeededRandom) -> Int? {
        nodes.indices.filter { isSuited(nodes[$0]) }.randomElement(using: &random)
    }

    mutating func log(_ text: String) {
        if trace.count == 4000 { trace.removeFirst(2000) }
        trace.append(text)
    }

    mutating func setRole(_ index: Int, _ role: RecordedRole) { cib.nodes[index].resourceRole = role }

    /// What a node's agent sees of the cluster: an isolated one sees that it has lost the quorum.
    func view(from index: Int) -> ClusterObservation {
        var view = cib
        view.hasQuorum = !nodes[index].isIsolated && cib.nodes.filter(\.isOnline).count >= 2
        return view
    }

    mutating func write(_ effect: ClusterEffect, from index: Int) {
        log("\(nodes[index].name): \(effect)")
        if !nodes[index].isIsolated { cib.apply(effect) }
    }

    // MARK: WAL

    mutating func commit() {
        for index in nodes.indices where Self.serves(nodes[index]) {
            nodes[index].server.log.append(nextCommit)
            nextCommit += 1
        }
        acknowledge()
    }

    /// Sends a part of the WAL to a standby that is linked; a lost one stays linked until its connection times out.
    mutating func replicate(_ index: Int, all: Bool = false) {
        guard let primary = primaryIndex, nodes[index].server.role == .standby, nodes[index].server.isLinked,
            nodes[index].isIsolated == nodes[primary].isIsolated
        else { return }
        let (have, there) = (nodes[index].server.log.count, nodes[primary].server.log)
        let count = all ? there.count - have : Int.random(in: 0...min(8, there.count - have), using: &random)
        nodes[index].server.log += there[have..<(have + count)]
        if have + count == there.count { nodes[index].server.isStreaming = true }
        acknowledge()
    }

    /// Tells clients of every commit that needn't wait any more.
    mutating func acknowledge() {
        for node in nodes where Self.serves(node) {
            let flushed = node.server.waitedFor.names.map { name in
                nodes.filter { sameName($0.name, name) && $0.server.isLinked && $0.server.isStreaming }
                    .map(\.server.log.count).max() ?? 0
            }
            let told = acknowledged.last ?? -1
            acknowledged += node.server.log.prefix(flushed.min() ?? node.server.log.count).reversed()
                .prefix { $0 > told }.reversed()
        }
    }

    /// The commits that clients were told of and a log lacks; both rise.
    private func missing(in log: [Int]) -> [Int] {
        guard log.last != acknowledged.last || log.count != acknowledged.count else { return [] }
        var missing: [Int] = []
        var place = 0
        for commit in acknowledged {
            while place < log.count, log[place] < commit { place += 1 }
            if place == log.count || log[place] != commit { missing.append(commit) }
        }
        return missing
    }

    mutating func link(_ index: Int) {
        guard let primary = primaryIndex, nodes[index].server.role == .standby, !nodes[index].server.isLinked,
            nodes[index].isIsolated == nodes[primary].isIsolated
        else { return }
        guard nodes[index].server.isPrefix(of: nodes[primary].server) else {
            // Its monitor finds the fork and fails.
            if nodes[index].agent.plan.isEmpty, !nodes[index].isIsolated { fail(index) }
            return
        }
        nodes[index].server.isLinked = true
        nodes[index].server.connection += 1
        nodes[index].server.isStreaming = false
        nodes[index].server.timeline = nodes[primary].server.timeline
    }

    // MARK: Checks

    /// S1 and S2, from outside: what is recorded is true, whoever may be promoted has everything.
    mutating func check() {
        guard violation == nil else { return }
        let primaries = nodes.filter(Self.serves)
        if primaries.count > 1 { violation = "S1: \(primaries.map(\.name)) are primaries" }
        for (node, known) in zip(nodes, cib.nodes) {
            let missing = missing(in: node.server.log)
            guard !missing.isEmpty else { continue }
            if known.holdsEverything(.sync) {
                violation = "S2: \(node.name) is recorded as \(known[.dataStatus] ?? "") and lacks \(missing)"
            }
            let set = Build.set(own: node.name)
            if known.isPromotable, !known.isUnclean, refusePromotion(set, cluster: cib) == nil {
                violation = "S2: \(node.name) may be promoted and lacks \(missing)"
            }
            if Self.serves(node) {
                violation = "S2: the primary on \(node.name) lacks \(missing)"
            }
        }
    }
}
