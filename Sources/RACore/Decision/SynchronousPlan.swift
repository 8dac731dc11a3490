/// What the primary does next about whom commits wait for.
public enum GuaranteeStep: Sendable, Hashable {
    case nothing
    /// Record this weaker guarantee first.
    case weaken(Guarantee)
    /// Change the setting, once these nodes, as far as they are here, have the record: somebody that is waited for won't be.
    case change(SynchronousSet, confirmedBy: [String])
    /// Record this stronger guarantee, once enough standbys have reached what was acknowledged before the setting.
    case strengthen(Guarantee)
}

/// Decides the next step from what is recorded, what is in effect and what is wanted.
///
/// The recorded guarantee holds for every acknowledged commit at every moment, wherever the agent is killed: it is made
/// weaker, to what commits keep that wait the old way or the new one, before the setting changes; and it is made stronger
/// only afterwards.
/// - Parameter nodes: the cluster's own peers; standbys outside it are waited for, but prove nothing.
public func decideGuarantee(
    recorded: Guarantee,
    inEffect: SynchronousSet,
    wanted: SynchronousSet,
    nodes: [String]
) -> GuaranteeStep {
    let kept = inEffect.guarantee(among: nodes)
    let target = wanted.guarantee(among: nodes)
    guard kept.implies(recorded) else { return .weaken(recorded.or(kept)) }
    guard target.implies(recorded) else { return .weaken(recorded.or(target)) }
    if wanted.setting != inEffect.setting {
        // Whoever was waited for once may still go by the record of that time.
        return .change(wanted, confirmedBy: target.implies(kept) ? [] : nodes)
    }
    return target.isSame(as: recorded) ? .nothing : .strengthen(target)
}

/// Decides whom commits are to wait for.
///
/// Standbys that stream; those that are waited for already go first. Without enough of them, commits wait for fewer or, in
/// strict mode, for those that are to come back. Standbys outside the cluster that stream are waited for as well.
/// - Parameter unsteady: peers that were lost too often to be waited for again so soon.
public func decideSynchronousSet(
    _ set: ReplicaSet,
    streaming: [String],
    inEffect: SynchronousSet,
    unsteady: [String],
    outside: [String]
) -> SynchronousSet {
    let policy = set.policy
    let steady = streaming.filter { node in
        policy.isStrict || inEffect.contains(node) || !unsteady.contains { sameName($0, node) }
    }
    let count: Int
    var nodes: [String]
    switch policy.method {
    case .first:
        nodes = Array(
            (steady.filter { inEffect.contains($0) } + steady.filter { !inEffect.contains($0) }).prefix(policy.count)
        )
        if policy.isStrict && nodes.count < policy.count { nodes = filled(nodes, set, inEffect) }
        count = nodes.count
    case .any:
        nodes = policy.isStrict && steady.count < policy.count ? set.peers : steady
        count = min(policy.count, nodes.count)
    }
    let names = nodes.map { ReplicaSet.applicationName(of: $0) } + outside
    return names.isEmpty ? .none : SynchronousSet(names: names, count: count + outside.count, method: policy.method)
}

/// As many as are to be waited for: those that were go on being waited for.
private func filled(_ nodes: [String], _ set: ReplicaSet, _ inEffect: SynchronousSet) -> [String] {
    var nodes = nodes
    let rest = set.peers.filter { inEffect.contains($0) } + set.peers.filter { !inEffect.contains($0) }
    for node in rest where nodes.count < set.policy.count && !nodes.contains(where: { sameName($0, node) }) {
        nodes.append(node)
    }
    return nodes
}
