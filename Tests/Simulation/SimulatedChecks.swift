import RACore

/// What must never break, checked from outside by what is true and not by what anybody knows.
extension SimulatedCluster {
    /// Whether a log has every acknowledged commit: it has the furthest, and so all before it.
    func hasEverything(_ log: SimulatedLog) -> Bool {
        guard let lastAnswered else { return true }
        return log.count > lastAnswered.place && log.entries[lastAnswered.place] == lastAnswered.entry
    }

    private func has(_ log: SimulatedLog, _ entry: UInt32, _ place: Int) -> Bool {
        log.count > place && log.entries[place] == entry
    }

    /// S1 and S2 when a client is told of a commit.
    mutating func acknowledge(_ entry: UInt32, _ place: Int, by index: Int) {
        counts.commits += 1
        isUnchecked = true
        if let last = lastPrimary, last != index, !has(nodes[last].server.log, entry, place) {
            violate { "S1: \(name(index)) acknowledges a commit that \(name(last)), promoted since, lacks" }
        }
        guard scenario.mode == .sync else { return }
        checkStrict(entry, place, by: index)
        if !hasEverything(nodes[index].server.log) {
            return violate { "S2: \(name(index)) serves, and lacks acknowledged commits" }
        }
        if place > lastAnswered?.place ?? -1 { lastAnswered = (entry, place) }
    }

    private mutating func checkStrict(_ entry: UInt32, _ place: Int, by index: Int) {
        guard scenario.policy.isStrict else { return }
        let holders = nodes.indices.filter { other in
            other != index && (nodes[other].isBlank || has(nodes[other].server.log, entry, place))
        }
        .count
        if nodes[index].server.inEffect.set.count >= scenario.policy.count { nodes[index].server.hasBeenFull = true }
        if nodes[index].server.hasBeenFull, holders < min(scenario.policy.count, nodes.count - 1) {
            violate { "strict: \(name(index)) acknowledges a commit that only \(holders) standbys have" }
        }
    }

    /// S2 at a promotion.
    mutating func notePrimary(_ index: Int) {
        if scenario.mode == .sync {
            if !hasEverything(nodes[index].server.log) {
                violate { "S2: \(name(index)) becomes the primary and lacks acknowledged commits" }
            }
        } else {
            lastAnswered = nil
        }
        lastPrimary = index
        isUnchecked = true
    }

    /// S3: nobody who was asked, is here and runs holds more of the same history.
    ///
    /// Where notifications were lost, or the cluster services too slow to tell, that is only counted.
    mutating func checkFurthest(_ index: Int) {
        guard let other = standbyBeyond(index) else { return }
        let promotion = nodes[index].agent.promotion
        guard scenario.notifies, nodes[index].agent.toldFor == promotion, nodes[other].agent.toldFor == promotion,
            nodes[index].slowUntil + 60 < turns, nodes[other].slowUntil + 60 < turns
        else {
            return counts.unasked += 1
        }
        violate { "S3: \(name(index)) is promoted, and \(name(other)) holds more" }
    }

    private func standbyBeyond(_ index: Int) -> Int? {
        let own = nodes[index].server.log
        return parts[nodes[index].part].members.first { other in
            let node = nodes[other]
            return other != index && node.server.role == .standby && !node.server.isHung
                && own.isBeginning(of: node.server.log) && node.server.log.count > own.count
        }
    }

    /// S4: what passes the gate is the beginning of the primary's history.
    mutating func checkGate(_ index: Int, _ log: SimulatedLog) {
        guard !nodes[index].server.log.isBeginning(of: log) else { return }
        violate { "S4: \(name(index)) may start, and has other records than the primary" }
    }

    /// The oracle: who may be promoted, from the true state of the world.
    ///
    /// A choice from a look at another partition than the one that would act on it isn't judged: `promote` looks again.
    mutating func verify(_ outcome: ElectionOutcome, by index: Int, _ record: ClusterRecord?) {
        guard case .chosen(let node, let proof) = outcome, let chosen = self.index(of: node), nodes[index].part >= 0,
            parts[nodes[index].part].hasQuorum, nodes[index].agent.generation == generation,
            !nodes.contains(where: { $0.isPowered && $0.server.role == .primary })
        else { return }
        if scenario.mode == .sync, !hasEverything(nodes[chosen].server.log) {
            violate { "oracle: \(name(index)) finds \(node) fit, \(proof), which lacks acknowledged commits" }
        }
    }

    /// S1 to S3 after every turn, and the truth of the record.
    mutating func check() {
        guard violation == nil, isUnchecked, scenario.mode == .sync else { return }
        isUnchecked = false
        // Older ones are judged by what they lead to: the choice of a primary and its promotion.
        let known = nodes.indices.flatMap { [shownRecord($0), nodes[$0].record] }.compactMap { $0 }
        if let newest = known.max(by: { $0.stamp < $1.stamp }),
            // Of two that were written apart neither is believed.
            known.allSatisfy({ $0.stamp != newest.stamp || $0.primary == newest.primary })
        {
            checkTruth(newest)
        }
        if let last = lastPrimary, !hasEverything(nodes[last].server.log) {
            violate { "S2: \(name(last)) was promoted last, and lacks acknowledged commits" }
        }
    }

    private mutating func checkTruth(_ record: ClusterRecord) {
        guard let primary = index(of: record.primary), lastAnswered != nil else { return }
        if !nodes[primary].isBlank, !hasEverything(nodes[primary].server.log) {
            violate { "S2: record \(record.text), and its primary lacks acknowledged commits" }
        }
        let holders = record.guarantee.members.compactMap { index(of: $0) }.filter {
            nodes[$0].isBlank || hasEverything(nodes[$0].server.log)
        }
        if holders.count < record.guarantee.count {
            violate { "S2: record \(record.text), and only \(holders.count) members have every acknowledged commit" }
        }
    }
}
