/// What `pgrex-tool stop` stopped, so that the commands that start again take back exactly that: the value of
/// `<resource>-stopped`.
///
/// What an operator stopped in another way has no such note, and isn't started by our commands.
public struct StopNote: Sendable, Hashable {
    public var scope: StopScope
    /// The `target-role` that was set before; nil when none was, and for a stop of one node.
    public var formerTargetRole: String?
    /// Who, as "root@pg1".
    public var author: String
    public var time: String

    public init(scope: StopScope, formerTargetRole: String? = nil, author: String, time: String) {
        self.scope = scope
        self.formerTargetRole = formerTargetRole
        self.author = author
        self.time = time
    }

    /// "stopped=node by=root@pg1 time=2026-11-21T18:00:00Z" or "stopped=all role=Started by=root@pg1 time=...".
    public var text: String {
        "stopped=\(scope.rawValue)\(formerTargetRole.map { " role=\($0)" } ?? "") by=\(author) time=\(time)"
    }

    public init?(_ text: String) {
        let words = RecordWords(text)
        guard let scope = words.first("stopped").flatMap({ StopScope(rawValue: String($0)) }),
            let author = words.first("by").map(String.init), let time = words.first("time").map(String.init)
        else { return nil }
        self.scope = scope
        formerTargetRole = words.first("role").map(String.init)
        self.author = author
        self.time = time
    }
}

/// How much a stop stops.
public enum StopScope: String, Sendable, Hashable, CaseIterable {
    /// One node, by Pacemaker's standby mode.
    case node
    /// The whole resource, by its `target-role`.
    case all
}

/// What is in force of a stop.
public enum StopMark: Sendable, Hashable {
    /// Nothing is stopped on purpose.
    case none
    /// By `pgrex-tool stop`.
    case ours(StopNote)
    /// By somebody else, who alone knows why.
    case foreign
}

/// Who put a node into standby mode.
public func standbyMark(of node: ClusterNode, resource: String) -> StopMark {
    guard node.isInStandbyMode else { return .none }
    return stopNote(of: node, resource: resource, scope: .node).map { .ours($0) } ?? .foreign
}

/// Who set `target-role` so that nothing of the resource runs.
///
/// - Parameter targetRole: as it is set; nil when it isn't.
public func targetRoleMark(_ targetRole: String?, cluster: ClusterObservation, resource: String) -> StopMark {
    guard targetRole?.lowercased() == "stopped" else { return .none }
    let notes = cluster.nodes.compactMap { stopNote(of: $0, resource: resource, scope: .all) }
    return notes.first.map { .ours($0) } ?? .foreign
}

/// The note that a node has of a stop of some scope.
public func stopNote(of node: ClusterNode, resource: String, scope: StopScope) -> StopNote? {
    guard
        let note = node.permanentAttributes[NodeAttribute.stopped.name(resource: resource)].flatMap({ StopNote($0) }),
        note.scope == scope
    else { return nil }
    return note
}
