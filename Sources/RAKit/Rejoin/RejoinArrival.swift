internal import RACore

/// Has the cluster start the instance, and watches until it receives WAL.
struct RejoinArrival {
    let run: RejoinRun

    private var context: RejoinContext { run.context }

    /// What came of the start.
    enum End {
        /// - Parameter isHistoryLeft: whether the cluster's records still tell of failures that no longer count.
        case following(isHistoryLeft: Bool)
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
        let isHistoryLeft = try forgetFailCounts()
        let seen = watch(since: logStart)
        if seen.stage == .following { return .following(isHistoryLeft: isHistoryLeft && seen.cleanups == 0) }
        if let words = seen.walGone { return .walGone(why: "PostgreSQL says: \(words)") }
        let words = serverWords(since: logStart).map { "; PostgreSQL says: \($0)" } ?? ""
        throw RejoinFailure(
            .resumable,
            "\(context.node) doesn't follow \(context.source.node) yet: \(seen.stage.text)\(startFailure(seen.stage))\(words)"
                + ". HINT: 'pgrex-tool status'; then 'pgrex-tool rejoin' again."
        )
    }

    /// What was seen until it followed, or nothing more was to be waited for.
    private struct Seen {
        var stage = ArrivalStage.unknown(why: "nothing was seen yet")
        var cleanups = 0
        /// The server's words, when WAL that it needs was removed.
        var walGone: String?
    }

    private func watch(since logStart: Int64) -> Seen {
        var seen = Seen()
        var nextCleanup = Deadline.after(milliseconds: 1500)
        _ = wait(until: .after(milliseconds: run.options.wait * 1000), everyMilliseconds: 50) { () -> Bool? in
            let now = look()
            if now.step != seen.stage.step { context.progress.see(RejoinProgress.Sight(now.step)) }
            seen.stage = now
            if Interruption.isRequested { return false }
            // A start that failed for this very rejoin may be recorded only after the failures were forgotten; and there
            // are failures that aren't counted.
            if now == .notStarted, nextCleanup.isPast {
                nextCleanup = .after(milliseconds: 5000)
                if seen.cleanups == 0 || RejoinGuard.isOwnRefusal(failureReason ?? "") { try? forgetFailures() }
                seen.cleanups += 1
            }
            if now == .deaf, let words = serverWords(since: logStart), words.contains("has already been removed") {
                seen.walGone = words
                return false
            }
            return now == .following ? true : nil
        }
        return seen
    }

    /// Has the cluster forget how often this resource has failed on this node, and nothing else: it then starts the instance.
    ///
    /// 'crm_resource --cleanup' does that as well, but probes anew first: 1.5 s until the start against 0.3 s (measured with
    /// Pacemaker 2.1.5). It comes at the end, for what crm_mon shows of failures.
    /// - Returns: whether it was done without the cleanup.
    private func forgetFailCounts() throws(RejoinFailure) -> Bool {
        let tools = ClusterTools(resource: context.resource, callMilliseconds: 5000)
        let names = tools.observe(by: .after(milliseconds: 10_000)).value?.node(context.node)?.transientAttributes.keys
            .filter { name in
                ["fail-count-", "last-failure-"].contains { name.hasPrefix($0 + context.resource + "#") }
            }
        guard let names, !names.isEmpty else {
            try forgetFailures()
            return false
        }
        for name in names.sorted() {
            let command = Command("attrd_updater", ["-n", name, "-D", "-N", context.node])
            guard RAKit.run(command, by: .after(milliseconds: 10_000)).isSuccess else {
                try forgetFailures()
                return false
            }
        }
        return true
    }

    /// Removes the failures of this resource on this node from the cluster's records.
    func forgetFailures() throws(RejoinFailure) {
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
