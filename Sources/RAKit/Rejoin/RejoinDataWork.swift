internal import RACore

/// The part of a rejoin that changes data: with the data lock held, and no server on them.
struct RejoinDataWork {
    let run: RejoinRun

    private var context: RejoinContext { run.context }

    /// - Returns: what a reader should know.
    func perform(_ method: RejoinMethod, _ journal: inout RejoinJournal) throws(RejoinFailure) -> [String] {
        let lock = try claim()
        defer { withExtendedLifetime(lock) {} }
        try endInstance()
        throw RejoinFailure(.refused, "\(method.rawValue) isn't to be had yet: the data are as they were")
    }

    /// What stays of the former data; removes what is no longer needed.
    func close() throws(RejoinFailure) -> String? { nil }

    /// No start may begin from here on; one that is under way is waited for.
    private func claim() throws(RejoinFailure) -> FileLock {
        let end = Deadline.after(milliseconds: 30_000)
        while true {
            switch FileLock.take(context.files.dataLock, holder: "\(run.route.primary) is followed, \(timestamp())") {
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
            guard run.route.stopsInstance else {
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
