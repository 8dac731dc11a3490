public import RACore

/// What PGSQL.lock says: this node was made the primary, and its WAL may since have gone its own way.
public struct LockContent: Sendable, Hashable {
    public var node: String
    public var systemIdentifier: UInt64
    public var position: WALPosition
    /// UTC.
    public var time: String

    public init(node: String, systemIdentifier: UInt64, position: WALPosition, time: String) {
        self.node = node
        self.systemIdentifier = systemIdentifier
        self.position = position
        self.time = time
    }

    /// The file's text: a line a fact.
    public var text: String {
        """
        # Written by pgsql-swift before this node was promoted; removed once its data are proven to be safe to start.
        node: \(node)
        system identifier: \(systemIdentifier)
        timeline: \(position.timeline)
        lsn: \(position.lsn)
        time: \(time)

        """
    }

    /// nil for another text; the empty file of heartbeat/pgsql is one.
    public init?(text: String) {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = trimSpaces(line[line.index(after: colon)...])
        }
        guard let node = values["node"], let identifier = values["system identifier"].flatMap({ UInt64($0) }),
            let timeline = values["timeline"].flatMap({ UInt32($0) }).flatMap({ TimelineID($0) }),
            let lsn = values["lsn"].flatMap({ LSN($0) })
        else { return nil }
        self.init(
            node: node,
            systemIdentifier: identifier,
            position: WALPosition(timeline: timeline, lsn: lsn),
            time: values["time"] ?? ""
        )
    }
}
