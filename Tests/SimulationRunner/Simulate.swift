import Dispatch
import Foundation
import RASimulation

/// Runs many seeds on all processors, or one with its trace.
@main
struct Simulate {
    var first: UInt64 = 1
    var count: UInt64 = 1000
    var turns = SimulationRun.usualTurns
    var sabotage: Sabotage?
    var jobs = ProcessInfo.processInfo.activeProcessorCount
    var isAlone = false

    static let usage = """
        usage: simulate [--seeds N] [--from N] [--seed N] [--turns N] [--sabotage NAME] [--jobs N]
               simulate --sabotages
          --seed N runs one seed and prints its trace; --sabotages lists the ways to break the protocol

        """

    static func main() {
        if CommandLine.arguments.dropFirst() == ["--sabotages"] {
            for sabotage in Sabotage.allCases { print(sabotage.rawValue) }
            exit(0)
        }
        guard let command = Simulate(CommandLine.arguments.dropFirst()) else {
            FileHandle.standardError.write(Data(usage.utf8))
            exit(2)
        }
        exit(command.isAlone ? command.runAlone() : command.runMany())
    }

    init?(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch (option, UInt64(value)) {
            case ("--seeds", let number?): count = number
            case ("--from", let number?): first = number
            case ("--seed", let number?): (first, count, isAlone) = (number, 1, true)
            case ("--turns", let number?): turns = Int(number)
            case ("--jobs", let number?): jobs = max(1, Int(number))
            case ("--sabotage", nil):
                guard let sabotage = Sabotage(rawValue: value) else { return nil }
                self.sabotage = sabotage
            case (_, _): return nil
            }
        }
    }

    private func runAlone() -> Int32 {
        let run = SimulationRun(seed: first, turns: turns, sabotage: sabotage, isTraced: true)
        for line in run.trace { print(line) }
        print("seed \(first): \(run.scenario.text): \(run.violation ?? "no violation")")
        return run.violation == nil ? 0 : 1
    }

    private func runMany() -> Int32 {
        let start = Date()
        let progress = Progress(first: first, count: count)
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while let seed = progress.next() {
                progress.add(SimulationRun(seed: seed, turns: turns, sabotage: sabotage))
            }
        }
        let (counts, runs, failed) = progress.result
        if let failed { printFailure(failed) }
        print(counts.text)
        let seconds = String(format: "%.1f", Date().timeIntervalSince(start))
        print(
            "simulation: \(runs) runs, \(counts.promotions) promotions, \(counts.commits) commits acknowledged, "
                + "\(failed == nil ? 0 : 1) violations in \(seconds) s"
        )
        return failed == nil && hasHappened(counts) ? 0 : 1
    }

    /// A simulation in which nothing happens proves nothing.
    private func hasHappened(_ counts: SimulationCounts) -> Bool {
        guard sabotage == nil, count >= 1000, turns == SimulationRun.usualTurns else { return true }
        let seeds = Int(count)
        let isEnough =
            counts.promotions > 2 * seeds && counts.commits > 50 * seeds && counts.outdone > seeds / 10
            && counts.quorumElections > seeds / 50 && counts.fenceRaces > seeds / 20
            && counts.staleMerges > seeds / 1000
            && counts.rests > seeds && counts.rejoins > seeds / 10
        if !isEnough { print("too little happened for a proof") }
        return isEnough
    }

    private func printFailure(_ seed: UInt64) {
        let run = SimulationRun(seed: seed, turns: turns, sabotage: sabotage, isTraced: true)
        for line in run.trace.suffix(60) { print(line) }
        print("seed \(seed): \(run.scenario.text): \(run.violation ?? "no violation the second time")")
    }
}

/// Which seeds are to be run, and what came of them.
private final class Progress: @unchecked Sendable {
    private let lock = NSLock()
    private var seed: UInt64
    private let end: UInt64
    private let first: UInt64
    private var counts = SimulationCounts()
    private var runs = 0
    private var failed: UInt64?

    init(first: UInt64, count: UInt64) {
        (seed, self.first, end) = (first, first, first + count)
    }

    func next() -> UInt64? {
        lock.withLock {
            // Seeds below a failure are run to the end, so that the first failure is always the same one.
            guard seed < end, failed == nil else { return nil }
            if seed > first, (seed - first) % 10_000 == 0 { print("\(seed - first) runs") }
            seed += 1
            return seed - 1
        }
    }

    func add(_ run: SimulationRun) {
        lock.withLock {
            runs += 1
            counts.add(run.counts)
            if run.violation != nil { failed = min(failed ?? run.seed, run.seed) }
        }
    }

    var result: (SimulationCounts, Int, UInt64?) { lock.withLock { (counts, runs, failed) } }
}
