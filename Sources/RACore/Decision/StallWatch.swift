/// Finds standbys whose connection looks alive but takes no WAL: PostgreSQL itself gives one up after
/// `wal_sender_timeout`, a minute by default, and commits wait so long.
public struct StallWatch: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var node: String
        var flushed: LSN
        /// Since when it has been so far and no further, in seconds.
        var since: UInt64
    }

    private var entries: [Entry] = []

    public init() {}

    /// Notes a look at the standbys that have WAL to take.
    ///
    /// - Parameters:
    ///   - senders: the primary's view of them.
    ///   - lsn: how far the primary's WAL goes.
    ///   - now: seconds of a clock that only goes forward.
    public mutating func look(_ senders: [WALSender], lsn: LSN, now: UInt64) {
        let streaming = senders.filter(\.isStreaming)
        entries = streaming.compactMap { sender in
            guard let flushed = sender.flushedLSN, flushed < lsn else { return nil }
            // Of several connections, as after a cut, the one counts that goes on.
            let others = streaming.filter { sameName($0.applicationName, sender.applicationName) }
            guard !others.contains(where: { $0.flushedLSN.map { $0 > flushed } ?? false }) else { return nil }
            let former = entries.first { sameName($0.node, sender.applicationName) && $0.flushed == flushed }
            return Entry(node: sender.applicationName, flushed: flushed, since: former?.since ?? now)
        }
    }

    /// The standbys that have taken nothing for so many seconds although there is more.
    public func stalled(seconds: Int, now: UInt64) -> [String] {
        guard seconds > 0 else { return [] }
        return entries.filter { now >= $0.since + UInt64(seconds) }.map(\.node)
    }

    /// A line a standby: name, LSN, since when.
    public var text: String { entries.map { "\($0.node) \($0.flushed) \($0.since)\n" }.joined() }

    public init<Text: StringProtocol>(text: Text) {
        entries = text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, let flushed = LSN(words[1]), let since = UInt64(words[2]) else { return nil }
            return Entry(node: String(words[0]), flushed: flushed, since: since)
        }
    }
}
