/// How often standbys were lost that commits waited for, so that a flapping one doesn't stop commits again and again.
///
/// The first return is welcome at once. After a second loss within ten minutes a standby must stream for ten seconds
/// before it is waited for again, then for 40, 160, and at last for 300.
public struct Steadiness: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var node: String
        /// When it was lost, in seconds, the oldest first.
        var losses: [UInt64]
        /// Since when it streams; nil while it doesn't.
        var since: UInt64?
    }

    private var entries: [Entry] = []

    /// For how long a loss counts, in seconds.
    static let memory: UInt64 = 600

    public init() {}

    /// Notes a look at the standbys.
    ///
    /// - Parameters:
    ///   - waitedFor: whom commits wait for at this moment.
    ///   - now: seconds of a clock that only goes forward.
    public mutating func look(streaming: [String], waitedFor: [String], now: UInt64) {
        for node in Set(streaming + waitedFor + entries.map(\.node)).sorted() {
            let index = index(of: node)
            let isStreaming = streaming.contains { sameName($0, node) }
            let isWaitedFor = waitedFor.contains { sameName($0, node) }
            if isStreaming {
                entries[index].since = entries[index].since ?? now
            } else {
                // Lost once, until it streams again.
                if isWaitedFor, entries[index].since != nil || entries[index].losses.isEmpty {
                    entries[index].losses.append(now)
                }
                entries[index].since = nil
            }
            entries[index].losses.removeAll { now > $0 && now - $0 > Steadiness.memory }
        }
    }

    /// The standbys that aren't to be waited for again yet.
    public func unsteady(now: UInt64) -> [String] {
        entries.filter { entry in
            guard let since = entry.since else { return entry.losses.count > 1 }
            return now < since + Steadiness.delay(losses: entry.losses.count)
        }
        .map(\.node)
    }

    /// For how many seconds a standby must stream after so many losses.
    static func delay(losses: Int) -> UInt64 {
        guard losses > 1 else { return 0 }
        return min(300, 10 << (2 * UInt64(min(losses - 2, 5))))
    }

    private mutating func index(of node: String) -> Int {
        if let index = entries.firstIndex(where: { sameName($0.node, node) }) { return index }
        entries.append(Entry(node: node, losses: [], since: nil))
        return entries.count - 1
    }

    /// A line a standby: name, since when it streams or "-", the losses.
    public var text: String {
        entries.map { entry in
            ([entry.node, entry.since.map(String.init) ?? "-"] + entry.losses.map(String.init)).joined(separator: " ")
                + "\n"
        }
        .joined()
    }

    public init<Text: StringProtocol>(text: Text) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            guard words.count >= 2 else { continue }
            entries.append(
                Entry(node: String(words[0]), losses: words[2...].compactMap { UInt64($0) }, since: UInt64(words[1]))
            )
        }
    }
}
