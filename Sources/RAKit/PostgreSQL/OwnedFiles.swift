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
}
