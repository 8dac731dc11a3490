import RACore
import Testing

/// S2 over the enumerable states: two standbys in every connection and condition; everything recorded and in effect.
@Suite struct SupervisionOrderTests {
    private static let links: [(state: String, sync: String)?] = [
        nil, ("streaming", "sync"), ("streaming", "async"), ("streaming", "potential"), ("catchup", "async"),
    ]
    private static let guarantees = GuaranteeTests.subsets(of: ["beta", "gamma"]).flatMap { members in
        (0...members.count).map { Guarantee(members: members, count: $0) }
    }
    private static let settings = [
        "", "\"beta\"", "\"gamma\"", "FIRST 2 (\"beta\", \"gamma\")", "ANY 1 (\"beta\", \"gamma\")",
    ]
    private static let policies = [
        SynchronousPolicy(), SynchronousPolicy(count: 2), SynchronousPolicy(method: .any),
        SynchronousPolicy(isStrict: true),
    ]

    private static func peer(_ name: String, _ condition: Int) -> ClusterNode {
        Build.node(name, status: condition == 0 ? .alone : nil, isOnline: condition == 0, isUnclean: condition == 1)
    }

    /// Calls back for 18,000 worlds.
    private static func forEachWorld(_ check: (Supervised) -> Void) {
        let betas = links.flatMap { link in (0..<3).map { (link, peer("beta", $0)) } }
        let gammas = links.prefix(3).flatMap { link in (0..<2).map { (link, peer("gamma", $0 * 2)) } }
        for (beta, gamma) in betas.flatMap({ beta in gammas.map { (beta, $0) } }) {
            let rows = [("beta", beta.0), ("gamma", gamma.0)].compactMap { name, link in
                link.map { Build.sender(name, $0.sync, state: $0.state) }
            }
            for setting in settings {
                for guarantee in guarantees {
                    for policy in policies {
                        var world = Supervised()
                        (world.beta, world.gamma, world.senders) = (beta.1, gamma.1, .known(rows))
                        (world.setting, world.set) = (setting, Build.set(policy: policy))
                        world.record(guarantee)
                        check(world)
                    }
                }
            }
        }
    }

    private static func holders(_ world: Supervised) -> [[String]] {
        GuaranteeTests.holders(keeping: inEffect(world), among: ["beta", "gamma"])
    }

    private static func inEffect(_ world: Supervised) -> Guarantee {
        SynchronousSet(setting: world.setting)?.guarantee(among: ["beta", "gamma"]) ?? .none
    }

    /// Killed after any effect and run again: the record is kept by every commit that was acknowledged, and it settles.
    @Test func aKillBetweenAnyTwoEffectsIsHarmless() {
        var changes = 0
        Self.forEachWorld { start in
            var world = start
            guard Self.inEffect(world).implies(world.record?.guarantee ?? .none) else { return }
            // On whom acknowledged commits may be.
            var acknowledged = Self.holders(world)
            for _ in 0..<12 {
                let plan = world.plan
                if plan.effects.isEmpty {
                    guard plan.awaited != nil, world.barrier == nil else { return }
                    world.barrier = LSN(bytes: 1000)
                    continue
                }
                for effect in plan.effects {
                    if case .waitFor = effect { changes += 1 }
                    // Once enough standbys have reached the barrier, all commits so far keep what is in effect.
                    if world.barrier != nil { acknowledged = Self.holders(world) }
                    world.apply(effect)
                    if effect.changesSetting { acknowledged += Self.holders(world) }
                    let recorded = world.record?.guarantee ?? .none
                    if !acknowledged.allSatisfy({ GuaranteeTests.isKept(recorded, by: $0) }) {
                        Issue.record("\(effect): \(world.record?.text ?? "") isn't kept: \(start)")
                        return
                    }
                }
            }
            Issue.record("it doesn't settle: \(start)")
        }
        #expect(changes > 1000)
    }

    /// Becoming promotable takes the record, the set in effect and a stream.
    @Test func onlyWhoIsRecordedBecomesPromotable() {
        var positives = 0
        Self.forEachWorld { world in
            for effect in world.effects {
                guard case .set(.score, let name, let value) = effect, name != "alpha",
                    PromotionScore(value)?.isPromotable ?? false
                else { continue }
                positives += 1
                let link = PeerLink(node: name, senders: world.senders.value ?? [])
                let isRecorded = world.record.map { $0.guarantee.contains(name) && $0.guarantee.count > 0 } ?? false
                if !isRecorded || !Self.inEffect(world).contains(name) || link != .synchronous {
                    Issue.record("\(effect): \(world)")
                }
            }
        }
        #expect(positives > 100)
    }

    /// S8: what can't be read neither changes whom commits wait for nor anybody's record.
    @Test func ignoranceRecordsNothingOfOthers() {
        Self.forEachWorld { world in
            for blind in [
                world.with { $0.senders = .unknown(why: "w") }, world.with { $0.hasQuorum = false },
            ] where !blind.effects.isEmpty { Issue.record("\(blind.effects): \(blind)") }
        }
    }

    /// WAL is written by pages, and whoever crashes in the middle of a record comes up at the end of the one before.
    @Test func whatIsRecordedIsTheEndOfAWholeRecord() throws {
        var world = Supervised().with { world in
            var gamma = Build.sender("gamma", "async")
            gamma.replayedLSN = LSN(bytes: 960)
            world.senders = .known([gamma])
        }
        for effect in world.effects { world.apply(effect) }
        world.apply(try #require(world.effects.first))
        world.barrier = LSN(bytes: 1000)
        let recorded = { (world: Supervised) in
            world.effects.compactMap { effect -> LSN? in
                guard case .record(let record) = effect else { return nil }
                return record.lsn
            }
        }
        #expect(recorded(world) == [LSN(bytes: 960)])
        // Never back, and nothing without a standby's word.
        world.record?.lsn = LSN(bytes: 990)
        #expect(recorded(world) == [LSN(bytes: 990)])
        var silent = Build.sender("gamma", "async")
        silent.replayedLSN = nil
        world.senders = .known([silent])
        #expect(recorded(world) == [LSN(bytes: 990)])
    }
}
