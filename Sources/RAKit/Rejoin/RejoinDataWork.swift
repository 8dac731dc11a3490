internal import RACore

/// The part of a rejoin that changes data: with the data lock held, and no server on them.
struct RejoinDataWork {
    let run: RejoinRun
    /// What was decided; nil while what an earlier run left is settled.
    let route: RejoinRoute?

    var context: RejoinContext { run.context }
    var swap: SwapStep { SwapStep(context: context) }

    /// Makes the data a standby's.
    ///
    /// - Returns: what a reader should know.
    func perform(_ method: RejoinMethod, _ journal: inout RejoinJournal) throws(RejoinFailure) -> [String] {
        let lock = try claim()
        defer { withExtendedLifetime(lock) {} }
        if method == route?.methods.first { try RejoinFreshness(run: run).verify(stopsInstance) }
        try endInstance()
        _ = try settleSwap()
        switch method {
        case .follow: return []
        case .archive:
            try enter(.fetching, &journal)
            try fetch()
            return []
        case .rewind:
            try saveEvidence(method, &journal)
            try enter(.rewinding, &journal)
            return try rewind()
        case .incremental, .copy:
            try saveEvidence(method, &journal)
            return try copy(method, &journal)
        }
    }

    private var stopsInstance: Bool { route?.stopsInstance ?? false }

    func enter(_ phase: RejoinJournal.Phase, _ journal: inout RejoinJournal) throws(RejoinFailure) {
        guard !Interruption.isRequested else {
            throw RejoinFailure(.resumable, "interrupted. HINT: 'pgrex-tool rejoin' goes on.")
        }
        journal.phase = phase
        try run.state.note(journal)
    }

    // What an earlier run has left

    /// Brings what was under way to an end, and forgets what is kept for data that weren't touched.
    ///
    /// - Returns: whether the data are others now.
    func settle() throws(RejoinFailure) -> Bool {
        let lock = try claim()
        defer { withExtendedLifetime(lock) {} }
        return try settleSwap()
    }

    private func settleSwap() throws(RejoinFailure) -> Bool {
        switch swap.state() {
        case .none:
            if !isTainted { discardKeptConfiguration() }
            return false
        case .inPlace: return false
        case .prepared, .undone:
            // The former data may have been started, and have gone on, since the copy was made.
            context.progress.note("giving up a copy that was never put in")
            try swap.undo()
            if !isTainted { discardKeptConfiguration() }
            return false
        case .half:
            context.progress.note("going on with a swap that was under way")
            try swap.perform()
            try forgetRewind()
            return true
        case .undoing:
            context.progress.note("going on with the way back from a swap")
            try swap.undo()
            try putLockBack()
            return true
        case .swapped: return try settleSwapped()
        case .finishing:
            try swap.finish()
            return false
        case .unreadable(let why):
            throw RejoinFailure(.refused, "how far a swap was can't be read: \(why). HINT: Look at \(swap.path).")
        }
    }

    /// A copy that is in place: as long as it never came up, the former data may come back.
    ///
    /// No rewind is begun on such data, so that a mark of one is of those before.
    private func settleSwapped() throws(RejoinFailure) -> Bool {
        if isTainted {
            try forgetRewind()
            return true
        }
        // Recovery takes this file away when it has used it.
        guard FileFacts(context.installation.dataDirectory + "/backup_label") == nil else { return false }
        try swap.finish()
        discardKeptConfiguration()
        return false
    }

    private var isTainted: Bool {
        if case .known(nil) = TaintMark.read(context.files) { return false }
        return true
    }

    func forgetRewind() throws(RejoinFailure) {
        do throws(SystemError) {
            try RewindStep.forget(context)
        } catch {
            throw RejoinFailure(.resumable, error.description)
        }
    }

    func discardKeptConfiguration() {
        do throws(SystemError) {
            try KeptConfiguration(context).discard()
        } catch {
            context.progress.note(error.description)
        }
    }

    /// Takes away the settings that would end the recovery early: whatever the method, they are the node's own.
    func removeConflicts() throws(RejoinFailure) {
        let settings = ConflictingSettings(context.installation)
        guard !settings.find().isEmpty else { return }
        let lock = try claim()
        defer { withExtendedLifetime(lock) {} }
        guard case .absent = observePostmaster(dataDirectory: context.installation.dataDirectory) else { return }
        let notes = try rejoinFailure(.resumable) { () throws(SystemError) in try settings.remove() }
        for note in notes { context.progress.note(note) }
    }

    /// What stays of the former data; removes what is no longer needed once the standby follows.
    func close() throws(RejoinFailure) -> String? {
        switch swap.state() {
        case .none, .undone: break
        case .swapped, .finishing:
            context.progress.see(.init("removing the former data"))
            try swap.finish()
        case .prepared: try swap.undo()
        case .half, .undoing, .inPlace, .unreadable: return swap.path
        }
        try? removeFile(context.files.formerLock)
        discardKeptConfiguration()
        return nil
    }

    /// The data are proven to be a part of the primary's history, or are its own: the lock file has done its part.
    func setLockAside() throws(RejoinFailure) {
        try move(context.own.lock, to: context.files.formerLock)
    }

    func putLockBack() throws(RejoinFailure) {
        try move(context.files.formerLock, to: context.own.lock)
    }

    private func move(_ path: String, to target: String) throws(RejoinFailure) {
        guard FileFacts(path) != nil else { return }
        do throws(SystemError) {
            try renameFile(path, to: target)
        } catch {
            throw RejoinFailure(.resumable, error.description)
        }
        context.progress.note("moved \(path) to \(target)")
    }

    // The locks

    /// No start may begin from here on; one that is under way is waited for.
    private func claim() throws(RejoinFailure) -> FileLock {
        let end = Deadline.after(milliseconds: 30_000)
        while true {
            switch FileLock.take(context.files.dataLock, holder: "process \(ownProcessID()), since \(timestamp())") {
            case .held(let lock): return lock
            case .failed(let failure): throw RejoinFailure(.failed, failure.description)
            case .busy:
                guard !end.isPast, !Interruption.isRequested else {
                    throw RejoinFailure(
                        .refused,
                        "the cluster is starting the instance. HINT: Run it again when that is over."
                    )
                }
                pause(milliseconds: 100)
            }
        }
    }

    /// Ends a server that receives nothing; the data are nobody's afterwards.
    private func endInstance() throws(RejoinFailure) {
        let directory = context.installation.dataDirectory
        if case .running(let file) = observePostmaster(dataDirectory: directory) {
            guard stopsInstance else {
                throw RejoinFailure(.refused, "a server has come up meanwhile. HINT: Run it again.")
            }
            context.progress.note("ending the server that receives nothing (process \(file.processID))")
            do throws(SystemError) {
                try send(.fastShutdown, to: file.processID)
            } catch {
                throw RejoinFailure(.failed, error.description)
            }
        }
        let isGone = wait(until: .after(milliseconds: 60_000), everyMilliseconds: 50) { () -> Bool? in
            guard case .absent = observePostmaster(dataDirectory: directory) else { return nil }
            return findServerProcesses(dataDirectory: directory).isEmpty ? true : nil
        }
        guard isGone == true else {
            throw RejoinFailure(.refused, "a server still works in \(directory). HINT: 'pgrex-tool status'.")
        }
    }
}

extension RejoinDataWork {
    /// Keeps the WAL that is about to be given up; without it nothing is changed.
    private func saveEvidence(_ method: RejoinMethod, _ journal: inout RejoinJournal) throws(RejoinFailure) {
        guard let evidence = route?.data.evidence, evidence != .nothing else { return }
        try enter(.saving, &journal)
        context.progress.see(.init("saving WAL that is given up"))
        let step = EvidenceStep(context: context)
        switch evidence {
        case .nothing: return
        case .from(let fork):
            guard let control = run.work.control, let history = run.work.history else {
                _ = try step.saveUnread(because: "the control file isn't known", why: method.rawValue)
                return
            }
            _ = try step.save(fork: fork, control: control, history: history, why: method.rawValue)
        case .everything(let why): _ = try step.saveUnread(because: why, why: method.rawValue)
        case .everythingUnlessSaved(let why):
            guard !isSaved else { return }
            _ = try step.saveUnread(because: why, why: method.rawValue)
        }
    }

    /// Whether the run that began to change the data has saved their WAL: a rewind whose mark is there has, if the ledger
    /// still tells of it; a copy has before it moves anything.
    private var isSaved: Bool {
        switch TaintMark.read(context.files) {
        case .unknown: return false
        case .known(nil): return true
        case .known(let mark?):
            let entries = (try? LedgerBook(directory: context.own.ledger).read())?.entries ?? []
            return entries.contains { $0.systemIdentifier == mark.systemIdentifier && $0.fork == mark.fork }
        }
    }

    private func fetch() throws(RejoinFailure) {
        guard let need = run.work.need else { throw RejoinFailure(.refused, "it isn't known which WAL is missing") }
        let redo = run.work.control.map { WALSegment(holding: $0.redo, size: $0.segmentSize) }
        guard let redo, case .archive(let segments) = need.path else {
            throw RejoinFailure(.refused, "no file is to be fetched")
        }
        let (origins, _) = ArchiveFetch.origins(
            context,
            directory: run.options.archive,
            command: run.options.fetchCommand,
            redo: redo,
            by: .after(milliseconds: 20_000)
        )
        try ArchiveFetch(context: context, origins: origins).fetch(segments, localEnd: need.localEnd)
    }

    private func rewind() throws(RejoinFailure) -> [String] {
        let prerequisites = RewindPrerequisites.read(context, by: .after(milliseconds: 30_000))
        guard let role = prerequisites.role, prerequisites.isMet else {
            throw RejoinFailure(.failed, prerequisites.obstacles.joined(separator: "; "))
        }
        context.progress.see(.init("rewinding"))
        let step = RewindStep(context: context, role: role)
        let report: RewindReport
        if case .known(nil) = TaintMark.read(context.files) {
            guard let fork = route?.data.fork else { throw RejoinFailure(.failed, "there is nothing to take back") }
            report = try step.run(fork: fork)
        } else {
            report = try step.resume()
        }
        return ["pg_rewind copied \(report.copiedBytes) bytes in \(report.milliseconds) ms"]
    }
}
