internal import Glibc
public import RACore

/// Keeps what a rewind or a copy would take from a diverged node: the WAL from the fork on, and a list of its commits.
///
/// An entry of the ledger is made under a temporary name and renamed when all of it is on the disk: killed anywhere, the
/// step leaves nothing that looks like an entry, and the next run begins anew. The same divergence is kept once.
public struct EvidenceStep: Sendable {
    let context: RejoinContext
    /// So many transactions are listed one by one; all are counted.
    var mostListed = 10_000
    /// Whose password file is looked into for the primary; the whole process becomes that user for a moment.
    var asker: Account?

    public init(context: RejoinContext) {
        self.context = context
        asker = context.account
    }

    /// Room that stays free beside the WAL: the list itself, and whatever else is written there meanwhile.
    static let margin: UInt64 = 32 << 20

    var book: LedgerBook { LedgerBook(directory: context.own.ledger) }

    /// Saves the WAL of a stopped instance from the fork on.
    ///
    /// - Parameters:
    ///   - fork: the first position at which the local history isn't the primary's.
    ///   - history: the local one, with the newest timeline that pg_wal has files of.
    ///   - why: what is about to be done with the data, for whoever reads the entry: "rewind".
    /// - Returns: the entry; nil when the local WAL has no record at or after the fork.
    /// - Throws: `.failed` when it couldn't be saved, `.resumable` when it was interrupted; nothing was changed then.
    public func save(
        fork: WALPosition,
        control: ControlFile,
        history: TimelineHistory,
        why: String
    ) throws(RejoinFailure) -> LedgerEntry? {
        do throws(Problem) {
            let entry = try keep(fork: fork, control: control, history: history, why: why)
            if let entry {
                context.progress.note("diverged WAL is kept: \(entry.summary): ledger entry \(entry.id)")
            } else {
                context.progress.note("no local record is at or after \(fork): nothing is lost")
            }
            return entry
        } catch {
            throw error.failure(ledger: context.own.ledger)
        }
    }

    private func keep(
        fork: WALPosition,
        control: ControlFile,
        history: TimelineHistory,
        why: String
    ) throws(Problem) -> LedgerEntry? {
        try prepareLedger()
        let wal = context.installation.dataDirectory + "/pg_wal"
        let files = try Problem.of { () throws(SystemError) in
            try EvidenceFiles.find(wal, fork: fork, history: history, size: control.segmentSize)
        }
        guard !files.kept.isEmpty else { return nil }
        let draft = draft(system: control.systemIdentifier, fork: fork, why: why)
        do throws(Problem) {
            return try withTemporary(files) { (temporary) throws(Problem) in
                try build(temporary, files, draft, fork: fork, control: control, history: history)
            }
        } catch .unread(let reason) {
            return try keepUnread(files, draft, because: reason)
        }
    }

    /// Builds an entry where there is room, and leaves nothing of one that isn't whole.
    func withTemporary(
        _ files: EvidenceFiles,
        _ body: (String) throws(Problem) -> LedgerEntry?
    ) throws(Problem) -> LedgerEntry? {
        let room = freeBytes(context.own.ledger)
        if let room, room < files.bytes + EvidenceStep.margin {
            throw .noRoom(needed: files.bytes + EvidenceStep.margin, free: room)
        }
        let temporary = book.temporary
        do throws(Problem) {
            try Problem.of { () throws(SystemError) in
                guard mkdir(temporary, 0o700) == 0 else { throw SystemError("create directory \(temporary)") }
            }
            return try body(temporary)
        } catch {
            try? removeTree(temporary)
            throw error
        }
    }

    /// An entry that says nothing yet of what is in it.
    func draft(system: UInt64?, fork: WALPosition?, why: String) -> LedgerEntry {
        LedgerEntry(
            id: book.freeName(node: context.node),
            node: context.node,
            resource: context.resource,
            systemIdentifier: system,
            fork: fork,
            lastRecord: nil,
            primary: context.source.node,
            primaryTimeline: context.source.history.history.timeline,
            why: why,
            time: timestamp(),
            readFrom: nil
        )
    }

    private func build(
        _ temporary: String,
        _ files: EvidenceFiles,
        _ draft: LedgerEntry,
        fork: WALPosition,
        control: ControlFile,
        history: TimelineHistory
    ) throws(Problem) -> LedgerEntry? {
        let found = try list(files, fork: fork, history: history, into: temporary)
        let end = found.tally.lastRecord.map { WALPosition(timeline: history.timeline, lsn: $0) }
        let present = end.flatMap {
            self.entry(with: found.tally, fork: fork, end: $0, system: control.systemIdentifier)
        }
        if found.tally.records == 0 {
            // What ends right at the fork, and had no checkpoint after it, ended there.
            guard let end = found.end, end >= fork.lsn, files.spoiled.isEmpty, control.checkpoint.lsn < fork.lsn,
                history.timeline == fork.timeline
            else { throw .unread("no record from \(fork) on can be read") }
            try? removeTree(temporary)
            return nil
        }
        guard let end, present == nil else {
            try? removeTree(temporary)
            return present
        }
        var entry = draft
        (entry.lastRecord, entry.readFrom) = (end, files.firstRead)
        entry.take(found)
        entry.unreadable = (entry.unreadable + files.spoiled).sorted()
        entry.missing = files.missing.map { files.name(of: $0, in: history) }
        entry.counts.bytes = try copy(files, into: temporary)
        try nameRelations(found.tally, &entry, into: temporary)
        try finish(entry, temporary)
        return entry
    }

    /// The entry that holds this divergence already; a recovery in between has added no transaction.
    private func entry(with tally: LedgerTally, fork: WALPosition, end: WALPosition, system: UInt64) -> LedgerEntry? {
        book.find(system: system, fork: fork, lastRecord: end)
            ?? book.find(
                system: system,
                fork: fork,
                lastRecord: end,
                transactions: tally.commits + tally.preparedOnly
            )
    }
}

extension LedgerEntry {
    /// Takes over what the WAL was found to hold.
    fileprivate mutating func take(_ found: EvidenceScan.Found) {
        counts.records = found.tally.records
        (counts.commits, counts.prepared) = (found.tally.commits, found.tally.preparedOnly)
        counts.listed = found.listed
        unreadable = found.breaks
    }
}
