public import RACore

/// Brings a node back on the way that was decided, from whatever an earlier run has left.
public struct RejoinRun: Sendable {
    let survey: RejoinSurvey
    let work: RejoinSurvey.Work
    let options: RejoinOptions
    let context: RejoinContext
    let state: RejoinState
    private let lock: FileLock

    /// What came of it.
    public struct Report: Sendable {
        public var method: RejoinMethod
        /// From the command to WAL being received.
        public var milliseconds: Int
        /// The former data's place while they are kept; nil once they are gone, or when there are none.
        public var former: String?
        /// What a reader should know besides.
        public var remarks: [String]
    }

    /// Takes the lock of which there is one a resource, before anything is changed.
    public init(
        _ survey: RejoinSurvey,
        options: RejoinOptions,
        progress: RejoinProgress
    ) throws(RejoinFailure) {
        guard let work = survey.work else {
            throw RejoinFailure(.refused, "neither the primary nor this node's programs are known")
        }
        self.survey = survey
        self.work = work
        self.options = options
        context = RejoinContext(
            resource: survey.context.configuration.name,
            node: survey.node,
            parameters: survey.context.configuration.reading.parameters,
            installation: work.installation,
            source: work.source,
            progress: progress
        )
        state = RejoinState(files: context.files)
        lock = try RejoinRun.takeLock(context)
    }

    private static func takeLock(_ context: RejoinContext) throws(RejoinFailure) -> FileLock {
        do throws(SystemError) {
            try ensureDirectory(context.installation.temporaryDirectory, mode: 0o700, owner: context.account)
            try ensureDirectory(context.files.directory, mode: 0o700, owner: context.account)
        } catch {
            throw RejoinFailure(.failed, "the agent's directory (parameter tmpdir): \(error.description)")
        }
        switch FileLock.take(context.files.runLock, holder: holder) {
        case .held(let lock): return lock
        case .busy(let holder):
            throw RejoinFailure(
                .refused,
                "another rejoin runs on this node: \(holder). HINT: 'pgrex-tool status' shows how far it is."
            )
        case .failed(let failure): throw RejoinFailure(.failed, failure.description)
        }
    }

    /// Who works, for whoever is told to wait.
    private static var holder: String {
        let who = environmentValue("SUDO_USER") ?? environmentValue("USER") ?? "root"
        return "process \(ownProcessID()) of \(who), since \(timestamp())"
    }

    /// Brings to an end what an earlier run was in the middle of.
    ///
    /// - Returns: whether the data are others now, and everything must be looked at anew.
    public func settle() throws(RejoinFailure) -> Bool { try RejoinDataWork(run: self, route: nil).settle() }

    /// Brings the node back on the way that was decided.
    ///
    /// - Throws: why it ended; what was done until then stays, and the next run goes on from it.
    public func perform(_ route: RejoinRoute) throws(RejoinFailure) -> Report {
        let begin = Moment.now()
        var failure: RejoinFailure?
        for method in route.methods {
            if let failure { context.progress.note("\(failure.reason); trying \(method.rawValue)") }
            do throws(RejoinFailure) {
                return try comeBack(route, by: method, since: begin)
            } catch {
                failure = error
                guard mayTryNext(after: error) else { break }
            }
        }
        if options.isUnattended { state.noteUnattendedFailure() }
        throw failure ?? RejoinFailure(.refused, "no way back is open")
    }

    /// What another method may mend; an operator's wish to end isn't.
    private func mayTryNext(after failure: RejoinFailure) -> Bool {
        guard !Interruption.isRequested else { return false }
        switch failure.exit {
        case .failed, .resumable: return true
        case .done, .usage, .refused, .unsafe: return false
        }
    }

    /// What another node asked for is done.
    private func answerRequest() {
        guard RejoinRequest(survey.context.cluster, node: survey.node, resource: context.resource) != nil else {
            return
        }
        let tools = ClusterTools(resource: context.resource, callMilliseconds: 5000)
        _ = tools.write([.delete(.rejoinRequest, node: survey.node)], by: .after(milliseconds: 10_000))
    }

    private func comeBack(
        _ route: RejoinRoute,
        by method: RejoinMethod,
        since begin: Moment
    ) throws(RejoinFailure) -> Report {
        var journal = RejoinJournal(
            node: survey.node,
            primary: route.primary,
            method: method,
            phase: .preparing,
            started: timestamp(),
            finding: route.data.finding(primary: route.primary),
            isUnattended: options.isUnattended
        )
        try state.note(journal)
        var remarks: [String] = []
        let work = RejoinDataWork(run: self, route: route)
        if method != .follow || route.stopsInstance { remarks = try work.perform(method, &journal) }
        journal.phase = .starting
        try state.note(journal)
        let arrival = RejoinArrival(run: self)
        try arrival.bringUp()
        let milliseconds = Moment.now().milliseconds(since: begin)
        journal.phase = .closing
        try state.note(journal)
        let former = try work.close()
        state.close()
        answerRequest()
        return Report(method: method, milliseconds: milliseconds, former: former, remarks: remarks)
    }
}
