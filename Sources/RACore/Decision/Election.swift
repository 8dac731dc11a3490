/// One node's say in the choice of a primary when there is none.
public struct Ballot: Sendable, Hashable {
    public var node: String
    /// Whether the choice waits for this node's position: it is here, and may tell it yet.
    public var isAwaited: Bool
    /// What the node published, if that counts as a vote.
    public var position: PublishedPosition?
    /// What it published, also if it is no vote: of a node that failed since, or from before a promotion. It tells which
    /// record the node has seen.
    public var told: PublishedPosition?

    public init(node: String, isAwaited: Bool, position: PublishedPosition?, told: PublishedPosition? = nil) {
        self.node = node
        self.isAwaited = isAwaited
        self.position = position
        self.told = told ?? position
    }
}

/// Why a node is known to have everything that was acknowledged.
public enum ElectionProof: Sendable, Hashable {
    /// The last primary is here, and the chosen node isn't behind it.
    case lastPrimary(String)
    /// Every commit waited for one of these, and the chosen node isn't behind any.
    case synchronous([String])
    /// Every node is here.
    case everybody
    /// Nothing was ever recorded: the cluster is new.
    case new
    /// Commits waited for nobody: the last of them may be missing.
    case asynchronous
}

/// Whom the nodes choose. Each decides by itself, from the same ballots, so that the outcome is one.
public enum ElectionOutcome: Sendable, Hashable {
    case chosen(String, because: ElectionProof)
    /// These are here, and haven't told their positions yet.
    case awaiting([String])
    /// Acknowledged commits may be only on these, which aren't here.
    case lacking([String])
    /// The node's data come from another database system, and nothing tells which is the right one.
    case foreign(String)
    /// The data of the first went another way than the second's: acknowledged commits may be on either.
    case forked(String, from: String)
}

/// Chooses who is promoted, by the durable record, then timeline, then LSN.
///
/// A node is chosen only if none that is here is further, and if it is certain to have every acknowledged commit: because
/// the last primary or enough of those that commits waited for are here to compare with, or else everybody.
/// - Parameters:
///   - ballots: one a node of `node_list`, in its order; of two that are as far the first is chosen.
///   - record: the newest that is known; nil when nothing was ever recorded.
///   - preferred: the node that Pacemaker is about to promote: chosen if nobody is further.
public func choosePrimary(
    _ ballots: [Ballot],
    record: ClusterRecord?,
    mode: ReplicationMode,
    preferred: String? = nil
) -> ElectionOutcome {
    let awaited = ballots.filter { $0.isAwaited && $0.position?.isRunning != true }.map(\.node)
    guard awaited.isEmpty else { return .awaiting(awaited) }
    let running = ballots.compactMap { ballot in
        ballot.position.flatMap { $0.isRunning ? Voter(node: ballot.node, position: $0) : nil }
    }
    let isOfThisDatabase = record?.systemIdentifier.map { system in
        running.count < ballots.count || running.contains { $0.position.systemIdentifier == system }
    }
    // Made anew from initdb on every node: what was recorded was of other data.
    let record = isOfThisDatabase ?? true ? record.map { carriedOut($0, ballots) } : nil
    let system = record?.systemIdentifier ?? running.first?.position.systemIdentifier
    let voters = running.filter { $0.position.systemIdentifier == system }
    if record?.systemIdentifier == nil,
        let stranger = running.first(where: { $0.position.systemIdentifier != system })
    {
        return .foreign(stranger.node)
    }
    let absent = ballots.map(\.node).filter { node in !voters.contains { sameName($0.node, node) } }
    guard let best = furthest(voters, record, preferred) else { return .lacking(absent) }
    return judge(Votes(voters: voters, best: best, absent: absent, preferred: preferred), ballots, record, mode)
}

/// A node that is here, and how far it is.
struct Voter {
    var node: String
    var position: PublishedPosition
}

/// What is known of the nodes: who is here, the furthest of them, who isn't here.
private struct Votes {
    var voters: [Voter]
    var best: Voter
    var absent: [String]
    var preferred: String?
}

private func judge(
    _ votes: Votes,
    _ ballots: [Ballot],
    _ record: ClusterRecord?,
    _ mode: ReplicationMode
) -> ElectionOutcome {
    let seen = ballots.compactMap { $0.told?.seen }.max()
    guard let record else {
        // What was recorded once and is gone leaves its trace on the nodes.
        return seen == nil ? .chosen(votes.best.node, because: .new) : chooseAmongAll(votes)
    }
    // An operator who gave data up may have meant those of the newer timeline.
    let isOutdated = !record.isLossAccepted && isOutdated(record, votes.voters)
    if seen.map({ $0 > record.stamp }) ?? false || isOutdated { return chooseAmongAll(votes) }
    // Half of the nodes may have been left behind by the other half since they were here last.
    let isMajority = record.isLossAccepted || ballots.filter { $0.told != nil }.count * 2 > ballots.count
    let witnesses = votes.voters.filter { isMajority || $0.position.hasTakenPart }
    if let (proof, witnesses) = prove(record, witnesses, mode) {
        return choose(votes, notBehind: witnesses, record, because: proof)
    }
    if votes.absent.isEmpty { return chooseAmongAll(votes) }
    let needed = [record.primary] + record.guarantee.members
    let missing = votes.absent.filter { node in needed.contains { sameName($0, node) } }
    return .lacking(missing.isEmpty ? votes.absent : missing)
}

/// The choice by the record: nobody who is behind its nodes, or went another way than they did.
private func choose(
    _ votes: Votes,
    notBehind witnesses: [Voter],
    _ record: ClusterRecord,
    because proof: ElectionProof
) -> ElectionOutcome {
    guard let witness = furthest(witnesses, record, nil) else { return .lacking(votes.absent) }
    if record.isLossAccepted { return .chosen(witness.node, because: proof) }
    if let other = witnesses.first(where: { !isContinued($0.position, by: witness.position) }) {
        return .forked(other.node, from: witness.node)
    }
    let candidates = votes.voters.filter { voter in
        voter.position.position >= witness.position.position && isContinued(witness.position, by: voter.position)
    }
    return .chosen(furthest(willing(candidates), record, votes.preferred)?.node ?? witness.node, because: proof)
}

/// The choice without a record that can be believed: whoever is furthest has everything if all are here.
private func chooseAmongAll(_ votes: Votes) -> ElectionOutcome {
    guard votes.absent.isEmpty else { return .lacking(votes.absent) }
    if let other = votes.voters.first(where: { !isContinued($0.position, by: votes.best.position) }) {
        return .forked(other.node, from: votes.best.node)
    }
    return .chosen(votes.best.node, because: .everybody)
}
