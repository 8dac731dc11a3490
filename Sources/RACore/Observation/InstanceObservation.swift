/// What was seen of the local instance: its process, what it answered, and what its files say.
public struct InstanceObservation: Sendable, Equatable {
    public var postmaster: PostmasterObservation
    public var server: ServerObservation

    public init(postmaster: PostmasterObservation, server: ServerObservation) {
        self.postmaster = postmaster
        self.server = server
    }
}

/// Whether a postmaster runs on the data directory.
public enum PostmasterObservation: Sendable, Hashable {
    /// No process; `leftover` says what a stale postmaster.pid names.
    case absent(leftover: String?)
    case running(PostmasterFile)
    /// Alive by its number, but halted by a signal (process state T).
    case halted(PostmasterFile)
    /// The data directory or the process table couldn't be read.
    case unknown(why: String)
}

/// The lines of postmaster.pid (PostgreSQL source, `pidfile.h`).
public struct PostmasterFile: Sendable, Hashable {
    public var processID: Int32
    public var dataDirectory: String
    public var port: Int
    /// The first socket directory; nil when it listens on no socket.
    public var socketDirectory: String?
    /// The first listen address, or "*"; nil when it listens on none.
    public var listenAddress: String?
    public var status: PostmasterStatus

    public init(
        processID: Int32,
        dataDirectory: String,
        port: Int,
        socketDirectory: String?,
        listenAddress: String?,
        status: PostmasterStatus
    ) {
        self.processID = processID
        self.dataDirectory = dataDirectory
        self.port = port
        self.socketDirectory = socketDirectory
        self.listenAddress = listenAddress
        self.status = status
    }

    /// Parses postmaster.pid; nil while the postmaster hasn't written its first line completely.
    public init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        // A standalone backend writes its number with a minus sign.
        guard lines.count >= 2, let number = Int32(lines[0]), number != 0 else { return nil }
        processID = number > 0 ? number : -number
        dataDirectory = lines[1]
        port = lines.count > 3 ? Int(lines[3]) ?? 0 : 0
        socketDirectory = lines.count > 4 && !lines[4].isEmpty ? lines[4] : nil
        listenAddress = lines.count > 5 && !lines[5].isEmpty ? lines[5] : nil
        status = PostmasterStatus(word: lines.count > 7 ? lines[7] : "")
    }
}

/// The last line of postmaster.pid: what the postmaster is doing.
public enum PostmasterStatus: Sendable, Hashable, CaseIterable {
    case starting, stopping, ready, standby
    /// Not written yet, or a word of a later release.
    case unspecified

    init(word: String) {
        let letters = word.prefix { $0 != " " }
        switch letters {
        case "starting": self = .starting
        case "stopping": self = .stopping
        case "ready": self = .ready
        case "standby": self = .standby
        case _: self = .unspecified
        }
    }
}

/// What the server answered.
public enum ServerObservation: Sendable, Equatable {
    /// There was no postmaster to ask.
    case notAsked
    case answering(ServerFacts)
    /// It answers, but lets nobody in yet or any more.
    case rejecting(message: String)
    /// All connections are taken: it works, but can't be asked.
    case full(message: String)
    /// It refuses us: authentication, a missing database, a missing privilege.
    case refusing(message: String)
    /// A process is there, but nothing answers.
    case silent(why: String)
    /// A process is there, but nothing listens where postmaster.pid says.
    case unreachable(why: String)
}

/// The answer to the one combined question of a monitor.
public struct ServerFacts: Sendable, Equatable {
    public var isInRecovery: Bool
    /// `server_version_num`: 150018 is 15.18.
    public var version: Int
    public var systemIdentifier: UInt64
    public var timeline: TimelineID
    /// The timeline with its ancestors; nil when its history file can't be read.
    public var history: TimelineHistory?
    /// Primary: the write position. Standby: received or replayed, whichever is further.
    public var lsn: LSN
    public var replayedLSN: LSN?
    /// Whether recovery has used up the WAL that is here, and asked for more: before, `lsn` is only what is replayed so far,
    /// however long replay pauses. Always true of a primary.
    public var hasReachedEnd: Bool
    /// The value in effect of `synchronous_standby_names`.
    public var synchronousStandbyNames: String
    /// What sessions without a setting of their own wait for (`synchronous_commit`).
    public var synchronousCommit: String
    /// The WAL receiver's status and timeline; nil when there is none.
    public var receiver: WALReceiver?
    /// One row a WAL sender; unknown when this user isn't shown their states.
    public var senders: Observed<[WALSender]>

    public init(
        isInRecovery: Bool,
        version: Int = 150_000,
        systemIdentifier: UInt64,
        timeline: TimelineID,
        history: TimelineHistory? = nil,
        lsn: LSN,
        replayedLSN: LSN? = nil,
        hasReachedEnd: Bool = true,
        synchronousStandbyNames: String = "",
        synchronousCommit: String = "on",
        receiver: WALReceiver? = nil,
        senders: Observed<[WALSender]> = .known([])
    ) {
        self.isInRecovery = isInRecovery
        self.version = version
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
        self.history = history
        self.lsn = lsn
        self.replayedLSN = replayedLSN
        self.hasReachedEnd = hasReachedEnd
        self.synchronousStandbyNames = synchronousStandbyNames
        self.synchronousCommit = synchronousCommit
        self.receiver = receiver
        self.senders = senders
    }

    /// Whom commits wait for; nil for a setting that names nobody, as "*".
    public var synchronousSet: SynchronousSet? { SynchronousSet(setting: synchronousStandbyNames) }

    public var position: WALPosition { WALPosition(timeline: timeline, lsn: lsn) }
}

/// A row of pg_stat_wal_receiver.
public struct WALReceiver: Sendable, Hashable {
    public var status: String
    public var timeline: TimelineID?
    /// 0 when it isn't known.
    public var processID: Int32

    public init(status: String, timeline: TimelineID?, processID: Int32 = 0) {
        self.processID = processID
        self.status = status
        self.timeline = timeline
    }

    public var isStreaming: Bool { status == "streaming" }
}

/// A row of pg_stat_replication.
public struct WALSender: Sendable, Hashable {
    public var applicationName: String
    /// startup, catchup, streaming, backup or stopping.
    public var state: String
    /// async, potential, sync or quorum.
    public var syncState: String
    public var flushedLSN: LSN?
    public var replayedLSN: LSN?
    /// The sender's process: another one means that the standby connected anew. 0 when it isn't known.
    public var processID: Int32

    public init(
        applicationName: String,
        state: String,
        syncState: String,
        flushedLSN: LSN? = nil,
        replayedLSN: LSN? = nil,
        processID: Int32 = 0
    ) {
        self.applicationName = applicationName
        self.state = state
        self.syncState = syncState
        self.flushedLSN = flushedLSN
        self.replayedLSN = replayedLSN
        self.processID = processID
    }

    public var isStreaming: Bool { state == "streaming" }
}
