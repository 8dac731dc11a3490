import RACore

/// One change of the CIB, as the members of a partition get it, all in one order.
enum CopyChange {
    case attribute(NodeAttribute, node: Int, value: String?)
    case record(ClusterRecord, node: Int)
    case role(RecordedRole, node: Int)
    /// The fail-count of a start that was refused.
    case failure(Bool, node: Int)
    case membership(online: [Bool], unclean: [Bool], hasQuorum: Bool)
    /// What an operator changes: nothing here looks at it.
    case configuration
    case adminEpoch(Int)
}

/// Nodes whose cluster services hear each other.
struct SimulatedPart {
    var members: [Int]
    var changes: [CopyChange] = []
    var positions: [(node: Int, position: PublishedPosition?)] = []
    var hasQuorum: Bool
    /// The promotion that is under way, and the scores from which it was computed.
    var promotion: (candidate: Int, scores: [Int], hasNotified: Bool)?
    var isFenceBroken = false
}

/// The copies of the CIB and the private attributes: who knows what, and when.
extension SimulatedCluster {
    static let recordName = NodeAttribute.record.name(resource: resource)
    static let scoreName = NodeAttribute.score.name(resource: resource)

    mutating func publish(_ change: CopyChange, from index: Int, isSeenAtOnce: Bool = true) {
        guard nodes[index].part >= 0 else { return }
        let part = nodes[index].part
        parts[part].changes.append(change)
        if isSeenAtOnce { apply(index, upTo: parts[part].changes.count, of: parts[part]) }
    }

    mutating func publish(_ position: PublishedPosition?, from index: Int) {
        nodes[index].positions[index] = position
        guard nodes[index].part >= 0 else { return }
        parts[nodes[index].part].positions.append((index, position))
    }

    /// Some nodes apply some of the changes that they haven't yet.
    mutating func spread() {
        for index in nodes.indices where nodes[index].part >= 0 && nodes[index].slowUntil <= turns {
            let part = nodes[index].part
            let (open, unheard) = (
                parts[part].changes.count - nodes[index].applied, parts[part].positions.count - nodes[index].heard
            )
            if open > 0, random.oneIn(3) {
                let count = random.oneIn(2) ? open : 1 + random.below(open)
                apply(index, upTo: nodes[index].applied + count, of: parts[part])
            }
            if unheard > 0, random.oneIn(3) { hear(index, upTo: parts[part].positions.count, of: parts[part]) }
        }
    }

    mutating func apply(_ index: Int, upTo end: Int, of part: SimulatedPart) {
        while nodes[index].applied < end {
            apply(part.changes[nodes[index].applied], to: index)
            nodes[index].applied += 1
        }
    }

    private mutating func hear(_ index: Int, upTo end: Int, of part: SimulatedPart) {
        while nodes[index].heard < end {
            let told = part.positions[nodes[index].heard]
            nodes[index].positions[told.node] = told.position
            nodes[index].heard += 1
        }
    }

    private mutating func apply(_ change: CopyChange, to index: Int) {
        switch change {
        case .attribute(let attribute, let node, let value):
            let name = attribute.name(resource: SimulatedCluster.resource)
            if attribute.isPermanent {
                nodes[index].copy.nodes[node].permanentAttributes[name] = value
                nodes[index].epoch += 1
            } else if nodes[index].copy.nodes[node].isOnline {
                nodes[index].copy.nodes[node].transientAttributes[name] = value
            }
        case .record(let record, let node):
            nodes[index].copy.nodes[node].permanentAttributes[SimulatedCluster.recordName] = record.text
            nodes[index].epoch += 1
            isUnchecked = true
        case .failure(let isCounted, let node):
            nodes[index].copy.nodes[node].transientAttributes["fail-count-pg#start_0"] = isCounted ? "INFINITY" : nil
        case .role(let role, let node): nodes[index].copy.nodes[node].resourceRole = role
        case .configuration: nodes[index].epoch += 1
        case .adminEpoch(let epoch): nodes[index].copy.adminEpoch = max(epoch, nodes[index].copy.adminEpoch)
        case .membership(let online, let unclean, let hasQuorum):
            nodes[index].copy.hasQuorum = hasQuorum
            for other in nodes.indices {
                nodes[index].copy.nodes[other].isOnline = online[other]
                nodes[index].copy.nodes[other].isUnclean = unclean[other]
                guard !online[other] else { continue }
                nodes[index].copy.nodes[other].transientAttributes = [:]
                if !unclean[other] { nodes[index].copy.nodes[other].resourceRole = .unknown }
            }
        }
    }

    /// The newest record that a copy of the CIB shows.
    func shownRecord(_ index: Int) -> ClusterRecord? {
        var newest: ClusterRecord?
        for node in nodes[index].copy.nodes {
            guard let text = node.permanentAttributes[SimulatedCluster.recordName], let record = records[text] else {
                continue
            }
            if newest.map({ $0.stamp < record.stamp }) ?? true { newest = record }
        }
        return newest
    }

    // MARK: Membership

    /// Nodes found or lost each other: every part goes on with what its members have.
    mutating func reform() {
        let former = parts
        generation += 1
        let formerPart = nodes.map(\.part)
        parts = []
        for index in nodes.indices where !nodes[index].isPowered { nodes[index].part = -1 }
        for island in nodes.indices {
            let members = indices { $0.isPowered && $0.island == island }
            guard !members.isEmpty else { continue }
            let here = Set(members.map { formerPart[$0] })
            if here.count == 1, let old = here.first, old >= 0, former[old].members == members {
                for index in members { nodes[index].part = parts.count }
                parts.append(former[old])
            } else {
                synchronize(members, former, formerPart)
                join(members, formerPart)
            }
        }
        isUnchecked = true
    }

    /// Members that come from one part have the same changes at the end (virtual synchrony).
    private mutating func synchronize(_ members: [Int], _ former: [SimulatedPart], _ formerPart: [Int]) {
        for old in former.indices {
            let here = members.filter { formerPart[$0] == old }
            guard let applied = here.map({ nodes[$0].applied }).max(), let heard = here.map({ nodes[$0].heard }).max()
            else { continue }
            for index in here {
                apply(index, upTo: applied, of: former[old])
                hear(index, upTo: heard, of: former[old])
            }
        }
    }

    /// The copy with more changes replaces the others; what is known of a member's instance comes from itself.
    private mutating func join(_ members: [Int], _ formerPart: [Int]) {
        let rank = members.map { nodes[$0].copy.adminEpoch }.max() ?? 0
        let best = members.filter { nodes[$0].copy.adminEpoch == rank || sabotage == .noOutranking }
        let most = best.map { nodes[$0].epoch }.max() ?? 0
        guard let winner = random.pick(best.filter { nodes[$0].epoch == most }) else { return }
        noteStaleMerge(members, winner)
        let known = members.first { formerPart[$0] >= 0 }
        let reference = formerPart[winner] >= 0 ? winner : known ?? winner
        var copy = nodes[winner].copy
        var positions: [PublishedPosition?] = nodes.map { _ in nil }
        var unclean = nodes.map { _ in false }
        for index in nodes.indices {
            let source = members.contains(index) ? nodes[index].copy.nodes[index] : nodes[reference].copy.nodes[index]
            copy.nodes[index].isOnline = source.isOnline
            copy.nodes[index].isUnclean = source.isUnclean
            let isFresh = members.contains(index) && formerPart[index] < 0
            copy.nodes[index].transientAttributes = isFresh ? [:] : source.transientAttributes
            copy.nodes[index].resourceRole = isFresh ? .unknown : source.resourceRole
            if members.contains(index) {
                positions[index] = isFresh ? nil : nodes[index].positions[index]
            } else {
                // Of a node that nobody here has seen, nobody knows what it does (startup fencing).
                unclean[index] = known == nil || source.isOnline || source.isUnclean
            }
        }
        if members.count == nodes.count { for index in members { nodes[index].hasSeenAll = true } }
        copy.hasQuorum = nodes[reference].copy.hasQuorum
        let change = membership(members, unclean)
        for index in members {
            nodes[index].copy = copy
            nodes[index].epoch = most
            nodes[index].positions = positions
            (nodes[index].part, nodes[index].applied, nodes[index].heard) = (parts.count, 0, 0)
        }
        parts.append(SimulatedPart(members: members, changes: [change], hasQuorum: hasQuorum(members)))
        log { "members \(members.map { name($0) }), CIB of \(name(winner)), epoch \(most)" }
    }

    func membership(_ members: [Int], _ unclean: [Bool]) -> CopyChange {
        .membership(
            online: nodes.indices.map { members.contains($0) },
            unclean: unclean,
            hasQuorum: hasQuorum(members)
        )
    }

    /// With two nodes each has quorum alone, once it has seen the other since it booted (`two_node`, `wait_for_all`).
    private func hasQuorum(_ members: [Int]) -> Bool {
        if nodes.count == 2 { return members.contains { nodes[$0].hasSeenAll } }
        return members.count * 2 > nodes.count
    }

    private mutating func noteStaleMerge(_ members: [Int], _ winner: Int) {
        let stamps = members.map { shownRecord($0)?.stamp }.compactMap { $0 }
        guard let newest = stamps.max() else { return }
        if shownRecord(winner).map({ $0.stamp < newest }) ?? true {
            counts.staleMerges += 1
            log { "the CIB of \(name(winner)) is an old one" }
        }
    }
}
