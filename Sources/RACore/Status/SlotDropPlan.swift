/// What `pgrex-tool slots drop` would do.
public struct SlotDropPlan: Sendable, Hashable {
    /// One slot on one server.
    public struct Target: Sendable, Hashable {
        public var node: String
        public var slot: SlotLine

        public init(node: String, slot: SlotLine) {
            self.node = node
            self.slot = slot
        }
    }

    public var targets: [Target]
    /// The nodes whose slots couldn't be seen.
    public var unseen: [String]

    public init(targets: [Target], unseen: [String]) {
        self.targets = targets
        self.unseen = unseen
    }

    /// Whether only what heartbeat/pgsql left goes, which nobody can miss.
    public var isHarmless: Bool { targets.allSatisfy { $0.slot.kind == .former } }

    /// Whether another plan drops the same.
    public func isSame(as other: SlotDropPlan) -> Bool {
        targets.map { "\($0.node) \($0.slot.name) \($0.slot.kind)" }
            == other.targets.map { "\($0.node) \($0.slot.name) \($0.slot.kind)" }
    }
}

/// Why nothing is dropped.
public enum SlotDropRefusal: Error, Sendable, Hashable {
    case notConfigured
    /// The cluster doesn't run here: who is a member is an old word.
    case savedConfiguration
    case noneLeft(unseen: [String])
    case unknown(String, unseen: [String])
    case inUse(String, node: String)
    case logical(String, node: String)
    case foreign(String, node: String)
    /// It is a member's on one server, and something else on another.
    case ambiguous(String, nodes: [String])
    /// A standby's slot for a member: it follows the primary's.
    case follows(String, node: String)
    case severalPrimaries([String])
    /// While the question was open.
    case changed

    public var text: String {
        switch self {
        case .notConfigured:
            "the agent keeps no slots here: replication_slot_name isn't set, or rep_mode isn't replicated"
        case .savedConfiguration:
            "the cluster can't be asked on this node, and its saved configuration may be old: nothing was dropped. HINT: "
                + "Run it where the cluster runs."
        case .noneLeft(let unseen): "nothing is left over that could be dropped" + SlotDropRefusal.doubt(unseen)
        case .unknown(let name, let unseen):
            "no slot \"\(name)\" is seen\(SlotDropRefusal.doubt(unseen)). HINT: 'pgrex-tool slots' lists them."
        case .inUse(let name, let node):
            "slot \"\(name)\" on \(node) is in use: nothing was dropped. HINT: Stop what reads from it first."
        case .logical(let name, let node):
            "slot \"\(name)\" on \(node) is a logical one, which isn't the agent's. HINT: On \(node): "
                + "\"SELECT pg_drop_replication_slot('\(name)')\"."
        case .foreign(let name, let node):
            "slot \"\(name)\" on \(node) isn't the agent's. HINT: On \(node): "
                + "\"SELECT pg_drop_replication_slot('\(name)')\"."
        case .ambiguous(let name, let nodes):
            "slot \"\(name)\" isn't the same on \(nodes.joined(separator: ", ")). HINT: Choose with --node."
        case .follows(let name, let node):
            "\(node) is no primary: its slot \"\(name)\" follows the primary's. HINT: Drop that one, if it is there."
        case .severalPrimaries(let nodes):
            "\(nodes.joined(separator: ", ")) answer as primaries: nothing was dropped. HINT: 'pgrex-tool status'."
        case .changed: "the slots aren't as they were when it was asked: nothing was dropped. HINT: Run it again."
        }
    }

    private static func doubt(_ unseen: [String]) -> String {
        unseen.isEmpty ? "" : ", as far as is seen: \(unseen.joined(separator: ", ")) can't be asked"
    }
}

extension SlotReport {
    /// Plans to drop slots.
    ///
    /// - Parameters:
    ///   - names: the slots; empty for what heartbeat/pgsql left.
    ///   - node: only on this server.
    public func planDrop(_ names: [String], on node: String?) -> Result<SlotDropPlan, SlotDropRefusal> {
        guard base != nil else { return .failure(.notConfigured) }
        guard case .cluster = source else { return .failure(.savedConfiguration) }
        let asked = nodes.filter { candidate in node.map { sameName($0, candidate.node) } ?? true }
        let unseen = asked.filter { $0.slots.value == nil }.map(\.node)
        let present = asked.flatMap { server in
            (server.slots.value ?? []).filter(\.isThere).map { SlotDropPlan.Target(node: server.node, slot: $0) }
        }
        guard !names.isEmpty else {
            let left = present.filter { $0.slot.kind == .former && !$0.slot.isActive }
            return left.isEmpty
                ? .failure(.noneLeft(unseen: unseen)) : .success(SlotDropPlan(targets: left, unseen: unseen))
        }
        var targets: [SlotDropPlan.Target] = []
        for (index, name) in names.enumerated() where !names[..<index].contains(name) {
            switch plan(present.filter { $0.slot.name == name }) {
            case .success(let found) where found.isEmpty: return .failure(.unknown(name, unseen: unseen))
            case .success(let found): targets += found
            case .failure(let refusal): return .failure(refusal)
            }
        }
        return .success(SlotDropPlan(targets: targets, unseen: unseen))
    }

    /// Of all servers' slots of one name those that go.
    private func plan(_ named: [SlotDropPlan.Target]) -> Result<[SlotDropPlan.Target], SlotDropRefusal> {
        guard let first = named.first else { return .success([]) }
        guard named.allSatisfy({ $0.slot.kind == first.slot.kind }) else {
            return .failure(.ambiguous(first.slot.name, nodes: named.map(\.node)))
        }
        guard case .member = first.slot.kind else {
            return named.lazy.compactMap { refusal($0) }.first.map { .failure($0) } ?? .success(named)
        }
        // A member's slot goes on the primary; the standbys follow.
        let primaries = nodes.filter { $0.role == .known(.primary) }.map(\.node)
        guard primaries.count < 2 else { return .failure(.severalPrimaries(primaries)) }
        guard let target = named.first(where: { $0.node == primaries.first }) else {
            return .failure(.follows(first.slot.name, node: first.node))
        }
        return refusal(target).map { .failure($0) } ?? .success([target])
    }

    private func refusal(_ target: SlotDropPlan.Target) -> SlotDropRefusal? {
        let (name, node) = (target.slot.name, target.node)
        switch target.slot.kind {
        case .logical: return .logical(name, node: node)
        case .foreign: return .foreign(name, node: node)
        case .member, .former, .left: return target.slot.isActive ? .inUse(name, node: node) : nil
        }
    }
}
