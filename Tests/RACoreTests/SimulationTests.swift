import RASimulation
import Testing

/// Whole clusters under seeded faults. Few seeds here, where they are slow; Tests/run has the release build run 10,000, and
/// every sabotage. `simulate --seed N` replays a failure.
@Suite struct SimulationTests {
    @Test func nothingThatMustNeverBreakBreaks() {
        for seed in UInt64(1)...30 {
            let run = SimulationRun(seed: seed)
            guard let violation = run.violation else { continue }
            let trace = SimulationRun(seed: seed, isTraced: true).trace.suffix(60).joined(separator: "\n")
            Issue.record("seed \(seed), \(run.scenario.text): \(violation)\n\(trace)")
            return
        }
    }

    @Test func aRunComesBackWithItsSeed() {
        let (first, second) = (SimulationRun(seed: 7, isTraced: true), SimulationRun(seed: 7, isTraced: true))
        #expect(first.trace == second.trace)
    }

    /// The checks would be worth nothing if they let everything pass.
    @Test func aBrokenProtocolIsFound() {
        #expect((UInt64(1)...100).contains { SimulationRun(seed: $0, sabotage: .noPositions).violation != nil })
    }
}
