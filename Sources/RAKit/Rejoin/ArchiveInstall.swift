internal import Glibc
internal import RACore

/// Puts verified files into pg_wal: synced, renamed, and never over WAL that the node wrote or received itself.
struct ArchiveInstall: Sendable {
    let context: RejoinContext
    /// Where the node's own WAL ends: up to there its files count.
    let localEnd: LSN
    /// Whether the server archives what it restores (archive_mode "always"), and is to find it unmarked.
    let archivesAlways: Bool

    var directory: String { context.installation.dataDirectory + "/pg_wal" }

    private func path(_ segment: WALSegment) -> String { directory + "/" + segment.fileName }

    /// The name that a file has in pg_wal until it is verified; the server doesn't know such names.
    func temporaryPath(_ segment: WALSegment) -> String { path(segment) + ".part" }

    /// What a run that was killed left half done.
    func removeLeftovers() throws(SystemError) {
        for name in try listDirectory(directory) where name.hasSuffix(".part") && name.utf8.count == 29 {
            try removeFile(directory + "/" + name)
        }
    }

    /// Whether the file is the node's own and whole, or what an earlier run put there.
    func isPresent(_ segment: WALSegment, _ check: ArchiveCheck) -> Bool {
        guard let facts = FileFacts(path(segment)), facts.size == Int64(segment.size),
            segment.end <= localEnd || FileFacts(markPath(segment)) != nil,
            let head = try? readFile(path(segment), limit: WALPage.headerSize), let page = WALPage(head)
        else { return false }
        return page.fault(for: segment, system: check.system, history: check.history) == nil
    }

    /// Renames a verified file to its name.
    ///
    /// - Throws: a failure that names both files when the node's own file has other content.
    func install(_ segment: WALSegment) throws(RejoinFailure) {
        let temporary = temporaryPath(segment)
        guard try isSame(segment, temporary) else { throw try keepBoth(segment, temporary) }
        do throws(SystemError) {
            try settle(temporary)
            // The server wouldn't know that it is archived, and would archive it again once it is a primary.
            if !archivesAlways { try mark(segment) }
            guard rename(temporary, path(segment)) == 0 else {
                throw SystemError("rename \(temporary) to \(path(segment))")
            }
            try syncDirectory(directory)
        } catch {
            throw RejoinFailure(.failed, error.description)
        }
    }

    /// Whether a fetched file begins with all that the node's own file has: what lies behind the end of its WAL is nothing.
    private func isSame(_ segment: WALSegment, _ fetched: String) throws(RejoinFailure) -> Bool {
        guard let facts = FileFacts(path(segment)) else { return true }
        let valid = min(localEnd.distance(from: segment.start), segment.size, UInt64(max(0, facts.size)))
        guard valid > 0 else { return true }
        do throws(SystemError) {
            return try haveSameBytes(path(segment), fetched, count: valid)
        } catch {
            throw RejoinFailure(.failed, error.description)
        }
    }

    private func keepBoth(_ segment: WALSegment, _ fetched: String) throws(RejoinFailure) -> RejoinFailure {
        let kept = context.files.fetched + "/" + segment.fileName + ".differs"
        do throws(SystemError) {
            try copyOrMove(fetched, to: kept, owner: context.account)
        } catch {
            return RejoinFailure(.failed, error.description)
        }
        return RejoinFailure(
            .failed,
            "the archive's file \"\(segment.fileName)\" differs from this node's own: \"\(path(segment))\" is as it was, the "
                + "other one is kept as \"\(kept)\". HINT: Compare them with pg_waldump; one of the two is of another history."
        )
    }

    private func settle(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        defer { close(descriptor) }
        // As the server makes its files: the group may read where it may read the data directory.
        let isShared = (FileFacts(context.installation.dataDirectory)?.mode ?? 0) & 0o040 != 0
        guard fchmod(descriptor, isShared ? 0o640 : 0o600) == 0 else { throw SystemError("chmod \(path)") }
        if geteuid() == 0, fchown(descriptor, context.account.userID, context.account.groupID) != 0 {
            throw SystemError("chown \(path)")
        }
        guard fsync(descriptor) == 0 else { throw SystemError("fsync \(path)") }
    }

    private func markPath(_ segment: WALSegment) -> String {
        directory + "/archive_status/" + segment.fileName + ".done"
    }

    private func mark(_ segment: WALSegment) throws(SystemError) {
        guard FileFacts(parentDirectory(markPath(segment))) != nil else { return }
        try removeFile(directory + "/archive_status/" + segment.fileName + ".ready")
        try ensureFile(markPath(segment), contains: "", owner: context.account)
    }
}

/// Moves a file, to another file system by copying it.
func copyOrMove(_ path: String, to target: String, owner: Account) throws(SystemError) {
    if rename(path, target) == 0 { return }
    guard errno == EXDEV else { throw SystemError("rename \(path) to \(target)") }
    let file = try NewFile(target, owner: owner)
    try readPieces(path) { (bytes) throws(SystemError) in try file.write(bytes) }
    try file.sync()
    try removeFile(path)
}
