/// Who still needs WAL, and from where on.
public struct ArchiveClaim: Sendable, Hashable {
    /// "node alpha", "slot pgsql_slot_beta on alpha", "backup /backup/monday": for a person.
    public var who: String
    /// The oldest WAL that it needs; nil timeline when only the LSN is known, as of a slot.
    public var timeline: TimelineID?
    public var lsn: LSN

    public init(who: String, timeline: TimelineID? = nil, lsn: LSN) {
        self.who = who
        self.timeline = timeline
        self.lsn = lsn
    }
}

/// A file of an archive.
public struct ArchiveFile: Sendable, Hashable {
    public var name: String
    public var bytes: UInt64

    public init(name: String, bytes: UInt64) {
        self.name = name
        self.bytes = bytes
    }
}

/// Which files of an archive nobody needs any more.
public struct ArchiveCleaningPlan: Sendable, Hashable {
    /// The claim that reaches back furthest: everything from its segment on stays.
    public var oldest: ArchiveClaim
    /// The number and name of the first segment that stays.
    public var firstKept: WALSegment
    /// Oldest first.
    public var unneeded: [ArchiveFile]
    /// Files of the archive that stay.
    public var kept: Int
    /// Names that PostgreSQL doesn't give: they stay as well.
    public var unknown: [String]

    public var bytes: UInt64 { unneeded.reduce(0) { $0 + $1.bytes } }
}

/// Why nothing is removed.
public enum ArchiveCleaningRefusal: Error, Sendable, Hashable {
    /// What these nodes need isn't known.
    case unseen([Unseen])
    /// Nobody claims anything: then nothing is known, not that all may go.
    case noClaims
    /// Of no timeline of the claims a history is known.
    case noHistory

    /// A node, or something else that may need WAL, and why what it needs isn't known.
    public struct Unseen: Sendable, Hashable {
        public var who: String
        public var why: String
        /// The node that `--without` leaves out; nil for what can't be left out.
        public var node: String?

        public init(who: String, why: String, node: String? = nil) {
            self.who = who
            self.why = why
            self.node = node
        }
    }

    public var text: String {
        switch self {
        case .unseen(let unseen):
            let words = unseen.map { "\($0.who): \($0.why)" }.joined(separator: "; ")
            let nodes = unseen.compactMap(\.node)
            let hint =
                nodes.count == unseen.count
                ? "Bring \(nodes.joined(separator: " and ")) back or, if the WAL that it needs may go, add "
                    + nodes.map { "--without \($0)" }.joined(separator: " ")
                : "Mend that, then run it again"
            return "what is still needed isn't known: \(words). HINT: \(hint)."
        case .noClaims: return "nothing is known of what is still needed. HINT: Is node_list set?"
        case .noHistory:
            return "the timeline of this cluster isn't known. HINT: Run it on a node with a data directory."
        }
    }
}

/// Decides which files may go: those before the oldest claim's segment, whatever their timeline, never the newest.
///
/// A history file goes when no segment that stays and no claim is of its timeline or a later one: recovery asks for the
/// histories of the timelines that it comes from (documentation, "Timelines").
/// - Parameter timeline: the cluster's newest, for a claim that has none.
public func planArchiveCleaning(
    _ files: [ArchiveFile],
    claims: [ArchiveClaim],
    timeline: TimelineID,
    size: UInt64
) -> Result<ArchiveCleaningPlan, ArchiveCleaningRefusal> {
    guard let oldest = claims.min(by: { ($0.lsn, $0.timeline?.number ?? 0) < ($1.lsn, $1.timeline?.number ?? 0) })
    else {
        return .failure(.noClaims)
    }
    let named = files.map { (file: $0, name: ArchiveName($0.name, size: size)) }
    let place = WALPosition(timeline: oldest.timeline ?? timeline, lsn: oldest.lsn)
    let claimed = WALSegment(holding: place, size: size).number
    let firstKept = min(claimed, named.compactMap { wholeSegment($0.name)?.number }.max() ?? claimed)
    let needed = claims.map { $0.timeline ?? timeline } + named.compactMap { keptTimeline($0.name, from: firstKept) }
    var plan = ArchiveCleaningPlan(
        oldest: oldest,
        firstKept: WALSegment(timeline: place.timeline, number: firstKept, size: size),
        unneeded: [],
        kept: 0,
        unknown: []
    )
    for (file, name) in named {
        switch name {
        case nil: plan.unknown.append(file.name)
        case .segment(let segment), .partial(let segment), .backup(let segment):
            if segment.number < firstKept { plan.unneeded.append(file) } else { plan.kept += 1 }
        case .history(let own):
            if own < min(timeline, needed.min() ?? timeline) { plan.unneeded.append(file) } else { plan.kept += 1 }
        }
    }
    plan.unneeded.sort { $0.name < $1.name }
    plan.unknown.sort()
    return .success(plan)
}

private func wholeSegment(_ name: ArchiveName?) -> WALSegment? {
    switch name {
    case .segment(let segment): segment
    case .partial, .backup, .history, nil: nil
    }
}

/// The timeline of a segment that stays; nil for all else.
private func keptTimeline(_ name: ArchiveName?, from first: UInt64) -> TimelineID? {
    switch name {
    case .segment(let segment), .partial(let segment): segment.number >= first ? segment.timeline : nil
    case .backup, .history, nil: nil
    }
}

/// Where a backup's WAL begins, by its `backup_label` (documentation, "Making a Base Backup Using the Low Level API").
///
/// - Returns: nil when the text has no such line.
public func backupStart(label text: String) -> (timeline: TimelineID?, lsn: LSN)? {
    var lsn: LSN?
    var timeline: TimelineID?
    for line in text.split(whereSeparator: \.isNewline) {
        if line.hasPrefix("START WAL LOCATION: ") { lsn = LSN(line.dropFirst(20).prefix { $0 != " " }) }
        if line.hasPrefix("START TIMELINE: ") { timeline = UInt32(line.dropFirst(16)).flatMap { TimelineID($0) } }
    }
    return lsn.map { (timeline, $0) }
}

/// Where a backup's WAL begins, by the "WAL-Ranges" of its `backup_manifest` (documentation, "Backup Manifest Format").
///
/// - Parameter text: the manifest, or its end, where the ranges stand.
public func backupStart(manifest text: String) -> (timeline: TimelineID?, lsn: LSN)? {
    var found: (timeline: TimelineID?, lsn: LSN)?
    // { "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }
    for piece in text.split(separator: "{") {
        let words = piece.split(whereSeparator: { " \t\n,:\"}]".contains($0) })
        guard let mark = words.firstIndex(of: "Start-LSN"), mark + 1 < words.count, let lsn = LSN(words[mark + 1])
        else {
            continue
        }
        let place = words.firstIndex(of: "Timeline").map { $0 + 1 }
        let timeline = place.flatMap { $0 < words.count ? UInt32(words[$0]) : nil }.flatMap { TimelineID($0) }
        if found.map({ lsn < $0.lsn }) ?? true { found = (timeline, lsn) }
    }
    return found
}
