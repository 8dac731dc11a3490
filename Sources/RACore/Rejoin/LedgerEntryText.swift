extension LedgerEntry {
    /// The text of the file `entry`: a line a fact.
    public var text: String {
        var lines = [
            "# Written by pgrex-tool: WAL of this node that its primary doesn't have. 'pgrex-tool ledger show \(id)' reads it.",
            "id: \(id)", "node: \(node)", "resource: \(resource)",
            "system identifier: \(word(systemIdentifier))",
            "fork timeline: \(word(fork?.timeline))", "fork lsn: \(word(fork?.lsn))",
            "last record timeline: \(word(lastRecord?.timeline))", "last record lsn: \(word(lastRecord?.lsn))",
            "primary: \(primary)", "primary timeline: \(primaryTimeline)", "why: \(escaped(why))", "time: \(time)",
            "read from: \(word(readFrom))", "records: \(counts.records)", "commits: \(counts.commits)",
            "prepared: \(counts.prepared)", "listed: \(counts.listed)", "inserted: \(counts.inserted)",
            "updated: \(counts.updated)", "deleted: \(counts.deleted)", "bytes: \(counts.bytes)",
            "missing: \(missing.joined(separator: " "))",
            "unreadable after: \(unreadable.map(\.description).joined(separator: " "))", "names: \(escaped(names))",
            "wal: \(isWALDropped ? "dropped" : "kept")",
        ]
        if let unlisted { lines.append("unlisted: \(escaped(unlisted))") }
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

    private static let unknown = "unknown"

    private func word(_ value: (some CustomStringConvertible)?) -> String {
        value?.description ?? LedgerEntry.unknown
    }

    /// nil for another text: half an entry proves nothing.
    public init?(text: String) {
        let values = LedgerEntry.values(text)
        // Only where nothing could be listed may something be unknown.
        let unlisted = values["unlisted"].map { unescaped($0) }
        let isUnknown = { (names: [String]) in
            unlisted != nil && names.allSatisfy { values[$0] == LedgerEntry.unknown }
        }
        let identifier = values["system identifier"].flatMap { UInt64($0) }
        let fork = LedgerEntry.position(values, "fork"), last = LedgerEntry.position(values, "last record")
        let readFrom = values["read from"].flatMap { LSN($0) }
        guard let id = values["id"], let node = values["node"], let resource = values["resource"],
            identifier != nil || isUnknown(["system identifier"]),
            fork != nil || isUnknown(["fork timeline", "fork lsn"]),
            last != nil || isUnknown(["last record timeline", "last record lsn"]),
            readFrom != nil || isUnknown(["read from"]), let primary = values["primary"],
            let primaryTimeline = values["primary timeline"].flatMap({ UInt32($0) }).flatMap({ TimelineID($0) }),
            let time = values["time"]
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
        self.unlisted = unlisted
        guard readRest(values) else { return nil }
    }

    private static func position(_ values: [String: String], _ name: String) -> WALPosition? {
        guard let timeline = values[name + " timeline"].flatMap({ UInt32($0) }).flatMap({ TimelineID($0) }),
            let lsn = values[name + " lsn"].flatMap({ LSN($0) })
        else { return nil }
        return WALPosition(timeline: timeline, lsn: lsn)
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
