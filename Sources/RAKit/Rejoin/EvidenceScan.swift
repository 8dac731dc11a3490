internal import Glibc
import RACore

/// Reads the diverged WAL with pg_waldump, as one stream over all local timelines.
///
/// The program reads the files of one timeline only, so it is shown a directory of links that are all named as the
/// newest timeline's; which timeline a page is of is in the page. A read ends with the last file that is there: the
/// program would wait five seconds for the next one.
struct EvidenceScan {
    let installation: Installation
    let files: EvidenceFiles
    /// The newest local timeline.
    let timeline: TimelineID
    let progress: RejoinProgress
    /// Where the links are made; away at the end.
    let view: String
    /// So many transactions are listed one by one.
    let most: Int

    /// What the WAL holds.
    struct Found {
        var tally: LedgerTally
        /// How many transactions were handed over.
        var listed = 0
        /// After these positions nothing could be read, up to the next segment.
        var breaks: [LSN] = []
        /// Where the last record ends that was read.
        var end: LSN?
    }

    /// So long the program may print nothing.
    private static let patienceMilliseconds = 120_000

    /// Counts all transactions after the fork, and hands over those that are listed.
    func read(
        fork: WALPosition,
        list: @escaping (LedgerCommit) throws(SystemError) -> Void
    ) throws(EvidenceStep.Problem) -> Found {
        try EvidenceStep.Problem.of { () throws(SystemError) in try link() }
        defer { try? removeTree(view) }
        var found = Found(tally: LedgerTally(fork: fork.lsn))
        var failure: SystemError?
        let take = { (commit: LedgerCommit) -> Bool in
            guard failure == nil else { return false }
            do throws(SystemError) {
                try list(commit)
                return true
            } catch {
                failure = error
                return false
            }
        }
        for run in files.runs where (run.upperBound + 1) * files.size > fork.lsn.bytes {
            try read(run, &found, take)
        }
        for commit in found.tally.finish() where found.listed < most {
            if take(commit) { found.listed += 1 }
        }
        if let failure { throw .system(failure) }
        return found
    }

    /// Reads one run of segments; where a record isn't whole, it goes on with the next segment, if there is one.
    private func read(
        _ run: ClosedRange<UInt64>,
        _ found: inout Found,
        _ take: (LedgerCommit) -> Bool
    ) throws(EvidenceStep.Problem) {
        let end = LSN(bytes: (run.upperBound + 1) * files.size)
        var begin = LSN(bytes: run.lowerBound * files.size)
        if found.tally.lastRecord != nil { found.tally.noteGap() }
        while begin < end {
            let before = found.tally.lastRecord
            try stream(from: begin, to: end, &found, take)
            let reached = found.tally.lastRecord == before ? begin : found.tally.lastRecord ?? begin
            if reached < found.tally.fork, begin < found.tally.fork, found.tally.fork < end {
                // WAL before the fork that can't be read mustn't hide what is after it.
                found.tally.noteGap()
                begin = found.tally.fork
                continue
            }
            // The last record may reach into the next segment, or end one early; a further one has to be there for more.
            let next = reached.bytes / files.size + 1
            guard next < run.upperBound else { return }
            found.breaks.append(reached)
            found.tally.noteGap()
            begin = LSN(bytes: next * files.size)
        }
    }

    private func link() throws(SystemError) {
        try removeTree(view)
        guard mkdir(view, 0o755) == 0 else { throw SystemError("create directory \(view)") }
        guard chmod(view, 0o755) == 0 else { throw SystemError("chmod \(view)") }
        for (number, found) in files.chain {
            let name = WALSegment(timeline: timeline, number: number, size: files.size).fileName
            guard symlink(files.directory + "/" + found.name, view + "/" + name) == 0 else {
                throw SystemError("create link \(view)/\(name)")
            }
        }
    }

    private func stream(
        from begin: LSN,
        to end: LSN,
        _ found: inout Found,
        _ take: (LedgerCommit) -> Bool
    ) throws(EvidenceStep.Problem) {
        var command = Command(
            installation.program("pg_waldump"),
            ["-p", view, "-t", String(timeline.number), "-s", begin.description, "-e", end.description],
            environment: ["TZ": "UTC"],
            as: installation.account
        )
        command.group = .own
        var counted = found
        var (lines, isMoving, lastMoved) = (0, true, Moment.now())
        var lastLine = ""
        let result = start(command).follow(
            output: { line in
                isMoving = true
                guard let record = WALRecord(line: line) else { return }
                lastLine = String(line)
                if let commit = counted.tally.take(record), counted.listed < most, take(commit) { counted.listed += 1 }
                lines += 1
                guard lines % 10_000 == 0 else { return }
                let done = record.lsn.distance(from: begin)
                progress.see(.init("listing commits", doneBytes: done, totalBytes: end.distance(from: begin)))
            },
            while: {
                if isMoving { (isMoving, lastMoved) = (false, Moment.now()) }
                let isSilent = Moment.now().milliseconds(since: lastMoved) > EvidenceScan.patienceMilliseconds
                return !Interruption.isRequested && !isSilent
            }
        )
        counted.end = WALRecordLine(lastLine)?.end(segmentSize: files.size) ?? counted.end
        found = counted
        try judge(result)
    }

    /// An incomplete record is how WAL ends on an instance that was stopped in whatever way; anything else isn't an end.
    private func judge(_ result: CommandResult) throws(EvidenceStep.Problem) {
        switch result.end {
        case .exited(0): return
        case .exited(1):
            let errors = String(decoding: result.errors, as: UTF8.self)
            let isEnd = ["error in WAL record at", "could not find a valid record after"].contains {
                lastLine(errors).contains($0)
            }
            guard isEnd else { throw .unread("pg_waldump: \(result.summary)") }
        case .timedOut where Interruption.isRequested: throw .interrupted
        case .timedOut: throw .unread("pg_waldump: nothing more for \(EvidenceScan.patienceMilliseconds / 1000) s")
        case .exited, .killed, .notStarted: throw .unread("pg_waldump: \(result.summary)")
        }
    }
}
