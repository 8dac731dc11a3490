public import RACore

/// How a copy is to be made.
public struct CopyOptions: Sendable, Hashable {
    /// kB a second that the primary may send at most; nil for as fast as it goes.
    public var maxRate: Int?
    /// Whether the former data are removed before the copy is made, as there is no room for two.
    public var isInPlace: Bool
    /// A kept full backup from which only the changes are to be fetched.
    public var incrementalFrom: String?
    /// What the primary shows as the backup's label; nil for one that names the node.
    public var label: String?

    public init(
        maxRate: Int? = nil,
        isInPlace: Bool = false,
        incrementalFrom: String? = nil,
        label: String? = nil
    ) {
        self.maxRate = maxRate
        self.isInPlace = isInPlace
        self.incrementalFrom = incrementalFrom
        self.label = label
    }
}

/// How long a copy may stand still.
struct CopyLimits: Sendable {
    /// Without a byte more.
    var stallMilliseconds = 60_000
    /// Until the primary's checkpoint is over and the first byte comes.
    var checkpointMilliseconds = 600_000
}

/// What a copy is about to do, before anything is changed.
public struct CopyPlan: Sendable, Hashable {
    public let offer: BaseBackupOffer
    public let layout: CopyLayout
    /// What it needs in each file system.
    public let rooms: [CopyRoom]
}

/// What a copy has done.
public struct CopyReport: Sendable, Hashable {
    /// One stage of the work, and how long it took.
    public struct Stage: Sendable, Hashable {
        public let name: String
        public let milliseconds: Int
    }

    /// What came, by the disk.
    public internal(set) var bytes: UInt64 = 0
    public internal(set) var stages: [Stage] = []
    /// Whether the copy was checked against the primary's list of it, which PostgreSQL 12 doesn't give.
    public internal(set) var isVerified = false
}
