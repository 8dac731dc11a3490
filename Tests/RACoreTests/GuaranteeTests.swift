import RACore
import Testing

/// What is recorded about acknowledged commits, checked against every commit that there can be.
@Suite struct GuaranteeTests {
    private static let nodes = ["a", "b", "c"]

    /// Every guarantee over three nodes.
    static let all: [Guarantee] = subsets(of: nodes).flatMap { members in
        (0...members.count).map { Guarantee(members: members, count: $0) }
    }

    /// Every set of standbys that may have a commit.
    static let holders = subsets(of: nodes)

    static func subsets(of names: [String]) -> [[String]] {
        guard let first = names.first else { return [[]] }
        let rest = subsets(of: Array(names.dropFirst()))
        return rest + rest.map { [first] + $0 }
    }

    /// Whether a commit that these standbys have keeps a guarantee.
    static func isKept(_ guarantee: Guarantee, by holders: [String]) -> Bool {
        guarantee.members.filter { holders.contains($0) }.count >= guarantee.count
    }

    /// The sets of standbys that keep a guarantee.
    static func holders(keeping guarantee: Guarantee, among nodes: [String] = nodes) -> [[String]] {
        subsets(of: nodes).filter { isKept(guarantee, by: $0) }
    }

    @Test func implicationIsWhatItSays() {
        for left in Self.all {
            for right in Self.all {
                let isTrue = Self.holders.allSatisfy { !Self.isKept(left, by: $0) || Self.isKept(right, by: $0) }
                #expect(left.implies(right) == isTrue, "\(left) \(right)")
            }
        }
    }

    @Test func whatKeepsOneOfTwoKeepsTheirUnion() {
        for left in Self.all {
            for right in Self.all {
                #expect(left.implies(left.or(right)) && right.implies(left.or(right)), "\(left) \(right)")
            }
        }
    }

    /// Of so many members that are looked at, one has any commit that keeps the guarantee.
    @Test func theQuorumMeetsEveryCommit() {
        for guarantee in Self.all {
            guard let quorum = guarantee.quorum else {
                #expect(guarantee.count == 0)
                continue
            }
            for seen in Self.subsets(of: guarantee.members) {
                let isSure = Self.holders.allSatisfy { holders in
                    !Self.isKept(guarantee, by: holders) || seen.contains { holders.contains($0) }
                }
                #expect(isSure == (seen.count >= quorum), "\(guarantee) \(seen)")
            }
        }
    }

    @Test func neitherOrderNorLetterCaseCount() {
        let guarantee = Guarantee(members: ["Alpha", "beta"], count: 1)
        #expect(guarantee.isSame(as: Guarantee(members: ["BETA", "alpha"], count: 1)))
        #expect(!guarantee.isSame(as: Guarantee(members: ["beta", "alpha"], count: 2)))
        #expect(!guarantee.isSame(as: Guarantee(members: ["beta"], count: 1)))
    }
}

/// The order of S2, over everything that can be recorded, in effect and wanted.
@Suite struct SynchronousPlanTests {
    private static let nodes = ["a", "b", "c"]

    private static let settings: [SynchronousSet] =
        [.none]
        + GuaranteeTests.subsets(of: nodes).filter { !$0.isEmpty }.flatMap { names in
            (1...names.count).flatMap { count in
                [SynchronousMethod.first, .any].map { SynchronousSet(names: names, count: count, method: $0) }
            }
        }

    private func step(_ recorded: Guarantee, _ inEffect: SynchronousSet, _ wanted: SynchronousSet) -> GuaranteeStep {
        decideGuarantee(recorded: recorded, inEffect: inEffect, wanted: wanted, nodes: Self.nodes)
    }

    /// Whatever is found, the next record is kept by commits of the setting in effect and of the one to come; the setting
    /// changes only when the record is kept by both; and it ends with the wanted guarantee recorded.
    @Test func theRecordIsTrueAtEveryMoment() {
        for recorded in GuaranteeTests.all {
            for inEffect in Self.settings {
                for wanted in Self.settings { walk(recorded, inEffect, wanted) }
            }
        }
    }

    private func walk(_ recorded: Guarantee, _ start: SynchronousSet, _ wanted: SynchronousSet) {
        var (recorded, inEffect) = (recorded, start)
        // On whom acknowledged commits may be: first those of the setting found, once its record is repaired.
        var acknowledged = GuaranteeTests.holders(keeping: inEffect.guarantee(among: Self.nodes))
        func isTrue(_ guarantee: Guarantee) -> Bool {
            acknowledged.allSatisfy { GuaranteeTests.isKept(guarantee, by: $0) }
        }
        for _ in 0..<5 {
            switch step(recorded, inEffect, wanted) {
            case .nothing:
                #expect(recorded.isSame(as: wanted.guarantee(among: Self.nodes)))
                return
            case .weaken(let guarantee):
                #expect(recorded.implies(guarantee) && isTrue(guarantee))
                recorded = guarantee
            case .change(let set, let nodes):
                let (former, target) = (inEffect.guarantee(among: Self.nodes), set.guarantee(among: Self.nodes))
                #expect(nodes == (target.implies(former) ? [] : Self.nodes))
                inEffect = set
                acknowledged += GuaranteeTests.holders(keeping: target)
                #expect(isTrue(recorded), "\(recorded) \(start) \(wanted)")
            case .strengthen(let guarantee):
                // The barrier: enough members have flushed what was acknowledged before.
                #expect(inEffect.setting == wanted.setting && guarantee.implies(recorded))
                acknowledged = acknowledged.filter { GuaranteeTests.isKept(guarantee, by: $0) }
                recorded = guarantee
            }
        }
        Issue.record("it doesn't settle: \(recorded) \(start) \(wanted)")
    }

    @Test func aStandbyOutsideTheClusterProvesNothing() {
        let both = SynchronousSet(names: ["a", "tokyo"], count: 2)
        #expect(both.guarantee(among: Self.nodes) == Guarantee(members: ["a"], count: 1))
        #expect(SynchronousSet(names: ["a", "tokyo"], count: 1).guarantee(among: Self.nodes) == .none)
        #expect(
            SynchronousSet(names: ["a", "b", "tokyo"], count: 2, method: .any).guarantee(among: Self.nodes)
                == Guarantee(members: ["a", "b"], count: 1)
        )
    }
}

@Suite struct SynchronousChoiceTests {
    private func choose(
        _ policy: SynchronousPolicy,
        streaming: [String],
        inEffect: SynchronousSet = .none,
        unsteady: [String] = [],
        outside: [String] = []
    ) -> String {
        decideSynchronousSet(
            Build.set(policy: policy),
            streaming: streaming,
            inEffect: inEffect,
            unsteady: unsteady,
            outside: outside
        ).setting
    }

    private let beta = SynchronousSet(names: ["beta"])

    @Test func theFirstStaysWhileItStreams() {
        let one = SynchronousPolicy()
        #expect(choose(one, streaming: ["beta", "gamma"]) == "\"beta\"")
        #expect(choose(one, streaming: ["beta", "gamma"], inEffect: SynchronousSet(names: ["gamma"])) == "\"gamma\"")
        #expect(choose(one, streaming: ["gamma"], inEffect: beta) == "\"gamma\"")
        #expect(choose(one, streaming: [], inEffect: beta) == "")
    }

    @Test func twoAreWaitedForOrWhatThereIs() {
        let two = SynchronousPolicy(count: 2)
        #expect(choose(two, streaming: ["beta", "gamma"], inEffect: beta) == "FIRST 2 (\"beta\", \"gamma\")")
        #expect(choose(two, streaming: ["gamma"]) == "\"gamma\"")
    }

    @Test func anyOfThoseThatStream() {
        let any = SynchronousPolicy(method: .any)
        #expect(choose(any, streaming: ["beta", "gamma"]) == "ANY 1 (\"beta\", \"gamma\")")
        #expect(choose(any, streaming: ["gamma"]) == "\"gamma\"")
        #expect(
            choose(any, streaming: ["beta", "gamma"], outside: ["tokyo"]) == "ANY 2 (\"beta\", \"gamma\", \"tokyo\")"
        )
    }

    /// Commits stop: the setting goes on to name as many as are to be waited for.
    @Test func strictModeBlocks() {
        #expect(choose(SynchronousPolicy(isStrict: true), streaming: [], inEffect: beta) == "\"beta\"")
        #expect(choose(SynchronousPolicy(isStrict: true), streaming: []) == "\"beta\"")
        #expect(choose(SynchronousPolicy(isStrict: true), streaming: ["gamma"], inEffect: beta) == "\"gamma\"")
        #expect(
            choose(SynchronousPolicy(count: 2, isStrict: true), streaming: ["gamma"])
                == "FIRST 2 (\"gamma\", \"beta\")"
        )
        let any = SynchronousPolicy(method: .any, isStrict: true)
        #expect(choose(any, streaming: []) == "ANY 1 (\"beta\", \"gamma\")")
        #expect(choose(any, streaming: ["gamma"]) == "\"gamma\"")
    }

    @Test func whoFlapsIsLeftOutUntilItIsSteady() {
        #expect(choose(SynchronousPolicy(), streaming: ["beta", "gamma"], unsteady: ["beta"]) == "\"gamma\"")
        #expect(choose(SynchronousPolicy(), streaming: ["beta"], unsteady: ["beta"]) == "")
        #expect(choose(SynchronousPolicy(), streaming: ["beta"], inEffect: beta, unsteady: ["beta"]) == "\"beta\"")
        #expect(choose(SynchronousPolicy(isStrict: true), streaming: ["beta"], unsteady: ["beta"]) == "\"beta\"")
    }
}

@Suite struct SteadinessTests {
    /// Loses beta once in a while, and tells for how long it then isn't waited for.
    private func delay(losses: Int) -> UInt64? {
        var steadiness = Steadiness()
        var now: UInt64 = 1000
        steadiness.look(streaming: ["beta"], waitedFor: ["beta"], now: now)
        for _ in 0..<losses {
            now += 5
            // Two looks find the same loss.
            steadiness.look(streaming: [], waitedFor: ["beta"], now: now)
            steadiness.look(streaming: [], waitedFor: ["beta"], now: now + 1)
            steadiness = Steadiness(text: steadiness.text)
            now += 2
            steadiness.look(streaming: ["beta"], waitedFor: [], now: now)
        }
        return (0...400).first { steadiness.unsteady(now: now + $0).isEmpty }
    }

    @Test(arguments: [(0, UInt64(0)), (1, 0), (2, 10), (3, 40), (4, 160), (5, 300), (20, 300)])
    func whoIsLostOftenWaits(_ losses: Int, _ seconds: UInt64) { #expect(delay(losses: losses) == seconds) }

    @Test func aLossIsForgotten() {
        var steadiness = Steadiness()
        for now in [UInt64(1000), 1100] {
            steadiness.look(streaming: ["beta"], waitedFor: ["beta"], now: now)
            steadiness.look(streaming: [], waitedFor: ["beta"], now: now + 1)
        }
        steadiness.look(streaming: ["beta"], waitedFor: [], now: 1110)
        #expect(steadiness.unsteady(now: 1111) == ["beta"])
        steadiness.look(streaming: [], waitedFor: [], now: 1695)
        steadiness.look(streaming: ["beta"], waitedFor: [], now: 1710)
        #expect(steadiness.unsteady(now: 1711) == [])
    }

    @Test func aStandbyThatNobodyWaitsForMayComeAndGo() {
        var steadiness = Steadiness()
        for now in 0..<UInt64(20) { steadiness.look(streaming: now % 2 == 0 ? ["beta"] : [], waitedFor: [], now: now) }
        steadiness.look(streaming: ["beta"], waitedFor: [], now: 20)
        #expect(steadiness.unsteady(now: 20).isEmpty)
    }
}

@Suite struct StallWatchTests {
    private func watch(_ looks: [(flushed: UInt64, lsn: UInt64, now: UInt64)], at now: UInt64) -> [String] {
        var watch = StallWatch()
        for look in looks {
            watch.look([Build.sender("beta", "sync", flushed: look.flushed)], lsn: LSN(bytes: look.lsn), now: look.now)
            watch = StallWatch(text: watch.text)
        }
        return watch.stalled(seconds: 10, now: now)
    }

    @Test func whoTakesNothingIsFound() {
        #expect(watch([(100, 200, 50), (100, 300, 55)], at: 59).isEmpty)
        #expect(watch([(100, 200, 50), (100, 300, 60)], at: 60) == ["beta"])
        #expect(watch([(100, 200, 50), (150, 300, 55), (150, 300, 60)], at: 64).isEmpty, "it goes on, slowly")
        #expect(watch([(100, 100, 50), (100, 100, 70)], at: 90).isEmpty, "there is nothing to take")
        #expect(watch([(100, 200, 50), (200, 200, 55), (200, 300, 60)], at: 64).isEmpty)
    }

    /// A standby that connected anew after a cut has its former connection beside it for a while.
    @Test func theConnectionThatGoesOnCounts() {
        var watch = StallWatch()
        for now in [UInt64(50), 60] {
            let senders =
                [Build.sender("beta", "sync", flushed: 100), Build.sender("beta", "sync", flushed: now)]
                + [Build.sender("gamma", "async", flushed: 100), Build.sender("gamma", "async", flushed: 150 + now)]
            watch.look(senders, lsn: LSN(bytes: 300), now: now)
        }
        #expect(watch.stalled(seconds: 10, now: 60) == ["beta"])
    }

    @Test func aStalledStandbyIsNoLongerWaitedFor() {
        var world = Supervised().with { $0.stalled = ["beta"] }
        _ = world.settle()
        #expect(world.setting == "\"gamma\"")
        #expect(world.beta[.dataStatus] == "STALLED" && !world.beta.isPromotable)
    }
}
