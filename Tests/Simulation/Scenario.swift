public import RACore

/// What one seed's cluster is like.
public struct Scenario: Sendable {
    public var nodes: Int
    public var mode: ReplicationMode
    public var policy: SynchronousPolicy
    /// Meta attribute `notify` of the clone.
    public var notifies: Bool
    /// `no-quorum-policy=stop`, Pacemaker's default; else `freeze`.
    public var stopsWithoutQuorum: Bool

    init(random: inout SimulationRandom) {
        nodes = [2, 3, 3, 3, 3, 5][random.below(6)]
        notifies = !random.oneIn(4)
        stopsWithoutQuorum = random.oneIn(2)
        mode = random.oneIn(7) ? .async : .sync
        let isAny = notifies && nodes > 2 && random.oneIn(3)
        let count = nodes > 2 && random.oneIn(3) ? 2 : 1
        policy = SynchronousPolicy(method: isAny ? .any : .first, count: count, isStrict: random.oneIn(5))
    }

    /// "3 nodes, sync FIRST 1, notify"
    public var text: String {
        var text = "\(nodes) nodes, \(mode.rawValue)"
        if mode == .sync { text += " \(policy.method == .any ? "ANY" : "FIRST") \(policy.count)" }
        if mode == .sync && policy.isStrict { text += " strict" }
        return text + (notifies ? ", notify" : "") + (stopsWithoutQuorum ? "" : ", freeze")
    }
}

/// Ways to break the protocol, to see that the checks would notice.
public enum Sabotage: String, Sendable, CaseIterable {
    /// A guarantee is made stronger without waiting for what was acknowledged before.
    case noBarrier = "no-barrier"
    /// Commits stop waiting for a standby before that is recorded.
    case changeBeforeRecord = "change-before-record"
    /// Commits stop waiting for a standby that hasn't the record of it.
    case unconfirmedChange = "unconfirmed-change"
    /// A promotion begins before the others have its record.
    case unconfirmedPromotion = "unconfirmed-promotion"
    /// Nodes forget the newest record that they have seen.
    case staleRecord = "stale-record"
    /// Positions are compared by LSN alone.
    case noTimelines = "no-timelines"
    /// Of a set of which any so many were waited for, one member proves everything.
    case anyOne = "any-one"
    /// How far a node has replayed is taken for how far its WAL goes.
    case earlyPositions = "early-positions"
    /// Whom Pacemaker picks is promoted, without anybody's position.
    case noPositions = "no-positions"
    /// Every partition acts as if it had quorum and the lost nodes were down.
    case noQuorum = "no-quorum"
    /// A server that came up as primary by itself is taken for one that was promoted.
    case strayRecords = "stray-records"
    /// The CIB of a node that was away may win over that of the primary.
    case noOutranking = "no-outranking"
}

/// What happened in a run, so that one in which nothing happens proves nothing.
public struct SimulationCounts: Sendable {
    public var promotions = 0
    public var commits = 0
    /// Elections that another than Pacemaker's first candidate won.
    public var outdone = 0
    /// Partitions that were joined by a copy of the CIB with an older record than another had.
    public var staleMerges = 0
    /// Promotions proven by a quorum of those of whom any so many were waited for.
    public var quorumElections = 0
    /// Two halves, each with quorum, that both wanted to fence the other.
    public var fenceRaces = 0
    /// Promotions beside a standby that held more of the same history, but wasn't asked: its notification was lost.
    public var unasked = 0
    /// Forks that an operator had to decide.
    public var decisions = 0
    public var rests = 0
    public var rejoins = 0
    public var refusedStarts = 0

    public init() {}

    /// All but promotions and commits, in one line.
    public var text: String {
        "\(outdone) candidates outdone, \(quorumElections) quorum elections, \(staleMerges) old CIBs that won, "
            + "\(fenceRaces) fence races, \(rests) rests, \(unasked) unasked, \(decisions) forks decided, "
            + "\(refusedStarts) starts refused, \(rejoins) re-joined"
    }

    /// Adds what happened in another run.
    public mutating func add(_ other: SimulationCounts) {
        promotions += other.promotions
        commits += other.commits
        outdone += other.outdone
        staleMerges += other.staleMerges
        quorumElections += other.quorumElections
        fenceRaces += other.fenceRaces
        unasked += other.unasked
        decisions += other.decisions
        rests += other.rests
        rejoins += other.rejoins
        refusedStarts += other.refusedStarts
    }
}
