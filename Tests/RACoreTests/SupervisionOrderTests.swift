import RACore
import Testing

/// S2 over the enumerable states: two standbys in every connection, record and condition; every set in effect.
@Suite struct SupervisionOrderTests {
    private static let links: [(state: String, sync: String)?] = [
        nil, ("streaming", "sync"), ("streaming", "async"), ("streaming", "potential"), ("catchup", "async"),
    ]
    private static let records = [nil, "DISCONNECT", "STREAMING|SYNC", "STREAMING|ASYNC"]
    private static let scores = [nil, "-INFINITY", "100"]
    private static let settings = ["", "\"beta\"", "\"gamma\"", "FIRST 2 (\"beta\", \"gamma\")"]

    private static func peer(_ name: String, _ record: String?, _ score: String?, _ condition: Int) -> ClusterNode {
        Build.node(
            name,
            record: record,
            score: condition == 0 ? score : nil,
            status: condition == 0 ? .alone : nil,
            isOnline: condition == 0,
            isUnclean: condition == 1
        )
    }

    /// Calls back for 12,960 worlds.
    private static func forEachWorld(_ check: (Supervised) -> Void) {
        let betas = links.flatMap { link in
            records.flatMap { record in
                scores.flatMap { score in (0..<3).map { (link, peer("beta", record, score, $0)) } }
            }
        }
        let gammas = links.prefix(3).flatMap { link in
            records.dropFirst().map { (link, peer("gamma", $0, $0 == "STREAMING|SYNC" ? "100" : "-INFINITY", 0)) }
        }
        let conditions = settings.flatMap { [($0, LSN?.none), ($0, LSN(bytes: 500))] }
        for (beta, gamma) in betas.flatMap({ beta in gammas.map { (beta, $0) } }) {
            let rows = [("beta", beta.0), ("gamma", gamma.0)].compactMap { name, link in
                link.map { Build.sender(name, $0.sync, state: $0.state) }
            }
            for (setting, barrier) in conditions {
                var world = Supervised()
                (world.beta, world.gamma, world.senders) = (beta.1, gamma.1, .known(rows))
                (world.setting, world.barrier) = (setting, barrier)
                check(world)
            }
        }
    }

    /// Peers that count as promotable, or as holding everything, though commits don't wait for them.
    private static func unsafe(_ world: Supervised) -> Set<String> {
        let peers = [world.beta, world.gamma].filter { $0.isPromotable || $0.holdsEverything(.sync) }
        return Set(peers.map(\.name).filter { name in !world.inEffect.contains { sameName($0, name) } })
    }

    @Test func negativeRecordsComeBeforeTheSettingAndPositiveOnesAfter() {
        var changes = 0
        Self.forEachWorld { world in
            let effects = world.effects
            guard let index = effects.firstIndex(where: \.changesSetting) else { return }
            changes += 1
            guard case .waitFor(let set) = effects[index] else { return }
            for (place, effect) in effects.enumerated() where place != index && effect.node != "alpha" {
                if effect.isPositive(in: .sync) != (place > index) {
                    if effect.isPositive(in: .sync) || isNegative(effect) {
                        Issue.record("\(effect) at \(place): \(world)")
                    }
                }
            }
            // What leaves the set is recorded in the cluster already, not only about to be.
            for node in [world.beta, world.gamma] where !set.contains(node.name) {
                if node.holdsEverything(.sync) || (node.isOnline && node.isPromotable) {
                    Issue.record("commits stop waiting for \(node.name): \(world)")
                }
            }
        }
        #expect(changes > 100)
    }

    private func isNegative(_ effect: ClusterEffect) -> Bool {
        switch effect {
        case .set(.score, _, _), .set(.dataStatus, _, _): !effect.isPositive(in: .sync)
        case .set, .delete, .waitFor, .reconnectReceiver: false
        }
    }

    /// Becoming promotable takes the set in effect, the set to come, a stream, and proof that it has caught up.
    @Test func onlyWhoIsWaitedForBecomesPromotable() {
        var positives = 0
        Self.forEachWorld { world in
            for effect in world.effects where effect.isPositive(in: .sync) && effect.node != "alpha" {
                positives += 1
                guard let name = effect.node, let node = world.cluster.node(name) else { continue }
                let isInEffect = world.inEffect.contains { sameName($0, name) }
                let link = PeerLink(node: name, senders: world.senders.value ?? [])
                let isCaughtUp = world.barrier != nil || node.holdsEverything(.sync)
                if !isInEffect || link != .synchronous || !isCaughtUp || node.isUnclean || !node.isOnline {
                    Issue.record("\(effect): \(world)")
                }
            }
        }
        #expect(positives > 100)
    }

    /// Killed after any effect and run again, supervision never leaves more that is unsafe than it found, and ends with
    /// nothing unsafe where it may record at all.
    @Test func aKillBetweenAnyTwoEffectsIsHarmless() {
        Self.forEachWorld { start in
            var world = start
            var rounds = 0
            var effects = world.effects
            while !effects.isEmpty && rounds < 6 {
                rounds += 1
                for effect in effects {
                    let before = Self.unsafe(world)
                    world.apply(effect)
                    if !Self.unsafe(world).isSubset(of: before) { Issue.record("\(effect) of \(effects): \(start)") }
                    // A barrier speaks for the setting that was in effect when it was taken.
                    if effect.changesSetting { world.barrier = nil }
                }
                effects = world.effects
            }
            if !effects.isEmpty { Issue.record("it doesn't settle: \(effects): \(start)") }
            let mayRecord = !world.beta.isUnclean || !world.inEffect.contains("beta")
            if mayRecord && !Self.unsafe(world).isEmpty { Issue.record("unsafe at the end: \(world)") }
        }
    }

    /// S8: what can't be read neither changes whom commits wait for nor anybody's record.
    @Test func ignoranceRecordsNothingOfOthers() {
        Self.forEachWorld { world in
            for blind in [
                world.with { $0.senders = .unknown(why: "w") }, world.with { $0.setting = "FIRST 1 (*)" },
                world.with { $0.hasQuorum = false },
            ] {
                for effect in blind.effects where effect.node != "alpha" { Issue.record("\(effect): \(blind)") }
            }
        }
    }
}
