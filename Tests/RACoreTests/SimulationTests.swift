import RACore
import RATestSupport
import Testing

/// Whole clusters under seeded faults; a failure's seed replays it exactly.
@Suite struct SimulationTests {
    private func run(_ seed: UInt64, turns: Int, _ sabotage: SimulatedCluster.Sabotage = .none) -> SimulatedCluster {
        var world = SimulatedCluster(seed: seed, sabotage: sabotage)
        for _ in 0..<300 { world.turn(faultRarity: 0) }
        for _ in 0..<turns where world.violation == nil { world.turn(faultRarity: 80) }
        return world
    }

    @Test func noAcknowledgedCommitIsLost() {
        var promotions = 0
        var acknowledged = 0
        var rests = 0
        let seeds = SeededRandom.seeds(usually: 60)
        for seed in seeds {
            let world = run(seed, turns: 1500)
            promotions += world.promotions
            acknowledged += world.acknowledged.count
            rests += world.rests
            if let violation = world.violation {
                Issue.record("seed \(seed): \(violation)\n\(world.trace.suffix(60).joined(separator: "\n"))")
                return
            }
        }
        // A simulation in which nothing happens proves nothing.
        #expect(promotions >= seeds.count, "\(promotions)")
        #expect(acknowledged > 20 * seeds.count, "\(acknowledged)")
        #expect(rests > seeds.count, "\(rests)")
    }

    /// Once faults stop, a primary is found and commits are acknowledged by a synchronous standby.
    @Test func theClusterRecovers() {
        for seed in SeededRandom.seeds(usually: 20) {
            var world = run(seed, turns: 1000)
            var isWell = false
            for _ in 0..<15 where !isWell {
                let before = world.acknowledged.count
                for _ in 0..<200 { world.turn(faultRarity: 0) }
                let synchronous = world.cib.nodes.filter { $0[.dataStatus] == "STREAMING|SYNC" && $0.isPromotable }
                isWell = world.primaryIndex != nil && synchronous.count == 1 && world.acknowledged.count > before
            }
            if !isWell {
                let nodes = world.nodes.map { "\($0.name) \($0.server.role) \($0.server.log.count) \($0.agent.action)" }
                Issue.record(
                    "seed \(seed): \(nodes) \(world.cib.nodes)\n\(world.trace.suffix(40).joined(separator: "\n"))"
                )
                return
            }
        }
    }

    /// The checks would be worth nothing if they let everything pass.
    @Test(arguments: [SimulatedCluster.Sabotage.noBarrier, .noRecordBeforeChange, .strayRecords, .unprovenPromotion])
    func aBrokenProtocolIsFound(_ sabotage: SimulatedCluster.Sabotage) {
        #expect((UInt64(1)...200).contains { run($0, turns: 1500, sabotage).violation != nil })
    }
}
