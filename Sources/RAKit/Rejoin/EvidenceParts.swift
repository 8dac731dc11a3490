internal import Glibc
import RACore

extension EvidenceStep {
    /// The directory of entries, without what an interrupted run left there.
    func prepareLedger() throws(Problem) {
        let (path, account) = (context.own.ledger, context.account)
        try Problem.of { () throws(SystemError) in
            try ensureDirectory(context.own.directory, mode: 0o700, owner: account)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("create directory \(path)") }
        }
        // The directory above belongs to the database user.
        guard linkTarget(path) == nil, let facts = FileFacts(path), facts.isDirectory, facts.ownerID == geteuid() else {
            throw .foreignLedger(path)
        }
        try Problem.of { () throws(SystemError) in try book.removeTemporary() }
    }

    func list(
        _ files: EvidenceFiles,
        fork: WALPosition,
        history: TimelineHistory,
        into temporary: String
    ) throws(Problem) -> EvidenceScan.Found {
        let scan = EvidenceScan(
            installation: context.installation,
            files: files,
            timeline: history.timeline,
            progress: context.progress,
            view: context.own.directory + "/ledger-view",
            most: mostListed
        )
        let output = try Problem.of { () throws(SystemError) in try TextFile.create(temporary + "/commits") }
        let found = try scan.read(fork: fork) { (commit) throws(SystemError) in try output.append(commit.text + "\n") }
        try Problem.of { () throws(SystemError) in try output.sync() }
        return found
    }

    /// - Returns: the bytes of all copies.
    func copy(_ files: EvidenceFiles, into temporary: String) throws(Problem) -> UInt64 {
        let folder = temporary + "/wal"
        let total = files.bytes
        var done: UInt64 = 0
        var copies: [CopiedFile] = []
        try Problem.of { () throws(SystemError) in
            guard mkdir(folder, 0o700) == 0 else { throw SystemError("create directory \(folder)") }
        }
        for name in files.kept + files.histories {
            guard !Interruption.isRequested else { throw .interrupted }
            let copied = try Problem.of { () throws(SystemError) in
                try copyFile(files.directory + "/" + name, to: folder + "/" + name, name: name) { count in
                    done += UInt64(count)
                    context.progress.see(.init("saving the diverged WAL", doneBytes: done, totalBytes: total))
                }
            }
            copies.append(copied)
        }
        try Problem.of { () throws(SystemError) in
            try syncDirectory(folder)
            try writeNew(temporary + "/files", copies.map { $0.text + "\n" }.joined())
        }
        return done
    }

    func nameRelations(
        _ tally: LedgerTally,
        _ entry: inout LedgerEntry,
        into temporary: String
    ) throws(Problem) {
        var relations = tally.totals.values.sorted { $0.file < $1.file }.map { change in
            LedgerRelation(
                change: change,
                isNew: tally.created.contains(change.file) || tally.createdDatabases.contains(change.file.database)
            )
        }
        let names = EvidenceNames(source: context.source, account: asker)
        let problem = names.name(
            &relations,
            newDatabases: tally.createdDatabases,
            by: .after(milliseconds: 20_000)
        )
        let who = "by the catalog of \(context.source.node)"
        entry.names = problem.map { "\(who), as far as it let itself be asked: \($0)" } ?? who
        for relation in relations where relation.kind == .user {
            entry.counts.inserted += relation.change.inserted
            entry.counts.updated += relation.change.updated
            entry.counts.deleted += relation.change.deleted
        }
        let text = relations.map { $0.text + "\n" }.joined()
        try Problem.of { () throws(SystemError) in try writeNew(temporary + "/relations", text) }
    }

    func finish(_ entry: LedgerEntry, _ temporary: String) throws(Problem) {
        let path = book.directory + "/" + entry.id
        try Problem.of { () throws(SystemError) in
            try writeNew(temporary + "/entry", entry.text)
            try syncDirectory(temporary)
            guard rename(temporary, path) == 0 else { throw SystemError("rename \(temporary) to \(path)") }
            try syncDirectory(book.directory)
        }
    }

    func writeNew(_ path: String, _ text: String) throws(SystemError) {
        let file = try TextFile.create(path)
        try file.append(text)
        try file.sync()
    }
}
