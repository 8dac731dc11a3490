/// One look at the cluster and at each of its instances: what `pgrex-tool status` shows.
///
/// What couldn't be read is `unknown` with its reason; what has no meaning for a node is nil.
public struct ClusterStatus: Sendable, Equatable {
    /// The primitive's id.
    public var resource: String
    public var mode: ReplicationMode
    public var source: StatusSource
    /// nil when the cluster has no name.
    public var clusterName: String?
    public var hasQuorum: Observed<Bool>
    public var fencing: Observed<FencingState>
    public var isInMaintenance: Observed<Bool>
    /// Why the standbys' states are what the primary's agent recorded in the cluster; nil when the primary told them.
    public var recordedStates: String?
    /// Why nobody is promoted although no primary runs; nil when that isn't so, or somebody is about to be.
    public var waitsFor: String?
    /// Entries of this node's ledger of lost commits that nobody has acknowledged.
    public var openLedgerEntries: Observed<Int>
    /// In the order of `node_list`; without one, in the cluster's.
    public var nodes: [NodeStatus]

    public init(
        resource: String,
        mode: ReplicationMode,
        source: StatusSource = .cluster,
        clusterName: String? = nil,
        hasQuorum: Observed<Bool>,
        fencing: Observed<FencingState>,
        isInMaintenance: Observed<Bool>,
        recordedStates: String? = nil,
        waitsFor: String? = nil,
        openLedgerEntries: Observed<Int> = .known(0),
        nodes: [NodeStatus]
    ) {
        self.resource = resource
        self.mode = mode
        self.source = source
        self.clusterName = clusterName
        self.hasQuorum = hasQuorum
        self.fencing = fencing
        self.isInMaintenance = isInMaintenance
        self.recordedStates = recordedStates
        self.waitsFor = waitsFor
        self.openLedgerEntries = openLedgerEntries
        self.nodes = nodes
    }
}

extension ClusterStatus {
    /// What is to be told of the ledger; nil when nothing waits in it.
    public var ledgerNote: String? {
        switch openLedgerEntries {
        case .known(0): nil
        case .known(1): "1 ledger entry of this node isn't acknowledged: 'pgrex-tool ledger list'"
        case .known(let count): "\(count) ledger entries of this node aren't acknowledged: 'pgrex-tool ledger list'"
        case .unknown(let why): "whether commits of this node wait in its ledger isn't known: \(why)"
        }
    }
}

/// Where the settings and the cluster's state come from.
public enum StatusSource: Sendable, Hashable {
    /// The cluster itself, asked on this node.
    case cluster
    /// The configuration that the cluster saved on this node when it last ran here.
    ///
    /// - Parameter why: what asking the cluster gave.
    /// - Parameter asOf: when the file was written, as it says itself; nil when it doesn't.
    case savedConfiguration(why: String, asOf: String?)
}

/// Whether the cluster can cut off a node that it lost.
public enum FencingState: Sendable, Hashable, CaseIterable {
    case on
    /// Switched off by the cluster's options.
    case off
    /// On, but nothing is configured that could fence.
    case withoutDevice
}

/// What a node is to the cluster.
public enum NodeMembership: Sendable, Hashable, CaseIterable {
    case online
    /// In standby mode: a member that runs no resources.
    case standby
    case maintenance
    case offline
    /// Gone, and not confirmed fenced: whatever ran there may still run.
    case lost
}

/// What an instance is.
public enum InstanceRole: Sendable, Hashable, CaseIterable {
    case primary, standby, stopped
    /// The cluster's last operation on it failed.
    case failed
}

/// What an instance does at present.
public enum InstanceActivity: Sendable, Hashable, CaseIterable {
    /// A primary at work.
    case running
    /// A standby that receives WAL.
    case streaming
    /// A standby that receives WAL, but isn't up to date yet.
    case catchingUp
    /// A standby whose connection isn't at work yet or any more.
    case connecting
    /// A standby that receives nothing.
    case disconnected
    case starting, stopping, stopped
    /// It answers with an error that waiting won't change.
    case refusing
    /// A process is there, but nothing answers.
    case hung
    /// The cluster's last operation on it failed.
    case failed
}

/// One node's row.
public struct NodeStatus: Sendable, Equatable {
    public var name: String
    /// Whether it is the node that asks.
    public var isLocal: Bool
    public var membership: Observed<NodeMembership>
    /// The role that the cluster's operation history records.
    public var recordedRole: RecordedRole
    public var role: Observed<InstanceRole>
    public var activity: Observed<InstanceActivity>
    /// The primary's word for a standby: sync, quorum, potential or async; nil for what isn't connected to it.
    public var synchronousState: Observed<String>?
    public var timeline: Observed<TimelineID>
    /// Primary: the write position. Standby: received or replayed, whichever is further.
    public var receivedLSN: Observed<LSN>
    /// Standbys only.
    public var replayedLSN: Observed<LSN>?
    /// Bytes behind the primary's write position; standbys only.
    public var receivedLag: Observed<UInt64>?
    /// Bytes behind the primary's write position; standbys only.
    public var replayedLag: Observed<UInt64>?
    /// Bytes of WAL that the primary keeps for this node's slot; nil on the primary and where no slots are configured.
    public var retainedWAL: Observed<UInt64>?
    /// What is to be told of that slot; nil when it is in order.
    public var slotNote: SlotNote?
    /// How far the node's rejoin is; nil when none is under way or ended badly.
    public var rejoin: PublishedRejoin?
    /// That `pgrex-tool stop` stopped it or everything; nil when that didn't.
    public var stopNote: StopNote?
    /// Settings that wait for a restart of the instance; nil where none runs.
    public var pendingRestart: Observed<Int>?
    /// nil when the node has no score.
    public var promotionScore: Observed<PromotionScore?>

    public init(
        name: String,
        isLocal: Bool = false,
        membership: Observed<NodeMembership>,
        recordedRole: RecordedRole,
        role: Observed<InstanceRole>,
        activity: Observed<InstanceActivity>,
        synchronousState: Observed<String>? = nil,
        timeline: Observed<TimelineID>,
        receivedLSN: Observed<LSN>,
        replayedLSN: Observed<LSN>? = nil,
        receivedLag: Observed<UInt64>? = nil,
        replayedLag: Observed<UInt64>? = nil,
        retainedWAL: Observed<UInt64>? = nil,
        slotNote: SlotNote? = nil,
        stopNote: StopNote? = nil,
        pendingRestart: Observed<Int>? = nil,
        promotionScore: Observed<PromotionScore?>
    ) {
        self.name = name
        self.isLocal = isLocal
        self.membership = membership
        self.recordedRole = recordedRole
        self.role = role
        self.activity = activity
        self.synchronousState = synchronousState
        self.timeline = timeline
        self.receivedLSN = receivedLSN
        self.replayedLSN = replayedLSN
        self.receivedLag = receivedLag
        self.replayedLag = replayedLag
        self.retainedWAL = retainedWAL
        self.slotNote = slotNote
        self.stopNote = stopNote
        self.pendingRestart = pendingRestart
        self.promotionScore = promotionScore
    }
}
