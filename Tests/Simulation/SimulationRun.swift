import RACore

/// One seed's run: a calm beginning, faults, and the time after them.
public struct SimulationRun: Sendable {
    public var seed: UInt64
    public var scenario: Scenario
    public var counts: SimulationCounts
    /// What broke; nil when nothing did.
    public var violation: String?
    /// What happened, one line an event; empty unless it was asked for.
    public var trace: [String]

    /// Turns under faults unless something else is asked for.
    public static let usualTurns = 1000
    private static let calmTurns = 400
    private static let healingTurns = 1500

    /// - Parameters:
    ///   - turns: for how long things go wrong.
    ///   - isTraced: whether the run is written down, which takes most of its time.
    public init(seed: UInt64, turns: Int = usualTurns, sabotage: Sabotage? = nil, isTraced: Bool = false) {
        var cluster = SimulatedCluster(seed: seed, sabotage: sabotage, isTraced: isTraced)
        for _ in 0..<SimulationRun.calmTurns where cluster.violation == nil && !cluster.isWell {
            cluster.turn(faultRarity: 0)
        }
        // Faults come in bursts, so that one may hit while another is being dealt with, and there is time to recover.
        for turn in 0..<turns where cluster.violation == nil {
            cluster.turn(faultRarity: turn % 200 < 80 ? 20 : 300)
        }
        SimulationRun.heal(&cluster)
        self.seed = seed
        scenario = cluster.scenario
        counts = cluster.counts
        violation = cluster.violation
        trace = cluster.report.trace
    }

    /// Once faults stop a primary serves, commits are acknowledged, and the synchronous set is full.
    private static func heal(_ cluster: inout SimulatedCluster) {
        guard cluster.violation == nil else { return }
        cluster.isHealing = true
        let before = cluster.counts.commits
        for turn in 0..<healingTurns where cluster.violation == nil {
            cluster.turn(faultRarity: 0)
            if turn % 400 == 399, cluster.turns - cluster.forkedTurn < 100 { cluster.decideFork() }
            if turn % 50 == 49, cluster.counts.commits > before + 3, cluster.isWell { return }
        }
        cluster.violate { "liveness: \(cluster.state)" }
    }
}

extension SimulatedCluster {
    /// Whether everything is as it was meant to be.
    var isWell: Bool {
        guard let primary = nodes.indices.first(where: { serves($0) }) else { return false }
        let part = nodes[0].part
        guard nodes.allSatisfy({ $0.isPowered && $0.server.isRunning && $0.part == part }) else { return false }
        guard scenario.mode == .sync else { return true }
        let wanted = min(scenario.policy.count, nodes.count - 1)
        return nodes[primary].server.inEffect.set.count == wanted && shownRecord(primary)?.guarantee.count == wanted
    }

    /// What the nodes are doing, for a report.
    var state: String {
        let states = nodes.indices.map { index in
            let node = nodes[index]
            let role = node.copy.nodes[index].resourceRole
            return "\(node.name) \(node.isPowered ? "on" : "off") \(node.server.role)\(node.isBanned ? " banned" : "") "
                + "\(role) score \(score(index, nodes[parts.isEmpty ? 0 : parts[max(0, node.part)].members[0]].copy)) "
                + "records \(node.server.log.count) \(node.agent.job) set \(node.server.inEffect.set.setting)"
        }
        return states.joined(separator: "; ") + "; " + (shownRecord(0)?.text ?? "no record")
    }
}
