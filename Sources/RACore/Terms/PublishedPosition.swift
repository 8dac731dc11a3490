/// How far a node's data go, as it tells the others: the value of `<resource>-position`.
public struct PublishedPosition: Sendable, Hashable {
    public var systemIdentifier: UInt64
    public var history: TimelineHistory
    /// Received or replayed, whichever is further; of an instance that is stopped where its last WAL record begins, or a
    /// little later.
    public var lsn: LSN
    /// nil for an instance that is stopped.
    public var replayedLSN: LSN?
    public var isRunning: Bool
    /// The newest record that the node has seen; nil for none.
    public var seen: RecordStamp?
    /// Whether the instance was a primary, or received WAL from one, since its node joined the cluster: what it knows
    /// isn't from before it was fenced or left.
    public var hasTakenPart: Bool
    /// How often the node was chosen and the cluster didn't promote it: a constraint may keep the promoted role away. Another
    /// one that has every acknowledged commit as well and did so less often goes before it.
    public var timesSteppedBack: Int

    public init(
        systemIdentifier: UInt64,
        history: TimelineHistory,
        lsn: LSN,
        replayedLSN: LSN? = nil,
        isRunning: Bool = true,
        seen: RecordStamp? = nil,
        hasTakenPart: Bool = true,
        timesSteppedBack: Int = 0
    ) {
        self.systemIdentifier = systemIdentifier
        self.history = history
        self.lsn = lsn
        self.replayedLSN = replayedLSN
        self.isRunning = isRunning
        self.seen = seen
        self.hasTakenPart = hasTakenPart
        self.timesSteppedBack = timesSteppedBack
    }

    public var timeline: TimelineID { history.timeline }
    public var position: WALPosition { WALPosition(timeline: timeline, lsn: lsn) }

    /// "timeline=2 lsn=0/30000A0 replayed=0/30000A0 state=running seen=2.7 system=6933... left=1@0/3000000"
    public var text: String {
        var text = "timeline=\(timeline) lsn=\(lsn)"
        if let replayedLSN { text += " replayed=\(replayedLSN)" }
        text += " state=\(isRunning ? "running" : "stopped")"
        if !hasTakenPart { text += " part=no" }
        if timesSteppedBack > 0 { text += " stepped-back=\(timesSteppedBack)" }
        if let seen { text += " seen=\(seen)" }
        return text + " system=\(systemIdentifier)" + RecordWords.historyText(history)
    }

    public init?(_ text: String) {
        let words = RecordWords(text)
        guard let identifier = words.first("system").flatMap({ UInt64($0) }),
            let timeline = words.timeline("timeline"), let history = words.history(of: timeline),
            let lsn = words.first("lsn").flatMap({ LSN($0) }), let state = words.first("state")
        else { return nil }
        self.init(
            systemIdentifier: identifier,
            history: history,
            lsn: lsn,
            replayedLSN: words.first("replayed").flatMap { LSN($0) },
            isRunning: state == "running",
            seen: words.first("seen").flatMap { RecordStamp($0) },
            hasTakenPart: words.first("part") != "no",
            timesSteppedBack: words.first("stepped-back").flatMap { Int($0) } ?? 0
        )
    }
}

/// A position that a node has published.
public struct NodePosition: Sendable, Hashable {
    public var node: String
    public var position: PublishedPosition

    public init(node: String, position: PublishedPosition) {
        self.node = node
        self.position = position
    }
}
