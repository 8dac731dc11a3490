/// What the list of a backup says of the backup as a whole (documentation, "Backup Manifest Format").
public struct BackupManifest: Sendable, Hashable {
    /// nil before PostgreSQL 17.
    public let systemIdentifier: UInt64?
    public let timeline: TimelineID
    public let start: LSN
    public let end: LSN

    /// Reads it from the list's first and last bytes: what is between are the files, however many.
    public init?(head: String, tail: String) {
        systemIdentifier = BackupManifest.value("System-Identifier", in: head).flatMap { UInt64($0) }
        guard let ranges = BackupManifest.rest(after: "\"WAL-Ranges\"", in: tail),
            let timeline = BackupManifest.value("Timeline", in: ranges).flatMap({ UInt32($0) }).flatMap({
                TimelineID($0)
            }),
            let start = BackupManifest.value("Start-LSN", in: ranges).flatMap({ LSN($0) }),
            let end = BackupManifest.value("End-LSN", in: ranges).flatMap({ LSN($0) })
        else { return nil }
        self.timeline = timeline
        self.start = start
        self.end = end
    }

    /// Why what changed since this backup can't be asked of a primary; nil when it can.
    public func fault(primary: InstanceHistory) -> String? {
        guard let systemIdentifier else {
            return "the backup is older than PostgreSQL 17, which began to make such copies"
        }
        guard systemIdentifier == primary.systemIdentifier else {
            return
                "the backup is another database's: system identifier \(systemIdentifier), but \(primary.systemIdentifier) "
                + "on the primary"
        }
        guard timeline != primary.history.timeline else { return nil }
        guard let left = primary.history.switchPoint(of: timeline) else {
            return
                "the backup is of timeline \(timeline), which the primary's timeline \(primary.history.timeline) doesn't come from"
        }
        return end <= left
            ? nil : "the backup reaches to \(end) on timeline \(timeline), which the primary's history left at \(left)"
    }

    private static func rest(after mark: String, in text: String) -> String? {
        var cursor = text.startIndex
        while cursor < text.endIndex {
            if text[cursor...].hasPrefix(mark) { return String(text[cursor...].dropFirst(mark.count)) }
            cursor = text.index(after: cursor)
        }
        return nil
    }

    /// The first number or text after a name.
    private static func value(_ name: String, in text: String) -> Substring? {
        guard let rest = rest(after: "\"\(name)\"", in: text) else { return nil }
        let value = rest.drop { ": \"\n".contains($0) }.prefix { !",\"}]\n ".contains($0) }
        return value.isEmpty ? nil : Substring(String(value))
    }
}
