import RACore

/// A model of one server: enough of PostgreSQL to lose commits by.
struct SimulatedServer {
    enum Role { case down, standby, primary }

    var role = Role.down
    /// The flushed WAL: one commit an entry.
    var log: [Int] = []
    var timeline: UInt32 = 1
    /// rep_mode.conf, what a session shows of it, and what commits wait for once the checkpointer has read it.
    var file = SynchronousSet.none
    var shown = SynchronousSet.none
    var waitedFor = SynchronousSet.none
    /// A standby's connection, as the primary sees it.
    var isLinked = false
    var isStreaming = false
    /// The number of this connection: the sender's process.
    var connection: Int32 = 0
    var hasLock = false
    var hasStandbySignal = true
    /// Came up as primary by itself at boot: no client reaches it unless Pacemaker keeps it.
    var isStray = false
    /// Promoted by the agent, and running since.
    var isPromotedHere = false

    var lsn: LSN { LSN(bytes: UInt64(log.count) * 100) }

    var published: PublishedPosition { Build.published(timeline, lsn.bytes) }

    mutating func goDown() {
        role = .down
        isLinked = false
        isStreaming = false
        isStray = false
        isPromotedHere = false
    }

    /// `start` always writes the settings of a standby.
    mutating func comeUpAsStandby() {
        role = .standby
        hasStandbySignal = true
        (file, shown, waitedFor) = (.none, .none, .none)
        isLinked = false
    }

    mutating func becomePrimary() {
        role = .primary
        isPromotedHere = true
        timeline += 1
        isLinked = false
        hasLock = true
        hasStandbySignal = false
    }

    /// What an enabled service unit does with a data directory without standby.signal.
    mutating func comeUpByItself() {
        role = .primary
        isStray = true
        (shown, waitedFor) = (file, file)
    }

    func isPrefix(of other: SimulatedServer) -> Bool { other.log.starts(with: log) }
}

/// What the agent of one node is doing: the rest of its plan, one effect a step.
struct SimulatedAgent {
    enum Effect {
        case cluster(ClusterEffect)
        case promote
        case completePromotion
        case passGate
        case comeUp
        case goDown
        case report(RecordedRole)
    }

    /// In turns; more than a fence and a failover take.
    static let longestRest = 300

    enum Action { case none, monitor, start, stop, promote }

    var action = Action.none
    var plan: [Effect] = []
    /// What a monitor has seen first: the cluster and the server are looked at one after the other.
    var seenCluster: ClusterObservation?
    var seenServer: ServerFacts?
    var barrier: LSN?
    /// Where the WAL ended when this promotion began.
    var promotedFrom: WALPosition?
    var ballots: [Ballot] = []
    var looks = 0
    /// The look at the cluster that a primary's monitors rest on, and its turn.
    var rest: (state: RestingState, turn: Int)?
    /// When this monitor looked at the cluster.
    var seenTurn = 0

    mutating func end() {
        action = .none
        plan = []
        seenCluster = nil
        seenServer = nil
        barrier = nil
    }
}

/// One machine of the model.
struct SimulatedNode {
    let name: String
    var isPowered = true
    /// Cut off from the others: what it writes into the CIB is lost.
    var isIsolated = false
    var server = SimulatedServer()
    var agent = SimulatedAgent()
}
