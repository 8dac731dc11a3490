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
    public var systemIdentifier: UInt64
    /// Where the local history left the primary's.
    public var fork: WALPosition
    /// Where the last local record begins, on the newest local timeline.
    public var lastRecord: WALPosition
    public var primary: String
    public var primaryTimeline: TimelineID
    /// What was about to be done with the data.
    public var why: String
    /// When it was saved, UTC: "2026-11-30T06:15:00Z".
    public var time: String
    public var counts: Counts
    /// Segments after the fork that weren't there any more.
    public var missing: [String]
    /// Where reading broke off although later segments are there: the WAL between can't be read.
    public var unreadable: [LSN]
    /// From where on WAL was read: before the fork, so that what was under way there is counted whole.
    public var readFrom: LSN
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
        systemIdentifier: UInt64,
        fork: WALPosition,
        lastRecord: WALPosition,
        primary: String,
        primaryTimeline: TimelineID,
        why: String,
        time: String,
        readFrom: LSN
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
        systemIdentifier == system && self.fork == fork && self.lastRecord == lastRecord && !isWALDropped
    }

    /// Whether it is about the beginning of the same WAL, and none of its transactions came after: a rejoin that was begun
    /// has had the data recover from their crash, which adds a checkpoint.
    public func hasAll(_ transactions: Int, system: UInt64, fork: WALPosition, through end: WALPosition) -> Bool {
        systemIdentifier == system && self.fork == fork && lastRecord.timeline == end.timeline
            && lastRecord.lsn <= end.lsn && counts.commits + counts.prepared == transactions && !isWALDropped
    }

    /// What is in it, in one clause.
    public var summary: String {
        let transactions = counts.commits == 1 ? "1 commit" : "\(counts.commits) commits"
        let prepared = counts.prepared == 0 ? "" : " and \(counts.prepared) prepared but not committed"
        let rows = "\(counts.inserted) rows inserted, \(counts.updated) updated, \(counts.deleted) deleted"
        let what = counts.commits + counts.prepared == 0 ? "no commit" : "\(transactions)\(prepared) (\(rows))"
        return "\(what) since \(fork)"
    }
}

extension LedgerEntry {
    /// The text of the file `entry`: a line a fact.
    public var text: String {
        var lines = [
            "# Written by pgrex-tool: WAL of this node that its primary doesn't have. 'pgrex-tool ledger show \(id)' reads it.",
            "id: \(id)", "node: \(node)", "resource: \(resource)", "system identifier: \(systemIdentifier)",
            "fork timeline: \(fork.timeline)", "fork lsn: \(fork.lsn)",
            "last record timeline: \(lastRecord.timeline)", "last record lsn: \(lastRecord.lsn)",
            "primary: \(primary)", "primary timeline: \(primaryTimeline)", "why: \(escaped(why))", "time: \(time)",
            "read from: \(readFrom)", "records: \(counts.records)", "commits: \(counts.commits)",
            "prepared: \(counts.prepared)", "listed: \(counts.listed)", "inserted: \(counts.inserted)",
            "updated: \(counts.updated)", "deleted: \(counts.deleted)", "bytes: \(counts.bytes)",
            "missing: \(missing.joined(separator: " "))",
            "unreadable after: \(unreadable.map(\.description).joined(separator: " "))", "names: \(escaped(names))",
            "wal: \(isWALDropped ? "dropped" : "kept")",
        ]
        switch state {
        case .open: lines.append("state: open")
        case .acknowledged(let by, let time, let note):
            lines += [
                "state: acknowledged", "acknowledged by: \(escaped(by))", "acknowledged at: \(time)",
                "note: \(escaped(note))",
            ]
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// nil for another text: half an entry proves nothing.
    public init?(text: String) {
        let values = LedgerEntry.values(text)
        func number(_ name: String) -> UInt64? { values[name].flatMap { UInt64($0) } }
        func position(_ name: String) -> WALPosition? {
            guard
                let timeline = number(name + " timeline").flatMap({ UInt32(exactly: $0) }).flatMap({ TimelineID($0) }),
                let lsn = values[name + " lsn"].flatMap({ LSN($0) })
            else { return nil }
            return WALPosition(timeline: timeline, lsn: lsn)
        }
        guard let id = values["id"], let node = values["node"], let resource = values["resource"],
            let identifier = number("system identifier"), let fork = position("fork"),
            let last = position("last record"), let primary = values["primary"],
            let primaryTimeline = number("primary timeline").flatMap({ UInt32(exactly: $0) }).flatMap({ TimelineID($0) }
            ),
            let time = values["time"], let readFrom = values["read from"].flatMap({ LSN($0) })
        else { return nil }
        self.init(
            id: id,
            node: node,
            resource: resource,
            systemIdentifier: identifier,
            fork: fork,
            lastRecord: last,
            primary: primary,
            primaryTimeline: primaryTimeline,
            why: unescaped(values["why"] ?? ""),
            time: time,
            readFrom: readFrom
        )
        guard readRest(values) else { return nil }
    }

    private static func values(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return values
    }

    /// - Returns: whether all of it was there.
    private mutating func readRest(_ values: [String: String]) -> Bool {
        func number(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
        guard let records = values["records"].flatMap({ UInt64($0) }), let commits = number("commits"),
            let prepared = number("prepared"), let listed = number("listed"), let inserted = number("inserted"),
            let updated = number("updated"), let deleted = number("deleted"),
            let bytes = values["bytes"].flatMap({ UInt64($0) }), let wal = values["wal"]
        else { return false }
        counts.records = records
        (counts.commits, counts.prepared, counts.listed) = (commits, prepared, listed)
        (counts.inserted, counts.updated, counts.deleted) = (inserted, updated, deleted)
        counts.bytes = bytes
        missing = (values["missing"] ?? "").split(separator: " ").map(String.init)
        unreadable = (values["unreadable after"] ?? "").split(separator: " ").compactMap { LSN($0) }
        names = unescaped(values["names"] ?? "")
        isWALDropped = wal == "dropped"
        switch values["state"] {
        case "open": state = .open
        case "acknowledged":
            state = .acknowledged(
                by: unescaped(values["acknowledged by"] ?? ""),
                time: values["acknowledged at"] ?? "",
                note: unescaped(values["note"] ?? "")
            )
        case _: return false
        }
        return true
    }
}
