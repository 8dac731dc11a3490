/// The ancestors of a timeline: what a history file holds (PostgreSQL documentation, "Timelines").
public struct TimelineHistory: Sendable, Hashable {
    /// One ancestor and the position at which its successor left it.
    public struct Entry: Sendable, Hashable {
        public let timeline: TimelineID
        /// Records that begin at or after this position on `timeline` aren't part of the successor's history.
        public let switchPoint: LSN

        public init(timeline: TimelineID, switchPoint: LSN) {
            self.timeline = timeline
            self.switchPoint = switchPoint
        }
    }

    /// The timeline whose history this is.
    public let timeline: TimelineID
    /// Oldest ancestor first.
    public let ancestors: [Entry]

    public init(timeline: TimelineID, ancestors: [Entry]) {
        self.timeline = timeline
        self.ancestors = ancestors
    }

    /// Parses a history file: lines of timeline, switch point and reason; `#` begins a comment.
    ///
    /// - Returns: nil when a line has another form or timelines don't rise: half a file proves nothing.
    public init?(timeline: TimelineID, text: String) {
        var entries: [Entry] = []
        for line in text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            guard fields.count >= 2, let number = UInt32(first), let ancestor = TimelineID(number),
                let switchPoint = LSN(fields[1]), ancestor < timeline,
                entries.last.map({ $0.timeline < ancestor }) ?? true
            else { return nil }
            entries.append(Entry(timeline: ancestor, switchPoint: switchPoint))
        }
        self.init(timeline: timeline, ancestors: entries)
    }

    /// Where this history left `timeline`; nil when that timeline isn't an ancestor.
    public func switchPoint(of timeline: TimelineID) -> LSN? {
        ancestors.first { $0.timeline == timeline }?.switchPoint
    }
}
