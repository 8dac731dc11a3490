import RACore

/// What the agent of one node is doing: the rest of its plan, one effect a step.
struct SimulatedAgent {
    enum Effect {
        case cluster(ClusterEffect)
        case copyRecord(ClusterRecord)
        case writeRecord(ClusterRecord)
        case confirm(ClusterRecord?, nodes: [Int])
        case writeSetting(SynchronousSet)
        case loadSetting(SynchronousSet)
        case passGate
        case comeUp
        case shutDown
        case promote
        case complete
        case report(RecordedRole)
        case elect
    }

    /// `ending` is a monitor that only carries out the rest of its plan.
    enum Job { case none, monitor, ending, probe, start, stop, demote, promote, prePromote }

    var job = Job.none
    /// What Pacemaker wants next of this node.
    var next: Job?
    var plan: [Effect] = []
    /// How often this job has waited.
    var waits = 0
    /// What a look has seen first: the cluster and the server are looked at one after the other.
    var cluster: ClusterObservation?
    var facts: ServerFacts?
    var barrier: LSN?
    /// What may be recorded once enough standbys have reached the barrier.
    var awaited: Guarantee?
    var rounds = 0
    /// The record that a promotion has written.
    var written: ClusterRecord?
    /// What `admin_epoch` must be before it is carried out.
    var sealed: Int?
    /// Whom a pre-promote notification is about, and whom it reached.
    var candidate = 0
    var participants: [Int] = []
    /// The promotion for which this node has told its position, and the one that is under way here.
    var toldFor = 0
    var promotion = 0
    /// Notes that outlive the job: looks in a row that found the same ballots, and whether this node stands for
    /// election.
    var ballots: [Ballot] = []
    var looks = 0
    var isStanding = false
    /// The membership in which the cluster was looked at.
    var generation = 0
    /// A notification asks for a look at the cluster.
    var mustLook = false
    /// The look at the cluster that a primary's monitors rest on, and its turn.
    var rest: (state: RestingState, turn: Int)?
    var seenTurn = 0

    mutating func end() {
        job = .none
        plan = []
        waits = 0
        cluster = nil
        facts = nil
        barrier = nil
        awaited = nil
        rounds = 0
        written = nil
        sealed = nil
    }
}

/// One machine of the model.
struct SimulatedNode {
    let name: String
    var isPowered = true
    /// Who hears whom among the cluster services: nodes of one number do.
    var island = 0
    var server = SimulatedServer()
    var agent = SimulatedAgent()
    /// Its own copy of the CIB, with the number of permanent changes.
    var copy: ClusterObservation
    var epoch = 0
    /// How many of its part's changes it has applied; -1 while it belongs to none.
    var part = -1
    var applied = 0
    /// Until which turn its cluster services are too slow to apply anything.
    var slowUntil = 0
    var heard = 0
    /// The newest record that an agent here has seen: survives everything but the loss of the disk.
    var record: ClusterRecord?
    /// The records that were read last, and the newest of them.
    var lastReading: (texts: [String], own: ClusterRecord?, newest: ClusterRecord?)?
    /// Private attributes as this node's daemon has them.
    var positions: [PublishedPosition?]
    /// PGSQL.lock: this node was promoted, and nothing has proven since that its data are part of what followed.
    var lock: TimelineID?
    /// An operator must look at it: its start was refused.
    var isBanned = false
    /// Has been a primary, or received WAL from one, since it booted.
    var hasTakenPart = false
    /// Its disk was replaced.
    var isBlank = false
    /// Has seen all others since it booted (`wait_for_all`).
    var hasSeenAll = false

    init(name: String, copy: ClusterObservation) {
        self.name = name
        self.copy = copy
        positions = Array(repeating: nil, count: copy.nodes.count)
    }
}
