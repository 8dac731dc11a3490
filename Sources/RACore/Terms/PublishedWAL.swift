/// What a node tells of its WAL: the value of `<resource>-wal`, which only Pacemaker's daemon holds.
public struct PublishedWAL: Sendable, Hashable {
    /// When it was told, in seconds since 1970.
    public var time: Int
    /// Bytes that are free in pg_wal's file system; nil when that can't be told.
    public var free: UInt64?
    /// Bytes of WAL written or received in a second.
    public var rate: UInt64
    /// From where on a primary keeps WAL for others, by the slots' names; empty on a standby.
    public var kept: [KeptSlot]

    public init(time: Int, free: UInt64?, rate: UInt64, kept: [KeptSlot] = []) {
        self.time = time
        self.free = free
        self.rate = rate
        self.kept = kept
    }

    /// "time=1795276900 rate=4096 free=1048576 slot=pg_n2@0/3000000 slot=pg_n3@0/2000000@1795276800 slot=pg_n4@-"
    public var text: String {
        var text = "time=\(time) rate=\(rate)"
        if let free { text += " free=\(free)" }
        return text + kept.map { " slot=" + $0.text }.joined()
    }

    public init?(_ text: String) {
        let words = RecordWords(text)
        guard let time = words.first("time").flatMap({ Int($0) }),
            let rate = words.first("rate").flatMap({ UInt64($0) })
        else { return nil }
        self.init(
            time: time,
            free: words.first("free").flatMap { UInt64($0) },
            rate: rate,
            kept: words.all("slot").compactMap { KeptSlot($0) }
        )
    }
}

/// From where on a primary keeps WAL for another node.
public struct KeptSlot: Sendable, Hashable {
    public var name: String
    /// nil when it doesn't any more.
    public var lsn: LSN?
    /// Since when nobody uses it, in seconds since 1970; nil while somebody does.
    public var unusedSince: Int?

    public init(name: String, lsn: LSN?, unusedSince: Int? = nil) {
        self.name = name
        self.lsn = lsn
        self.unusedSince = unusedSince
    }

    var text: String { "\(name)@\(lsn?.description ?? "-")" + (unusedSince.map { "@\($0)" } ?? "") }

    init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, !parts[0].isEmpty else { return nil }
        let lsn = LSN(parts[1])
        guard lsn != nil || parts[1] == "-" else { return nil }
        self.init(name: String(parts[0]), lsn: lsn, unusedSince: parts.count == 3 ? Int(parts[2]) : nil)
    }
}
