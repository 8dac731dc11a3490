/// The durable record: who was the last primary, and on whom every acknowledged commit is.
///
/// One value, so that it is always whole. The primary writes it into a permanent attribute of its own node; of several in
/// a cluster the newest counts. Every node keeps a copy of the newest that it has seen.
public struct ClusterRecord: Sendable, Hashable {
    /// The node that is the primary, or is about to be.
    public var primary: String
    /// nil in a record that was read out of heartbeat/pgsql's attributes.
    public var systemIdentifier: UInt64?
    /// The primary's timeline and its ancestors; of a promotion that is under way those from before it.
    public var history: TimelineHistory
    /// A position that the primary had reached, and every member of a guarantee that counts all of them.
    public var lsn: LSN
    /// Rises with every promotion.
    public var term: UInt64
    /// Rises with every record of a term.
    public var serial: UInt64
    public var guarantee: Guarantee
    /// The primary is being promoted: its own timeline may be newer than `history` says.
    public var isPromoting: Bool
    /// What held until this promotion, and holds on if it isn't carried out; nil for nothing.
    public var former: FormerRecord?
    /// An operator gave up what may be only on nodes that are away.
    public var isLossAccepted: Bool

    public init(
        primary: String,
        systemIdentifier: UInt64?,
        history: TimelineHistory,
        lsn: LSN,
        term: UInt64,
        serial: UInt64 = 1,
        guarantee: Guarantee = .none,
        isPromoting: Bool = false,
        former: FormerRecord? = nil,
        isLossAccepted: Bool = false
    ) {
        self.primary = primary
        self.systemIdentifier = systemIdentifier
        self.history = history
        self.lsn = lsn
        self.term = term
        self.serial = serial
        self.guarantee = guarantee
        self.isPromoting = isPromoting
        self.former = former
        self.isLossAccepted = isLossAccepted
    }

    public var timeline: TimelineID { history.timeline }
    public var stamp: RecordStamp { RecordStamp(term: term, serial: serial) }
    public var position: WALPosition { WALPosition(timeline: timeline, lsn: lsn) }

    /// The attribute's value: "term=3 serial=12 primary=pg1 count=1 member=pg2 timeline=3 lsn=0/30000A0 ...".
    public var text: String {
        var text = "term=\(term) serial=\(serial) primary=\(primary)"
        if isPromoting { text += " promoting=yes" }
        if isLossAccepted { text += " loss=accepted" }
        text += " count=\(guarantee.count)" + guarantee.members.map { " member=\($0)" }.joined()
        text += " timeline=\(timeline) lsn=\(lsn)"
        if let former { text += " " + former.text }
        if let systemIdentifier { text += " system=\(systemIdentifier)" }
        return text + RecordWords.historyText(history)
    }

    /// nil for another text: half a record proves nothing.
    public init?(_ text: String) {
        let words = RecordWords(text)
        guard let primary = words.first("primary"), !primary.isEmpty,
            let timeline = words.timeline("timeline"), let history = words.history(of: timeline),
            let lsn = words.first("lsn").flatMap({ LSN($0) }),
            let term = words.first("term").flatMap({ UInt64($0) }),
            let serial = words.first("serial").flatMap({ UInt64($0) }),
            let count = words.first("count").flatMap({ Int($0) })
        else { return nil }
        self.init(
            primary: String(primary),
            systemIdentifier: words.first("system").flatMap { UInt64($0) },
            history: history,
            lsn: lsn,
            term: term,
            serial: serial,
            guarantee: Guarantee(members: words.all("member"), count: count),
            isPromoting: words.first("promoting") == "yes",
            former: FormerRecord(words),
            isLossAccepted: words.first("loss") == "accepted"
        )
    }
}

/// What a record said before a promotion that may not have been carried out.
public struct FormerRecord: Sendable, Hashable {
    public var primary: String
    public var lsn: LSN
    public var guarantee: Guarantee
    public var isLossAccepted: Bool

    public init(primary: String, lsn: LSN, guarantee: Guarantee, isLossAccepted: Bool = false) {
        (self.primary, self.lsn, self.guarantee) = (primary, lsn, guarantee)
        self.isLossAccepted = isLossAccepted
    }

    /// "former=pg1 former-lsn=0/30000A0 former-count=1 former-member=pg2"
    var text: String {
        "former=\(primary) former-lsn=\(lsn) former-count=\(guarantee.count)"
            + guarantee.members.map { " former-member=\($0)" }.joined()
            + (isLossAccepted ? " former-loss=accepted" : "")
    }

    init?(_ words: RecordWords) {
        guard let primary = words.first("former"), let lsn = words.first("former-lsn").flatMap({ LSN($0) }),
            let count = words.first("former-count").flatMap({ Int($0) })
        else { return nil }
        self.init(
            primary: String(primary),
            lsn: lsn,
            guarantee: Guarantee(members: words.all("former-member"), count: count),
            isLossAccepted: words.first("former-loss") == "accepted"
        )
    }
}

/// Which of two records is the newer one.
public struct RecordStamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var term: UInt64
    public var serial: UInt64

    public init(term: UInt64, serial: UInt64) {
        self.term = term
        self.serial = serial
    }

    public static func < (left: RecordStamp, right: RecordStamp) -> Bool {
        left.term == right.term ? left.serial < right.serial : left.term < right.term
    }

    /// "3.12"
    public var description: String { "\(term).\(serial)" }

    public init?<Text: StringProtocol>(_ text: Text) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let term = UInt64(parts[0]), let serial = UInt64(parts[1]) else { return nil }
        self.init(term: term, serial: serial)
    }
}
