/// Where the agent's own files stand: all in one directory, outside the data directory, so that no copy brings them along.
public struct OwnedFiles: Sendable, Hashable {
    /// The parameter `tmpdir`, or what takes its place.
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// What the main configuration includes.
    public var root: String { directory + "/pgsql-swift.conf" }
    /// How a standby follows the primary.
    public var standby: String { directory + "/recovery.conf" }
    /// Whom commits wait for.
    public var synchronousSet: String { directory + "/rep_mode.conf" }
    /// The newest durable record that this node has seen.
    public var record: String { directory + "/cluster-record" }
    /// Which replication slots are the agent's.
    public var slots: String { directory + "/replication-slots" }
    /// How much slots may keep by the server's own limit.
    public var slotLimit: String { directory + "/slot_limit.conf" }
    /// Left before a promotion; `LockContent` says what is in it.
    public var lock: String { directory + "/PGSQL.lock" }
    /// What a rejoin on this node has done so far, and what it keeps meanwhile.
    public var rejoin: RejoinFiles { RejoinFiles(directory: directory + "/rejoin") }
    /// What was taken from this node's data, an entry a directory.
    public var ledger: String { directory + "/ledger" }
}

/// The files of a rejoin; like the lock file they must outlive a restart of the node.
public struct RejoinFiles: Sendable, Hashable {
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// How far it is: written before each phase.
    public var journal: String { directory + "/journal" }
    /// Held as long as a rejoin runs: there is one at a time.
    public var runLock: String { directory + "/run.lock" }
    /// Held, shared, by a start until the server runs, and by a rejoin while it changes the data.
    public var dataLock: String { directory + "/data.lock" }
    /// The node's own configuration files, as they were before pg_rewind or a copy replaced them.
    public var configuration: String { directory + "/configuration" }
    /// There as long as the data may be neither the node's own nor the primary's; `TaintMark` says what is in it.
    public var taint: String { directory + "/tainted" }
    /// The signal files that the data directory had before pg_rewind, a name a line.
    public var signals: String { directory + "/signals" }
    /// The WAL that pg_rewind reads, as it removes it from the data directory before it has ended.
    public var rewindWAL: String { directory + "/rewind-wal" }
    /// The lock file of data that were replaced, as long as they may come back.
    public var formerLock: String { directory + "/PGSQL.lock" }
    /// Where archive files wait until they have been verified.
    public var fetched: String { directory + "/fetched" }
}
