/// The WAL that a stopped node still has to get, and from where a standby there would ask for it.
public struct WALNeed: Sendable, Hashable {
    /// From the first file that recovery doesn't find here to the one that the source writes, oldest first.
    public let segments: [WALSegment]
    /// Where the node's own WAL ends.
    public let localEnd: WALPosition
    public let flushed: LSN

    /// - Parameters:
    ///   - redo: where recovery begins.
    ///   - localEnd: where the node's own WAL ends.
    ///   - present: the whole segment files in its pg_wal.
    ///   - source: the source's newest timeline with its ancestors.
    ///   - flushed: how far that timeline reaches.
    public init(
        redo: WALPosition,
        localEnd: WALPosition,
        present: Set<WALSegment>,
        source: TimelineHistory,
        flushed: LSN,
        size: UInt64
    ) {
        self.localEnd = localEnd
        self.flushed = flushed
        let numbers = Set(present.map(\.number))
        // A receiver asks from the beginning of the segment that its own WAL ends in.
        let end = localEnd.lsn.bytes / size
        let begin = min(redo.lsn.bytes / size, end)
        let first = (begin..<end).first { !numbers.contains($0) } ?? end
        // At the very beginning of a segment nothing of it was written, and there may be no file.
        let last = LSN(bytes: flushed.bytes > 0 ? flushed.bytes - 1 : 0)
        segments = source.segments(from: LSN(bytes: first * size), through: last, size: size)
    }

    /// Nothing is missing: the source has nothing beyond the segment that the node's own WAL ends in, or even less.
    public var isEmpty: Bool { segments.isEmpty }

    /// What the source has yet to send at most, in bytes.
    public var bytes: UInt64 { flushed.distance(from: localEnd.lsn) }
}

/// What a slot on the source promises of the needed WAL.
public enum SlotCover: Sendable, Hashable {
    /// It keeps all of it.
    case covers
    /// All of it is there, but not for long: the next checkpoint may remove some, or another receiver moves it on.
    case wavers(why: String)
    /// It begins later.
    case startsLater(at: LSN)
    /// It was invalidated, or made without reserving anything.
    case keepsNothing(why: String)
    case missing
    case unknown(why: String)
}

/// What the files in the source's pg_wal say of the needed WAL.
public enum SourceCover: Sendable, Hashable {
    case whole
    /// All up to the last one that isn't there any more, oldest first; those that come after are.
    case lacks([WALSegment])
    case unknown(why: String)
}

/// What an archive can do.
public enum ArchiveCover: Sendable, Hashable {
    /// A first, middle and last file were fetched from it and are whole.
    case proven
    /// None is known of.
    case none
    /// It was tried.
    case fails(why: String)
}

/// How the WAL that a node lacks gets there.
public enum WALPath: Sendable, Hashable {
    /// The source sends all of it; `isKept` says whether a slot sees to that, or it just is still there.
    case follow(isKept: Bool)
    /// These files have to come from an archive first, the rest is sent.
    case archive([WALSegment])
    /// It is nowhere.
    case gap(first: WALSegment, why: String)
    case unknown(why: String)
}

/// Decides how the needed WAL comes; the archive is asked for no more than the source lacks.
public func decideWALPath(
    _ need: WALNeed,
    slot: SlotCover,
    source: SourceCover,
    archive: ArchiveCover
) -> WALPath {
    guard let first = need.segments.first else { return .follow(isKept: true) }
    let beforeSlot = { (start: LSN) in need.segments.filter { $0.end <= start } }
    // The one that is being written is in no archive.
    let complete = need.segments.filter { $0.end <= need.flushed }
    switch (slot, source, archive) {
    case (.covers, .whole, _), (.covers, .unknown, _): return .follow(isKept: true)
    case (.wavers, .whole, _), (.startsLater, .whole, _), (.keepsNothing, .whole, _), (.missing, .whole, _),
        (.unknown, .whole, _):
        return .follow(isKept: false)
    // A slot that promises what isn't there was read at another moment than the files: the files count.
    case (.covers, .lacks(let files), .proven), (.wavers, .lacks(let files), .proven),
        (.startsLater, .lacks(let files), .proven), (.keepsNothing, .lacks(let files), .proven),
        (.missing, .lacks(let files), .proven), (.unknown, .lacks(let files), .proven):
        return .archive(files)
    case (_, .lacks(let files), .none):
        return .gap(first: files.first ?? first, why: "the source doesn't have it any more, and no archive is known")
    case (_, .lacks(let files), .fails(let why)):
        return .gap(first: files.first ?? first, why: "the source doesn't have it any more, and the archive: \(why)")
    case (.startsLater(let start), .unknown, .proven): return .archive(beforeSlot(start))
    case (.wavers, .unknown, .proven), (.keepsNothing, .unknown, .proven), (.missing, .unknown, .proven),
        (.unknown, .unknown, .proven):
        return .archive(complete)
    case (.startsLater(let start), .unknown(let why), .none), (.startsLater(let start), .unknown(let why), .fails):
        return .unknown(why: "the slot keeps WAL from \(start) on, and the files before can't be listed: \(why)")
    case (.wavers(let slot), .unknown(let why), .none), (.wavers(let slot), .unknown(let why), .fails),
        (.keepsNothing(let slot), .unknown(let why), .none), (.keepsNothing(let slot), .unknown(let why), .fails):
        return .unknown(why: "\(slot), and the source's files can't be listed: \(why)")
    case (.missing, .unknown(let why), .none), (.missing, .unknown(let why), .fails):
        return .unknown(why: "the node has no slot on the source, whose files can't be listed: \(why)")
    case (.unknown(let slot), .unknown(let why), .none), (.unknown(let slot), .unknown(let why), .fails):
        return .unknown(why: slot == why ? why : "\(slot); \(why)")
    }
}

/// What a slot's row says of the needed WAL.
///
/// - Parameter slot: nil when there is none of that name.
public func assessSlotCover(_ slot: ReplicationSlot?, _ need: WALNeed) -> SlotCover {
    guard let slot else { return .missing }
    guard slot.isPhysical else { return .keepsNothing(why: "slot \"\(slot.name)\" is a logical one") }
    if slot.isLost {
        let word = slot.invalidation ?? slot.status ?? "lost"
        return .keepsNothing(why: "slot \"\(slot.name)\" was invalidated by the source (\"\(word)\")")
    }
    guard let start = slot.restartLSN else {
        return .keepsNothing(why: "slot \"\(slot.name)\" reserves no WAL")
    }
    guard let first = need.segments.first else { return .covers }
    // Whole segments are kept.
    guard start.bytes / first.size <= first.number else { return .startsLater(at: start) }
    // The node that it is for is stopped.
    if slot.isActive { return .wavers(why: "slot \"\(slot.name)\" is used by another receiver") }
    guard slot.status == "unreserved" else { return .covers }
    return .wavers(why: "slot \"\(slot.name)\" is about to lose WAL (wal_status is \"unreserved\")")
}

/// What a listing of the source's pg_wal says of the needed WAL.
public func assessSourceCover(_ files: Observed<Set<WALSegment>>, _ need: WALNeed) -> SourceCover {
    switch files {
    case .unknown(let why): return .unknown(why: why)
    case .known(let files):
        // What is sent is sent in one piece up to the end: a file that is there before a missing one is of no use.
        guard let gap = need.segments.lastIndex(where: { !files.contains($0) }) else { return .whole }
        return .lacks(Array(need.segments[...gap]))
    }
}
