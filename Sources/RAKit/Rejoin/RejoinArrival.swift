internal import RACore

/// Has the cluster start the instance, and watches until it receives WAL.
struct RejoinArrival {
    let run: RejoinRun

    private var context: RejoinContext { run.context }

    /// What came of the start.
    enum End {
        case following
        /// The server says that WAL which it needs was removed.
        case walGone(why: String)
    }

    func bringUp() throws(RejoinFailure) -> End {
        let logStart = FileFacts(context.parameters.serverLogFile)?.size ?? 0
        // What `pgrex-tool stop` did is taken back, where a person asks for it.
        if run.survey.isStoppedByTool, !run.options.isUnattended,
            let failure = takeBackStop(ofNode: context.node, resource: context.resource)
        {
            throw RejoinFailure(.resumable, "\(failure). HINT: 'pgrex-tool rejoin' again.")
        }
        try forgetFailures()
        var stage = ArrivalStage.unknown(why: "nothing was seen yet")
        var nextCleanup = Deadline.after(milliseconds: 3000)
        var walGone: String?
        let isFollowing = wait(until: .after(milliseconds: run.options.wait * 1000), everyMilliseconds: 50) {
            () -> Bool? in
            let now = look()
            if now.step != stage.step { context.progress.see(RejoinProgress.Sight(now.step)) }
            stage = now
            if Interruption.isRequested { return false }
            // A start that failed for this very rejoin may be recorded only after the failures were forgotten.
            if now == .notStarted, nextCleanup.isPast {
                nextCleanup = .after(milliseconds: 5000)
                if RejoinGuard.isOwnRefusal(failureReason ?? "") { try? forgetFailures() }
            }
            if now == .deaf, let words = serverWords(since: logStart), words.contains("has already been removed") {
                walGone = words
                return false
            }
            return now == .following ? true : nil
        }
        if isFollowing == true { return .following }
        if let walGone { return .walGone(why: "PostgreSQL says: \(walGone)") }
        let words = serverWords(since: logStart).map { "; PostgreSQL says: \($0)" } ?? ""
        throw RejoinFailure(
            .resumable,
            "\(context.node) doesn't follow \(context.source.node) yet: \(stage.text)\(startFailure(stage))\(words)"
                + ". HINT: 'pgrex-tool status'; then 'pgrex-tool rejoin' again."
        )
    }

    /// Has the cluster forget the failures of this resource on this node, and nothing else: it then starts the instance.
    private func forgetFailures() throws(RejoinFailure) {
        let words = ["--cleanup", "--resource", context.resource, "--node", context.node]
        let result = RAKit.run(Command("crm_resource", words), by: .after(milliseconds: 30_000))
        guard result.isSuccess else {
            throw RejoinFailure(
                .resumable,
                "crm_resource --cleanup: \(result.summary). HINT: 'pgrex-tool rejoin' again."
            )
        }
    }

    private func look() -> ArrivalStage {
        // The files of a stopped instance tell nothing new, and reading them takes a program.
        if case .absent = observePostmaster(dataDirectory: context.installation.dataDirectory) { return .notStarted }
        let local = LocalQuestion(parameters: context.parameters)
        switch local.ask(by: .after(milliseconds: 5000)) {
        case .server(let facts, _): return arrivalStage(of: facts, timeline: context.source.history.history.timeline)
        case .notRunning: return .notStarted
        case .notServing(_, let why): return .starting(why: why)
        case .silent(let why), .none(let why): return .unknown(why: why)
        case .replication: return .unknown(why: "only replication connections are let in")
        }
    }

    /// Why the cluster's start failed, when it did.
    private func startFailure(_ stage: ArrivalStage) -> String {
        guard case .notStarted = stage, let reason = failureReason else { return "" }
        return " (\"\(reason)\")"
    }

    private var failureReason: String? {
        let result = RAKit.run(Command("cibadmin", ["--query"]), by: .after(milliseconds: 10_000))
        guard result.isSuccess else { return nil }
        return lastFailureReason(in: result.output, resource: context.resource, node: context.node)
    }

    /// The last error that the server has logged since.
    private func serverWords(since start: Int64) -> String? {
        let path = context.parameters.serverLogFile
        guard let facts = FileFacts(path), facts.isRegular, facts.size > start,
            let text = try? readTail(path, from: max(start, facts.size - 65_536))
        else { return nil }
        return lastError(in: text)
    }
}
