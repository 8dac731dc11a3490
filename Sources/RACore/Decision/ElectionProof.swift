/// The furthest of those who vote; of several that have stepped back least often the preferred, then one that the record
/// names, then the first.
func furthest(_ voters: [Voter], _ record: ClusterRecord?, _ preferred: String?) -> Voter? {
    guard let end = voters.map(\.position.position).max() else { return nil }
    let equals = willing(voters.filter { $0.position.position == end })
    if let preferred, let voter = equals.first(where: { sameName($0.node, preferred) }) { return voter }
    return equals.first { voter in record.map { isNamed(voter.node, in: $0) } ?? false } ?? equals.first
}

/// Those who have stepped back least often: when everybody has, it is the first one's turn again.
func willing(_ voters: [Voter]) -> [Voter] {
    let least = voters.map(\.position.timesSteppedBack).min()
    return voters.filter { $0.position.timesSteppedBack == least }
}

/// A record without a promotion that it speaks of, if that wasn't carried out: the node is here, still on the timeline of
/// before and no further. What such a promotion was to say nobody may have confirmed, and another may have been promoted
/// since.
public func carriedOut(_ record: ClusterRecord, _ ballots: [Ballot]) -> ClusterRecord {
    guard record.isPromoting, let former = record.former,
        let candidate = ballots.first(where: { sameName($0.node, record.primary) })?.position,
        candidate.timeline == record.timeline, candidate.lsn <= record.lsn
    else { return record }
    var open = record
    open.isPromoting = false
    (open.primary, open.guarantee, open.lsn) = (former.primary, former.guarantee, former.lsn)
    (open.isLossAccepted, open.former) = (former.isLossAccepted, nil)
    return open
}

private func isNamed(_ node: String, in record: ClusterRecord) -> Bool {
    sameName(record.primary, node) || record.guarantee.contains(node)
}

/// Whether somebody was promoted of whom the record doesn't know.
func isOutdated(_ record: ClusterRecord, _ voters: [Voter]) -> Bool {
    // Read out of another agent's attributes: it has no timeline.
    guard record.systemIdentifier != nil else { return false }
    var newest = record.timeline
    if record.isPromoting, let primary = voters.first(where: { sameName($0.node, record.primary) }) {
        newest = max(newest, primary.position.timeline)
    }
    return voters.contains { $0.position.timeline > newest }
}

/// Why the furthest of the voters has everything, and who bears witness to it; nil when nothing proves it.
func prove(_ record: ClusterRecord, _ voters: [Voter], _ mode: ReplicationMode) -> (ElectionProof, [Voter])? {
    let hasPositions = record.systemIdentifier != nil
    let primary = voters.first { voter in
        // One that is behind its own record has other data than it had.
        sameName(voter.node, record.primary) && (!hasPositions || voter.position.position >= record.position)
    }
    if let primary { return (.lastPrimary(primary.node), [primary]) }
    let guarantee = record.guarantee
    let members = voters.filter { voter in
        guard guarantee.contains(voter.node) else { return false }
        guard hasPositions else { return true }
        // When commits wait for all of them, each had come as far as the record says.
        return guarantee.count == guarantee.members.count
            ? voter.position.position >= record.position : voter.position.timeline >= record.timeline
    }
    if let quorum = guarantee.quorum, members.count >= quorum { return (.synchronous(members.map(\.node)), members) }
    // Nobody promised anything: whoever streamed lacks the last moments at most.
    if mode == .async, !members.isEmpty { return (.asynchronous, willing(members)) }
    return nil
}

/// Whether data are part of what another node's go on from, or the other way round.
func isContinued(_ position: PublishedPosition, by best: PublishedPosition) -> Bool {
    for entry in position.history.ancestors {
        if let theirs = best.history.switchPoint(of: entry.timeline), theirs != entry.switchPoint { return false }
    }
    guard position.timeline != best.timeline else { return true }
    guard let left = best.history.switchPoint(of: position.timeline) else { return false }
    return position.lsn <= left
}
