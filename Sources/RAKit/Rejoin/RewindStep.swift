public import RACore

/// What a rewind did.
public struct RewindReport: Sendable, Hashable {
    /// Bytes that came from the primary; 0 when nothing had to be taken back.
    public let copiedBytes: UInt64
    public let milliseconds: Int
}

/// Takes back what a diverged instance has beyond the primary's history, by pg_rewind.
///
/// Before: the evidence is kept, and no server runs. After: the data are a standby's, with the node's own configuration.
/// A kill at any line leaves either no mark, and the data as they were but for a crash recovery and their signal files,
/// or the mark, and `resumption` says what can be done.
public struct RewindStep: Sendable {
    public let context: RejoinContext
    public let role: RewindRole

    public init(context: RejoinContext, role: RewindRole) {
        self.context = context
        self.role = role
    }

    private var files: RejoinFiles { context.files }
    private var target: RewindTarget { RewindTarget(context: context) }
    private var program: RewindProgram { RewindProgram(context: context, role: role) }
    private var signals: SignalFiles { SignalFiles(files: files, installation: context.installation) }
    private var wal: RewindWAL { RewindWAL(files: files, installation: context.installation) }

    /// Rewinds.
    ///
    /// - Parameter fork: where the local history left the primary's, for whoever reads the mark.
    /// - Throws: `failed` when everything is as it was; `resumable` with the mark in its place once pg_rewind has begun.
    public func run(fork: WALPosition) throws(RejoinFailure) -> RewindReport {
        let began = Moment.now()
        guard case .known(nil) = TaintMark.read(files) else {
            throw RejoinFailure(
                .resumable,
                "a rewind that was begun isn't finished. HINT: 'pgrex-tool rejoin' goes on."
            )
        }
        try target.verifyStopped()
        try RewindSource(context: context, role: role).awaitCheckpoint()
        try KeptConfiguration(context).save()
        let mark: TaintMark?
        do throws(RejoinFailure) {
            mark = try prepare(fork: fork)
        } catch {
            try rejoinFailure(.failed) { () throws(SystemError) in
                // One that couldn't be made durable: pg_rewind hasn't begun.
                try TaintMark.remove(files)
                try signals.putBack()
                try wal.forget()
            }
            throw error
        }
        guard let mark else {
            context.progress.note("pg_rewind finds nothing to take back")
            try rejoinFailure(.resumable) { () throws(SystemError) in try signals.putBack() }
            return RewindReport(copiedBytes: 0, milliseconds: Moment.now().milliseconds(since: began))
        }
        let copied = try rewind(mark)
        try finish()
        return RewindReport(copiedBytes: copied, milliseconds: Moment.now().milliseconds(since: began))
    }

    /// What can be found out, and is needed, before anything of the data is given up.
    ///
    /// - Returns: the mark, written; nil when there is nothing to take back.
    private func prepare(fork: WALPosition) throws(RejoinFailure) -> TaintMark? {
        try rejoinFailure(.failed) { () throws(SystemError) in try signals.setAside() }
        let control = try target.recover()
        let preview = program.preview()
        guard !Interruption.isRequested else { throw RejoinFailure(.failed, "interrupted before anything was changed") }
        guard preview.isSuccess else { throw RejoinFailure(.failed, "pg_rewind can't be used: \(preview.complaint)") }
        guard !preview.output.isNeedless else { return nil }
        try checkRoom(preview.output)
        let checkpoint = preview.output.commonCheckpoint ?? control.redo
        let start = target.redo(of: checkpoint)
        if let missing = RewindSource(context: context, role: role)
            .missingSegment(from: start, size: control.segmentSize)
        {
            try refuseGap(missing)
        }
        let problem = wal.keep(from: min(start, checkpoint.lsn), control, limit: preview.output.total ?? .max)
        if let problem {
            context.progress.note("a rewind that is interrupted will need a copy, as its WAL isn't kept: \(problem)")
        }
        let mark = TaintMark(
            source: context.source.node,
            systemIdentifier: context.source.history.systemIdentifier,
            timeline: context.source.history.history.timeline,
            fork: fork,
            node: context.node,
            time: timestamp(),
            boot: bootIdentifier(),
            hasWAL: problem == nil
        )
        try rejoinFailure(.failed) { () throws(SystemError) in try mark.write(files, owner: context.account) }
        return mark
    }

    /// Without the WAL since the last common checkpoint, rewound data never become consistent.
    private func refuseGap(_ missing: WALSegment) throws(RejoinFailure) {
        let name = "WAL segment \(missing.fileName)"
        guard !program.hasRestoreCommand else {
            return context.progress.note(
                "\(name) must come by restore_command: \(context.source.node) doesn't have it any more"
            )
        }
        throw RejoinFailure(
            .failed,
            "\(name) is no longer on \(context.source.node), and rewound data would need it to become consistent. HINT: Set "
                + "restore_command to an archive that has it, or have a copy made."
        )
    }

    /// All that is to come may be new to the file system: a full one in the middle would leave data of no use.
    private func checkRoom(_ output: RewindOutput) throws(RejoinFailure) {
        let directory = context.installation.dataDirectory
        guard let needed = output.needed, let free = freeBytes(directory), free < needed + (16 << 20) else { return }
        throw RejoinFailure(
            .failed,
            "\(needed >> 20) MB may come from \(context.source.node), and \(free >> 20) MB are free in the file system of "
                + "\"\(directory)\". HINT: Make room there."
        )
    }

    /// - Returns: the bytes that came.
    private func rewind(_ mark: TaintMark) throws(RejoinFailure) -> UInt64 {
        let answer = program.rewind()
        guard !answer.isSuccess else { return answer.output.copied ?? answer.output.needed ?? 0 }
        let why = Interruption.isUrgent ? "interrupted" : answer.complaint
        throw RejoinFailure(
            .resumable,
            "pg_rewind from \(mark.source) didn't end well, and no server may be started on \"\(context.installation.dataDirectory)\" "
                + "now: \(why). HINT: 'pgrex-tool rejoin' goes on, or makes a copy."
        )
    }

    /// What comes after pg_rewind; each part may be repeated, and the mark goes last.
    private func finish() throws(RejoinFailure) {
        do throws(RejoinFailure) {
            try putInOrder()
        } catch {
            let hint = error.reason.contains("HINT: ") ? "" : ". HINT: 'pgrex-tool rejoin' goes on."
            throw RejoinFailure(.resumable, error.reason + hint)
        }
    }

    private func putInOrder() throws(RejoinFailure) {
        let control = try target.readControlFile()
        if let missing = target.missingSegment(control) { try refuseGap(missing) }
        // First of all: a start by hand without it would fork the primary's timeline.
        let signal = context.installation.dataDirectory + "/standby.signal"
        try rejoinFailure(.resumable) { () throws(SystemError) in
            try ensureFile(signal, contains: "", owner: context.account)
        }
        for note in try KeptConfiguration(context).restore(into: context.installation.dataDirectory) {
            context.progress.note(note)
        }
        try rejoinFailure(.resumable) { () throws(SystemError) in
            for note in try ConflictingSettings(context.installation).remove() { context.progress.note(note) }
            try target.clean(segmentSize: control.segmentSize)
            try target.sync()
            try RewindStep.forget(context)
        }
    }
}

extension RewindStep {
    /// What can be done with data on which a rewind was begun.
    public enum Resumption: Sendable, Hashable {
        /// None was begun.
        case none
        /// pg_rewind can be run again.
        case again(TaintMark)
        /// pg_rewind had done its part.
        case finish(TaintMark)
        /// The data are of no use: only a copy helps.
        case copy(why: String)
    }

    /// Finds out by the data.
    ///
    /// pg_rewind replaces the control file last. As long as that is the old one, another run does the same work, on the WAL
    /// that was kept, from the same history. Once it is the new one, pg_rewind must not be run: it would recover the data
    /// alone, which forks the primary's timeline, and then find that there is nothing to do (seen with 15.18).
    public static func resumption(_ context: RejoinContext) -> Resumption {
        let mark: TaintMark
        switch TaintMark.read(context.files) {
        case .unknown(let why): return .copy(why: why)
        case .known(nil): return .none
        case .known(.some(let read)): mark = read
        }
        let theirs = context.source.history
        guard mark.boot == bootIdentifier() else {
            return .copy(why: "the machine was restarted since pg_rewind began, and what it wrote may be lost in part")
        }
        guard mark.systemIdentifier == theirs.systemIdentifier, mark.timeline == theirs.history.timeline else {
            return .copy(
                why:
                    "pg_rewind began from \(mark.source) on timeline \(mark.timeline), and \(context.source.node) is on "
                    + "timeline \(theirs.history.timeline) now"
            )
        }
        switch ControlFile.read(context.installation, by: .after(milliseconds: 30_000)) {
        case .unknown(let why): return .copy(why: why)
        case .known(let control):
            if control.checkpoint.timeline == mark.timeline, control.clusterState == "in archive recovery" {
                return .finish(mark)
            }
            guard control.checkpoint.timeline != mark.timeline, control.clusterState.hasPrefix("shut down") else {
                return .copy(
                    why: "the control file is neither the old one nor pg_rewind's (\"\(control.clusterState)\")"
                )
            }
            guard mark.hasWAL else { return .copy(why: "the WAL that pg_rewind would read again wasn't kept") }
            return .again(mark)
        }
    }

    /// Forgets a rewind that was begun: once other data have taken the place of those.
    public static func forget(_ context: RejoinContext) throws(SystemError) {
        try SignalFiles(files: context.files, installation: context.installation).forget()
        try RewindWAL(files: context.files, installation: context.installation).forget()
        try TaintMark.remove(context.files)
    }

    /// Goes on with a rewind that was begun.
    ///
    /// - Throws: `resumable` when only a copy helps, too.
    public func resume() throws(RejoinFailure) -> RewindReport {
        let began = Moment.now()
        try target.verifyStopped()
        var copied: UInt64 = 0
        switch RewindStep.resumption(context) {
        case .none: break
        case .copy(let why):
            throw RejoinFailure(
                .resumable,
                "a rewind that was begun can't be gone on with: \(why). HINT: A copy is needed."
            )
        case .finish:
            context.progress.note("pg_rewind had done its part: finishing what comes after it")
            try finish()
        case .again(let mark):
            context.progress.note("pg_rewind was interrupted: running it again")
            try rejoinFailure(.resumable) { () throws(SystemError) in
                try signals.setAside()
                try wal.putBack()
            }
            _ = try KeptConfiguration(context).restore(into: context.installation.dataDirectory)
            copied = try rewind(mark)
            try finish()
        }
        return RewindReport(copiedBytes: copied, milliseconds: Moment.now().milliseconds(since: began))
    }
}
