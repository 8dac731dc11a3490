internal import Glibc
public import RACore

extension EvidenceStep {
    /// Saves all WAL of data of which it can't be told what of it the primary doesn't have; nothing of it is listed.
    ///
    /// - Parameters:
    ///   - reason: why it can't be told.
    ///   - why: what is about to be done with the data, for whoever reads the entry: "copy".
    /// - Returns: the entry; nil when there is no WAL.
    /// - Throws: as `save`.
    public func saveUnread(because reason: String, why: String) throws(RejoinFailure) -> LedgerEntry? {
        do throws(Problem) {
            try prepareLedger()
            let wal = context.installation.dataDirectory + "/pg_wal"
            let files = try Problem.of { () throws(SystemError) in try EvidenceFiles.all(wal) }
            guard !files.kept.isEmpty else {
                context.progress.note("there is no WAL here that could be saved")
                return nil
            }
            let entry = try keepUnread(files, draft(system: files.system, fork: nil, why: why), because: reason)
            context.progress.note("all WAL is kept: \(entry.summary): ledger entry \(entry.id)")
            return entry
        } catch {
            throw error.failure(ledger: context.own.ledger)
        }
    }

    /// Makes an entry of files as they are; the same files are kept once.
    func keepUnread(_ files: EvidenceFiles, _ draft: LedgerEntry, because reason: String) throws(Problem) -> LedgerEntry
    {
        if let present = try entry(with: files) { return present }
        var entry = draft
        entry.unlisted = reason
        entry.unreadable = files.spoiled.sorted()
        let made = try withTemporary(files) { (temporary) throws(Problem) in
            var entry = entry
            entry.counts.bytes = try copy(files, into: temporary)
            try Problem.of { () throws(SystemError) in
                for name in ["commits", "relations"] { try writeNew(temporary + "/" + name, "") }
            }
            try finish(entry, temporary)
            return entry
        }
        return made ?? entry
    }

    /// The entry that has these very files already: an earlier run was ended after it had saved them.
    private func entry(with files: EvidenceFiles) throws(Problem) -> LedgerEntry? {
        let former = ((try? book.read())?.entries ?? []).filter { $0.unlisted != nil && !$0.isWALDropped }
        guard !former.isEmpty else { return nil }
        let names = files.kept + files.histories
        let now = try Problem.of { () throws(SystemError) in
            var now: Set<CopiedFile> = []
            for name in names { now.insert(try measureFile(files.directory + "/" + name, name: name)) }
            return now
        }
        return former.last { entry in
            let text = (try? readText(book.directory + "/" + entry.id + "/files", limit: 1 << 26)) ?? ""
            return Set(text.split(separator: "\n").compactMap { CopiedFile(text: $0) }) == now
        }
    }
}
