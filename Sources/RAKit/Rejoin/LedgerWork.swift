internal import Glibc
public import RACore

extension LedgerBook {
    /// Notes that somebody has looked at an entry.
    ///
    /// - Parameters:
    ///   - by: who, and from where: "kim@pg1".
    ///   - isWALDropped: the copies of WAL are removed; what the entry says stays.
    /// - Returns: the entry as it is then.
    public func acknowledge(
        _ entry: LedgerEntry,
        by: String,
        note: String,
        dropWAL: Bool
    ) throws(LedgerProblem) -> LedgerEntry {
        let folder = directory + "/" + entry.id
        var changed = entry
        changed.state = .acknowledged(by: by, time: timestamp(), note: note)
        // Said first: an entry whose WAL is half away must not pass for one that has it.
        if dropWAL { changed.isWALDropped = true }
        let text = changed.text
        try LedgerProblem.of { () throws(SystemError) in try replaceFile(folder + "/entry", with: Array(text.utf8)) }
        guard dropWAL else { return changed }
        do throws(SystemError) {
            try removeTree(folder + "/wal")
        } catch {
            throw .notRemoved(error)
        }
        return changed
    }

    /// Copies an entry with its WAL to a directory that is empty or not there, and compares each file with what was saved.
    ///
    /// - Returns: the bytes of WAL.
    public func export(_ entry: LedgerEntry, to target: String) throws(LedgerProblem) -> UInt64 {
        if let facts = FileFacts(target) {
            guard facts.isDirectory, (try? listDirectory(target)) == [] else { throw .occupied(target) }
        }
        let source = directory + "/" + entry.id
        var saved: [CopiedFile] = []
        if !entry.isWALDropped {
            let text = try LedgerProblem.of { () throws(SystemError) in
                try readText(source + "/files", limit: 1 << 26)
            }
            saved = text.split(separator: "\n").compactMap { CopiedFile(text: $0) }
        }
        let isNew = FileFacts(target) == nil
        if isNew {
            try LedgerProblem.of { () throws(SystemError) in
                guard mkdir(target, 0o700) == 0 else { throw SystemError("create directory \(target)") }
            }
        }
        do throws(LedgerProblem) {
            try copy(source, saved, to: target)
        } catch {
            for name in ["entry", "commits", "relations", "files", "wal"] { try? removeTree(target + "/" + name) }
            if isNew { rmdir(target) }
            throw error
        }
        return saved.reduce(0) { $0 + $1.size }
    }

    private func copy(_ source: String, _ saved: [CopiedFile], to target: String) throws(LedgerProblem) {
        let needed = saved.reduce(UInt64(16 << 20)) { $0 + $1.size }
        if let free = freeBytes(target), free < needed { throw .noRoom(target, needed: needed, free: free) }
        let wal = target + "/wal"
        try LedgerProblem.of { () throws(SystemError) in
            guard mkdir(wal, 0o700) == 0 else { throw SystemError("create directory \(wal)") }
        }
        for file in saved {
            guard try copyVerified(source + "/wal/" + file.name, to: wal + "/" + file.name) == file else {
                throw .changed(source + "/wal/" + file.name)
            }
        }
        for name in ["commits", "relations", "files", "entry"] {
            _ = try copyVerified(source + "/" + name, to: target + "/" + name)
        }
        try LedgerProblem.of { () throws(SystemError) in
            try syncDirectory(wal)
            try syncDirectory(target)
            try syncDirectory(parentDirectory(target))
        }
    }

    private func copyVerified(_ source: String, to target: String) throws(LedgerProblem) -> CopiedFile {
        let name = source.split(separator: "/").last.map(String.init) ?? source
        let (copied, measured) = try LedgerProblem.of { () throws(SystemError) in
            let copied = try copyFile(source, to: target, name: name)
            return (copied, try measureFile(target, name: name))
        }
        guard copied == measured else { throw .changed(target) }
        return copied
    }
}
