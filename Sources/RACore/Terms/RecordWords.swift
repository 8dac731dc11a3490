/// Words of the form "key=value" parted by blanks: how a node attribute holds more than one fact.
///
/// Node names have no blanks, so that nothing needs escaping.
struct RecordWords {
    private var pairs: [(key: Substring, value: Substring)] = []

    init(_ text: String) {
        for word in text.split(separator: " ") {
            guard let equals = word.firstIndex(of: "=") else { continue }
            pairs.append((word[..<equals], word[word.index(after: equals)...]))
        }
    }

    /// The first value of a key.
    func first(_ key: String) -> Substring? { pairs.first { $0.key == key[...] }?.value }

    /// All values of a key, in their order.
    func all(_ key: String) -> [String] { pairs.filter { $0.key == key[...] }.map { String($0.value) } }

    func timeline(_ key: String) -> TimelineID? { first(key).flatMap { UInt32($0) }.flatMap { TimelineID($0) } }

    /// The ancestors, as `historyText` writes them; nil when one of them can't be read.
    func history(of timeline: TimelineID) -> TimelineHistory? {
        var entries: [TimelineHistory.Entry] = []
        for word in all("left") {
            let parts = word.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, let number = UInt32(parts[0]), let ancestor = TimelineID(number),
                let switchPoint = LSN(parts[1]), entries.last.map({ $0.timeline < ancestor }) ?? true,
                ancestor < timeline
            else { return nil }
            entries.append(TimelineHistory.Entry(timeline: ancestor, switchPoint: switchPoint))
        }
        return TimelineHistory(timeline: timeline, ancestors: entries)
    }

    /// How many ancestors are written at most: a cluster that failed over more often has forgotten the oldest.
    static let longestHistory = 50

    /// "left=1@0/3000000 left=2@0/5000000": the switch points of the ancestors, oldest first, each with a blank before it.
    static func historyText(_ history: TimelineHistory) -> String {
        history.ancestors.suffix(longestHistory).map { " left=\($0.timeline)@\($0.switchPoint)" }.joined()
    }
}
