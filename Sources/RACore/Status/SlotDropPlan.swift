/// What `pgrex-tool slots drop` would do.
public struct SlotDropPlan: Sendable, Hashable {
    /// One slot on one server.
    public struct Target: Sendable, Hashable {
        public var node: String
        public var slot: SlotLine
    }

    public var targets: [Target]

    /// The nodes that need a rewind or a copy afterwards: those whose slots go.
    public var owners: [String] {
        targets.compactMap { target in
            guard case .member(let owner) = target.slot.kind else { return nil }
            return owner
        }
    }
}

/// Why nothing is dropped.
public enum SlotDropRefusal: Error, Sendable, Hashable {
    case notConfigured
    case noneLeft(unseen: [String])
    case unknown(String, unseen: [String])
    case inUse(String, node: String)
    case logical(String, node: String)
    case foreign(String, node: String)
    /// A standby's slot for a member, which its agent would only make again.
    case remade(String, node: String)

    public var text: String {
        switch self {
        case .notConfigured: "no slots are configured: replication_slot_name isn't set"
        case .noneLeft(let unseen): "nothing is left over that could be dropped" + SlotDropRefusal.doubt(unseen)
        case .unknown(let name, let unseen):
            "no node has a slot \"\(name)\"\(SlotDropRefusal.doubt(unseen)). HINT: 'pgrex-tool slots' lists them."
        case .inUse(let name, let node):
            "slot \"\(name)\" on \(node) is in use: nothing was dropped. HINT: Stop what reads from it first."
        case .logical(let name, let node):
            "slot \"\(name)\" on \(node) is a logical one, which isn't the agent's. HINT: On \(node): "
                + "\"SELECT pg_drop_replication_slot('\(name)')\"."
        case .foreign(let name, let node):
            "slot \"\(name)\" on \(node) isn't the agent's. HINT: On \(node): "
                + "\"SELECT pg_drop_replication_slot('\(name)')\"."
        case .remade(let name, let node):
            "\(node) is a standby, and its agent would make slot \"\(name)\" again. HINT: Drop it on the primary: the "
                + "standbys follow."
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
        let asked = nodes.filter { candidate in node.map { sameName($0, candidate.node) } ?? true }
        let unseen = asked.filter { $0.slots.value == nil }.map(\.node)
        let present = asked.flatMap { server in
            (server.slots.value ?? []).filter(\.isThere)
                .map { SlotDropPlan.Target(node: server.node, slot: $0) }
        }
        guard !names.isEmpty else {
            let left = present.filter { $0.slot.kind == .former && !$0.slot.isActive }
            return left.isEmpty ? .failure(.noneLeft(unseen: unseen)) : .success(SlotDropPlan(targets: left))
        }
        var targets: [SlotDropPlan.Target] = []
        for name in names {
            let named = present.filter { $0.slot.name == name && isDroppable($0) }
            guard let first = named.first ?? present.first(where: { $0.slot.name == name }) else {
                return .failure(.unknown(name, unseen: unseen))
            }
            if let refusal = refusal(first) { return .failure(refusal) }
            for target in named { if let refusal = refusal(target) { return .failure(refusal) } }
            targets += named
        }
        return .success(SlotDropPlan(targets: targets))
    }

    /// A member's slot goes on the primary; the standbys follow.
    private func isDroppable(_ target: SlotDropPlan.Target) -> Bool {
        guard case .member = target.slot.kind else { return true }
        return nodes.first { $0.node == target.node }?.role == .known(.primary)
    }

    private func refusal(_ target: SlotDropPlan.Target) -> SlotDropRefusal? {
        let (name, node) = (target.slot.name, target.node)
        switch target.slot.kind {
        case .logical: return .logical(name, node: node)
        case .foreign: return .foreign(name, node: node)
        case .member where !isDroppable(target): return .remade(name, node: node)
        case .member, .former, .left: return target.slot.isActive ? .inUse(name, node: node) : nil
        }
    }
}

extension SlotLine {
    /// Whether the server has it.
    var isThere: Bool {
        switch state {
        case .standing(.missing), .dropped: false
        case .inUse, .standing(.unreserved), .standing(.lost), .standing(.kept), .standing(.near), .standing(.over):
            true
        }
    }
}
