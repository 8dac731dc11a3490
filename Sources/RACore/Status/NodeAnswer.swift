/// What an instance told when it was asked for `status`.
public enum NodeAnswer: Sendable, Equatable {
    /// No postmaster, which only the node itself can know. The LSN is known after a clean stop of a primary only.
    case notRunning(timeline: Observed<TimelineID>, lsn: Observed<LSN>)
    /// An ordinary session answered.
    case server(ServerFacts, Observed<ServerExtras>)
    /// Only a replication connection was let in: it tells the role and the position, nothing else.
    case replication(isInRecovery: Bool, position: WALPosition)
    /// An instance is there, but doesn't serve.
    case notServing(InstanceActivity, why: String)
    /// Nothing answered where the instance should be: nothing listens, or the node is gone.
    case silent(why: String)
    /// Nothing is known of the instance from itself: it wasn't asked, or it refuses us.
    case none(why: String)
}

/// What `status` asks beyond a monitor's questions.
public struct ServerExtras: Sendable, Hashable {
    /// Settings whose change waits for a restart (`pg_settings.pending_restart`).
    public var pendingRestart: Int
    public var slots: SlotObservation
    /// The address of each standby's connection, by application name.
    public var addresses: [String: String]

    /// The server's own limits of slots, where there are any: "max_slot_wal_keep_size=10GB".
    public var slotLimits: [String]

    public init(
        pendingRestart: Int,
        slots: SlotObservation,
        addresses: [String: String] = [:],
        slotLimits: [String] = []
    ) {
        self.pendingRestart = pendingRestart
        self.slots = slots
        self.addresses = addresses
        self.slotLimits = slotLimits
    }
}

/// Everything that `status` is made of.
public struct StatusObservation: Sendable, Equatable {
    public var resource: String
    public var mode: ReplicationMode
    /// `node_list`; empty for a resource that isn't replicated.
    public var nodeList: [String]
    /// The base of slot names; nil when no slots are configured.
    public var slotBase: String?
    /// The node that asks; nil when its name isn't known.
    public var ownNode: String?
    public var source: StatusSource
    /// From the cluster, or from the configuration it saved.
    public var cluster: ClusterObservation
    /// By node name, as the cluster spells it.
    public var answers: [String: NodeAnswer]
    /// By node name: how far its rejoin is, where one is under way or ended badly.
    public var rejoins: [String: PublishedRejoin] = [:]
    /// While no primary runs: how the choice of one stands, and the record that it is made by.
    public var election: Election?
    /// Entries of this node's ledger of lost commits that nobody has acknowledged.
    public var openLedgerEntries = Observed<Int>.known(0)

    /// The state of an election.
    public struct Election: Sendable, Equatable {
        public var outcome: ElectionOutcome
        public var record: ClusterRecord?

        public init(outcome: ElectionOutcome, record: ClusterRecord?) {
            self.outcome = outcome
            self.record = record
        }
    }

    public init(
        resource: String,
        mode: ReplicationMode,
        nodeList: [String],
        slotBase: String? = nil,
        ownNode: String? = nil,
        source: StatusSource = .cluster,
        cluster: ClusterObservation,
        answers: [String: NodeAnswer] = [:],
        election: Election? = nil
    ) {
        self.resource = resource
        self.mode = mode
        self.nodeList = nodeList
        self.slotBase = slotBase
        self.ownNode = ownNode
        self.source = source
        self.cluster = cluster
        self.answers = answers
        self.election = election
    }

    /// Why nobody is promoted; nil when somebody is about to be.
    var waitsFor: String? {
        guard let election else { return nil }
        switch election.outcome {
        case .chosen: return nil
        case .awaiting, .lacking, .foreign, .forked: return describe(election.outcome, record: election.record)
        }
    }

    /// The nodes that can have an instance: those of `node_list` or, without one, all.
    public var members: [String] {
        let all = cluster.nodes.map(\.name)
        return nodeList.isEmpty ? all : resolveNodeNames(nodeList: nodeList, clusterNodes: all)
    }
}
