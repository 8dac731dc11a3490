/// The newest durable record of a cluster; nil when nothing was ever recorded.
///
/// - Parameter copy: the newest that this node has seen before.
public func newestRecord(
    in cluster: ClusterObservation,
    resource: String,
    copy: ClusterRecord?
) -> ClusterRecord? {
    let name = NodeAttribute.record.name(resource: resource)
    let records = cluster.nodes.compactMap { $0.permanentAttributes[name].flatMap { ClusterRecord($0) } }
    let known = records + [copy].compactMap { $0 }
    guard var newest = known.max(by: { $0.stamp < $1.stamp }) else {
        return inheritedRecord(in: cluster, resource: resource)
    }
    if known.contains(where: { $0.stamp == newest.stamp && $0.primary != newest.primary }) {
        // Two that were cut off from each other wrote it: neither is believed.
        (newest.primary, newest.guarantee) = ("", .none)
    }
    return newest
}

/// Whether a node keeps a copy of a record: not of its own promotion, which nobody may have confirmed yet.
public func isWorthKeeping(_ record: ClusterRecord, own: String, copy: ClusterRecord?) -> Bool {
    guard record.systemIdentifier != nil, !record.primary.isEmpty else { return false }
    guard !record.isPromoting || !sameName(record.primary, own) else { return false }
    return copy.map { $0.stamp < record.stamp } ?? true
}

/// Whether a node that has these records goes by one of a primary, or by a newer one of the same.
///
/// Its number alone proves nothing: two that were cut off from each other may use the same.
public func goesBy(_ record: ClusterRecord, _ shown: [ClusterRecord]) -> Bool {
    shown.contains { $0.stamp >= record.stamp && $0.primary == record.primary }
        && !shown.contains { $0.stamp >= record.stamp && $0.primary != record.primary }
}

/// What heartbeat/pgsql's flags say: a cluster that ran it goes on from there.
private func inheritedRecord(in cluster: ClusterObservation, resource: String) -> ClusterRecord? {
    let name = NodeAttribute.dataStatus.name(resource: resource)
    let told = cluster.nodes.map { (node: $0.name, status: DataStatus($0.permanentAttributes[name])) }
    guard let first = TimelineID(1) else { return nil }
    let synchronous = told.filter { $0.status == .synchronous }.map(\.node)
    let asynchronous = told.filter { $0.status == .asynchronous }.map(\.node)
    let primary = told.first { $0.status == .latest }?.node
    // Of those that a quorum is formed of, one alone may have the last commits.
    let isQuorum = cluster.nodes.contains { $0.permanentAttributes[name]?.hasSuffix("QUORUM") ?? false }
    guard primary != nil || !(synchronous + asynchronous).isEmpty else { return nil }
    return ClusterRecord(
        primary: primary ?? "",
        systemIdentifier: nil,
        history: TimelineHistory(timeline: first, ancestors: []),
        lsn: LSN(bytes: 0),
        term: 0,
        serial: 0,
        guarantee: synchronous.isEmpty
            ? Guarantee(members: asynchronous, count: 0)
            : Guarantee(members: synchronous, count: isQuorum ? 1 : synchronous.count)
    )
}
