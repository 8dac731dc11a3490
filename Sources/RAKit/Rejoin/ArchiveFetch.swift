internal import Glibc
public import RACore

/// Brings exactly the WAL files from an archive that neither the node nor its source has.
///
/// May be repeated after it was ended anywhere: what is complete stays, what isn't is fetched again.
public struct ArchiveFetch: Sendable {
    public let context: RejoinContext
    /// Tried in this order, each file by itself.
    public let origins: [any ArchiveOrigin]
    /// Files that are fetched at the same time.
    public var workers = 4
    /// Seconds after which a file that doesn't grow is given up.
    public var patience = 120

    public init(context: RejoinContext, origins: [any ArchiveOrigin]) {
        self.context = context
        self.origins = origins
    }

    /// The places that the settings and the operator name: the node's restore_command, the source's archive directory,
    /// a command, and what is still in the source's own pg_wal.
    ///
    /// - Parameters:
    ///   - directory: on the source's machine; nil derives it from the source's settings.
    ///   - command: of the form of restore_command.
    ///   - redo: where recovery begins, what %r in a command stands for.
    /// - Returns: the origins, and why there aren't more.
    public static func origins(
        _ context: RejoinContext,
        directory: String? = nil,
        command: String? = nil,
        redo: WALSegment,
        by deadline: Deadline
    ) -> (origins: [any ArchiveOrigin], notes: [String]) {
        var origins: [any ArchiveOrigin] = []
        var notes: [String] = []
        let commands = [("--fetch-command", command), ("restore_command", context.parameters.restoreCommand)]
        for case (let name, let command?) in commands where !command.isEmpty {
            origins.append(
                ArchiveCommandOrigin(
                    name: name,
                    command: command,
                    installation: context.installation,
                    oldestKept: redo.fileName
                )
            )
        }
        if let directory {
            origins.append(
                ArchiveDirectoryOrigin(directory: directory, context)
            )
        } else {
            switch ArchiveDirectoryOrigin.derived(context, by: deadline) {
            case .known(let origin): origins.append(origin)
            case .unknown(let why): notes.append(why)
            }
        }
        return (origins, notes)
    }

    /// Whether the archive can serve: a first, a middle and a last file are fetched to a temporary place and looked at.
    public func probe(_ segments: [WALSegment]) -> ArchiveCover {
        guard !origins.isEmpty else { return .none }
        guard let first = segments.first, let last = segments.last else { return .proven }
        let chosen = Set([first, segments[segments.count / 2], last]).sorted()
        do throws(RejoinFailure) {
            try prepare()
            try run(chosen, step: "looking into the archive", size: first.size) {
                worker,
                segment throws(ArchiveFault) in
                let target = context.files.fetched + "/" + segment.fileName + ".probe"
                defer { try? removeFile(target) }
                try worker.fetch(segment, to: target)
            }
            return .proven
        } catch {
            return .fails(why: error.reason)
        }
    }

    /// Fetches the files that aren't there, and the history files of the source's timelines.
    ///
    /// - Parameter localEnd: where the node's own WAL ends; its files are never replaced up to there by other content.
    /// - Throws: `.failed` with everything as it was but for whole files more, or `.resumable` after an interruption.
    public func fetch(_ segments: [WALSegment], localEnd: LSN) throws(RejoinFailure) {
        try prepare()
        let install = ArchiveInstall(
            context: context,
            localEnd: localEnd,
            archivesAlways: configuredSetting("archive_mode", context.installation) == "always"
        )
        try trying { () throws(SystemError) in try install.removeLeftovers() }
        let check = makeCheck()
        try fetchHistories(install)
        let wanted = segments.filter { !install.isPresent($0, check) }
        guard let first = wanted.first else { return }
        guard !origins.isEmpty else {
            throw RejoinFailure(
                .refused,
                "WAL file \"\(first.fileName)\" is needed, and no archive is known. "
                    + "HINT: Set the parameter restore_command, or name a command with --fetch-command."
            )
        }
        try wantRoom(for: wanted.count, size: first.size, install.directory)
        context.progress.note("fetching \(wanted.count) WAL files from the archive, from \(first.fileName) on")
        try run(wanted, step: "fetching WAL", size: first.size) { worker, segment throws(ArchiveFault) in
            let temporary = install.temporaryPath(segment)
            do throws(ArchiveFault) {
                try worker.fetch(segment, to: temporary)
            } catch {
                try? removeFile(temporary)
                throw error
            }
            do throws(RejoinFailure) {
                try install.install(segment)
            } catch {
                try? removeFile(temporary)
                throw .local(why: error.reason)
            }
        }
    }

    /// Where fetched files wait, empty but for those that were kept because they differ.
    private func prepare() throws(RejoinFailure) {
        let directory = context.files.fetched
        try trying { () throws(SystemError) in
            try ensureDirectory(context.own.directory, mode: 0o700, owner: context.account)
            try ensureDirectory(context.files.directory, mode: 0o700, owner: context.account)
            try ensureDirectory(directory, mode: 0o700, owner: context.account)
            for name in try listDirectory(directory) where !name.hasSuffix(".differs") {
                try removeFile(directory + "/" + name)
            }
        }
    }

    func makeCheck() -> ArchiveCheck {
        ArchiveCheck(
            account: context.account,
            system: context.source.history.systemIdentifier,
            history: context.source.history.history,
            blockSize: localBlockSize()
        )
    }

    /// Bytes of a WAL page, by any of the node's own files.
    private func localBlockSize() -> UInt64? {
        let directory = context.installation.dataDirectory + "/pg_wal"
        for name in (try? listDirectory(directory)) ?? [] where name.utf8.count == 24 {
            guard let head = try? readFile(directory + "/" + name, limit: WALPage.headerSize),
                let page = WALPage(head), page.systemIdentifier == context.source.history.systemIdentifier
            else { continue }
            return page.blockSize
        }
        return nil
    }

    /// Whole files, those under way twice (packed and not), and what a server needs to live.
    private func wantRoom(for count: Int, size: UInt64, _ directory: String) throws(RejoinFailure) {
        let underWay = UInt64(2 * min(workers, count)) * size
        let wanted = UInt64(count) * size + underWay + size
        for (path, wanted) in [(directory, wanted), (context.files.fetched, underWay)] {
            guard let free = freeBytes(path) else { continue }
            guard free >= wanted else {
                throw RejoinFailure(
                    .failed,
                    "\(count) WAL files need \"\(wanted)\" bytes in \"\(path)\", and \"\(free)\" are free. "
                        + "HINT: Make room there, then run it again."
                )
            }
        }
    }
}

/// Turns a failed system call into a rejoin's end that changed nothing.
func trying(_ body: () throws(SystemError) -> Void) throws(RejoinFailure) {
    do throws(SystemError) {
        try body()
    } catch {
        throw RejoinFailure(.failed, error.description)
    }
}
