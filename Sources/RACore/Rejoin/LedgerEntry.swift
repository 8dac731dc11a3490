/// What a node had that its primary doesn't have, and that was kept before it was taken from the node's data.
public struct LedgerEntry: Sendable, Hashable {
    /// Whether somebody has looked at it.
    public enum State: Sendable, Hashable {
        case open
        case acknowledged(by: String, time: String, note: String)
    }

    /// The name of its directory: "20261130T061500Z-pg1".
    public var id: String
    public var node: String
    public var resource: String
    /// nil when nothing that can be read tells it.
    public var systemIdentifier: UInt64?
    /// Where the local history left the primary's; nil when that can't be told: all WAL is kept then.
    public var fork: WALPosition?
    /// Where the last local record begins, on the newest local timeline; nil when none can be read.
    public var lastRecord: WALPosition?
    public var primary: String
    public var primaryTimeline: TimelineID
    /// What was about to be done with the data.
    public var why: String
    /// Why its commits couldn't be listed: the WAL is kept as it was, and no count says anything. nil when they are.
    public var unlisted: String?
    /// When it was saved, UTC: "2026-11-30T06:15:00Z".
    public var time: String
    public var counts: Counts
    /// Segments after the fork that weren't there any more.
    public var missing: [String]
    /// Where reading broke off although later segments are there: the WAL between can't be read.
    public var unreadable: [LSN]
    /// From where on WAL was read: before the fork, so that what was under way there is counted whole; nil when none was.
    public var readFrom: LSN?
    /// Where names of relations are from, or why there are none.
    public var names: String
    public var state: State
    /// Whether its WAL was removed since; what it says of commits stays.
    public var isWALDropped: Bool

    /// How much is in it.
    public struct Counts: Sendable, Hashable {
        public var records: UInt64 = 0
        public var commits = 0
        /// Transactions that are prepared, and nothing more.
        public var prepared = 0
        /// How many of both are listed one by one.
        public var listed = 0
        /// Rows in users' tables.
        public var inserted = 0
        public var updated = 0
        public var deleted = 0
        /// Bytes of the files that are kept in `wal`.
        public var bytes: UInt64 = 0

        public init() {}
    }

    public init(
        id: String,
        node: String,
        resource: String,
        systemIdentifier: UInt64?,
        fork: WALPosition?,
        lastRecord: WALPosition?,
        primary: String,
        primaryTimeline: TimelineID,
        why: String,
        time: String,
        readFrom: LSN?
    ) {
        self.id = id
        self.node = node
        self.resource = resource
        self.systemIdentifier = systemIdentifier
        self.fork = fork
        self.lastRecord = lastRecord
        self.primary = primary
        self.primaryTimeline = primaryTimeline
        self.why = why
        self.time = time
        self.readFrom = readFrom
        counts = Counts()
        missing = []
        unreadable = []
        names = ""
        state = .open
        isWALDropped = false
    }

    public var isOpen: Bool { state == .open }

    /// Whether it is about the same WAL.
    public func isSame(system: UInt64, fork: WALPosition, lastRecord: WALPosition) -> Bool {
        systemIdentifier == system && self.fork == fork && self.lastRecord == lastRecord && unlisted == nil
            && !isWALDropped
    }

    /// Whether it is about the beginning of the same WAL, and none of its transactions came after: a rejoin that was begun
    /// has had the data recover from their crash, which adds a checkpoint.
    public func hasAll(_ transactions: Int, system: UInt64, fork: WALPosition, through end: WALPosition) -> Bool {
        guard let lastRecord, unlisted == nil else { return false }
        return systemIdentifier == system && self.fork == fork && lastRecord.timeline == end.timeline
            && lastRecord.lsn <= end.lsn && counts.commits + counts.prepared == transactions && !isWALDropped
    }

    /// What is in it, in one clause.
    public var summary: String {
        if let unlisted { return "WAL whose commits couldn't be listed: \(unlisted)" }
        let transactions = counts.commits == 1 ? "1 commit" : "\(counts.commits) commits"
        let prepared = counts.prepared == 0 ? "" : " and \(counts.prepared) prepared but not committed"
        let rows = "\(counts.inserted) rows inserted, \(counts.updated) updated, \(counts.deleted) deleted"
        let what = counts.commits + counts.prepared == 0 ? "no commit" : "\(transactions)\(prepared) (\(rows))"
        return "\(what) since \(fork.map { "\($0)" } ?? "a place that isn't known")"
    }
}
