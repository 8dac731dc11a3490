public import RACore

/// What every step of a rejoin goes by.
public struct RejoinContext: Sendable {
    public let resource: String
    /// This node, as the cluster spells it.
    public let node: String
    public let parameters: Parameters
    /// The node's programs and directories; the data directory may be empty or missing.
    public let installation: Installation
    public let source: RejoinSource
    public let progress: RejoinProgress

    public init(
        resource: String,
        node: String,
        parameters: Parameters,
        installation: Installation,
        source: RejoinSource,
        progress: RejoinProgress
    ) {
        self.resource = resource
        self.node = node
        self.parameters = parameters
        self.installation = installation
        self.source = source
        self.progress = progress
    }

    public var own: OwnedFiles { OwnedFiles(directory: installation.temporaryDirectory) }
    public var files: RejoinFiles { own.rejoin }
    public var account: Account { installation.account }
}

/// The primary that a node is to follow.
public struct RejoinSource: Sendable {
    /// The cluster's name of its node.
    public let node: String
    /// The replication connection that the node's WAL receiver will open: the same address, role and password.
    public let replication: ConnectionTarget
    public let history: InstanceHistory
    /// How far its own timeline reached when it was asked.
    public let flushed: LSN
    /// 150018 is 15.18.
    public let version: Int

    public init(
        node: String,
        replication: ConnectionTarget,
        history: InstanceHistory,
        flushed: LSN,
        version: Int
    ) {
        self.node = node
        self.replication = replication
        self.history = history
        self.flushed = flushed
        self.version = version
    }

    public var majorVersion: String { String(version / 10_000) }

    /// An ordinary connection to the same server.
    ///
    /// - Parameter user: nil for the role that replicates.
    public func session(_ database: String, as user: String? = nil) -> ConnectionTarget {
        var target = replication
        target.isReplication = false
        target.database = database
        if let user { target.user = user }
        return target
    }
}

/// Where steps tell how far they are.
public struct RejoinProgress: Sendable {
    /// One sight of a step under way.
    public struct Sight: Sendable, Hashable {
        /// "copying", "verifying": a word or two, for a person.
        public var step: String
        public var doneBytes: UInt64
        /// nil when it isn't known.
        public var totalBytes: UInt64?

        public init(_ step: String, doneBytes: UInt64 = 0, totalBytes: UInt64? = nil) {
            self.step = step
            self.doneBytes = doneBytes
            self.totalBytes = totalBytes
        }
    }

    /// Shows or records a sight; called as often as the work likes.
    public let see: @Sendable (Sight) -> Void
    /// A line for whoever watches and for the log: something was done, found or changed.
    public let note: @Sendable (String) -> Void

    public init(see: @escaping @Sendable (Sight) -> Void, note: @escaping @Sendable (String) -> Void) {
        self.see = see
        self.note = note
    }

    /// Tells nobody.
    public static let silent = RejoinProgress(see: { _ in }, note: { _ in })
}
