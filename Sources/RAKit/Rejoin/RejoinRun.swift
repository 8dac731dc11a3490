public import RACore

/// Brings a node back on the way that was decided, from whatever an earlier run has left.
public struct RejoinRun: Sendable {
    let survey: RejoinSurvey
    let work: RejoinSurvey.Work
    let options: RejoinOptions
    let context: RejoinContext
    let state: RejoinState
    private let seat: RejoinSeat

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

    public init(
        _ survey: RejoinSurvey,
        _ seat: RejoinSeat,
        options: RejoinOptions,
        progress: RejoinProgress
    ) throws(RejoinFailure) {
        guard let work = survey.work else {
            throw RejoinFailure(.refused, "neither the primary nor this node's programs are known")
        }
        self.survey = survey
        self.work = work
        self.options = options
        self.seat = seat
        context = RejoinContext(
            resource: survey.context.configuration.name,
            node: survey.node,
            parameters: survey.context.configuration.reading.parameters,
            installation: work.installation,
            source: work.source,
            progress: progress
        )
        state = RejoinState(files: seat.files)
    }

    /// Brings to an end what an earlier run was in the middle of.
    ///
    /// - Returns: whether the data are others now, and everything must be looked at anew.
    public func settle() throws(RejoinFailure) -> Bool { try RejoinDataWork(run: self, route: nil).settle() }

    /// Removes what is no longer needed of a run that was ended before it could: the standby follows.
    public func closeFormer() throws(RejoinFailure) {
        _ = try RejoinDataWork(run: self, route: nil).close()
        state.close()
    }

    /// Brings the node back on the way that was decided.
    ///
    /// - Throws: why it ended; what was done until then stays, and the next run goes on from it.
    public func perform(_ route: RejoinRoute) throws(RejoinFailure) -> Report {
        // Counted before, and forgotten at the end: a run that is killed has failed as well.
        if options.isUnattended { state.noteUnattendedFailure() }
        var route = route
        var failure = RejoinFailure(.refused, "no way back is open")
        for (index, method) in route.methods.enumerated() {
            if index > 0 { context.progress.note("\(failure.reason); trying \(method.rawValue)") }
            var journal = journal(route, method)
            let remarks: [String]
            do throws(RejoinFailure) {
                remarks = try prepare(route, method, &journal)
            } catch {
                failure = error
                guard mayTryNext(after: error) else { break }
                continue
            }
            switch try arrive(&journal) {
            case .following(let isHistoryLeft):
                let milliseconds = Moment.now().milliseconds(since: options.began)
                let former = try close(&journal, route)
                if isHistoryLeft { try? RejoinArrival(run: self).forgetFailures() }
                return Report(method: method, milliseconds: milliseconds, former: former, remarks: remarks)
            case .walGone(let why):
                // It runs, and will never receive what it needs: only what brings other WAL or other data helps.
                failure = RejoinFailure(.resumable, why)
                route.stopsInstance = true
            }
        }
        throw failure
    }

    private func journal(_ route: RejoinRoute, _ method: RejoinMethod) -> RejoinJournal {
        RejoinJournal(
            node: survey.node,
            primary: route.primary,
            method: method,
            phase: .preparing,
            started: timestamp(),
            finding: route.data.finding(primary: route.primary),
            isUnattended: options.isUnattended
        )
    }

    /// Makes the data a standby's.
    private func prepare(
        _ route: RejoinRoute,
        _ method: RejoinMethod,
        _ journal: inout RejoinJournal
    ) throws(RejoinFailure) -> [String] {
        try state.note(journal)
        let work = RejoinDataWork(run: self, route: route)
        guard method != .follow || route.stopsInstance else { return [] }
        return try work.perform(method, &journal)
    }

    private func arrive(_ journal: inout RejoinJournal) throws(RejoinFailure) -> RejoinArrival.End {
        let work = RejoinDataWork(run: self, route: nil)
        try work.removeConflicts()
        journal.phase = .starting
        try state.note(journal)
        try work.setLockAside()
        return try RejoinArrival(run: self).bringUp()
    }

    private func close(_ journal: inout RejoinJournal, _ route: RejoinRoute) throws(RejoinFailure) -> String? {
        journal.phase = .closing
        try state.note(journal)
        let former = try RejoinDataWork(run: self, route: route).close()
        state.close()
        return former
    }

    /// What another method may mend; an operator's wish to end isn't.
    private func mayTryNext(after failure: RejoinFailure) -> Bool {
        guard !Interruption.isRequested else { return false }
        switch failure.exit {
        case .failed, .resumable: return true
        case .done, .usage, .refused, .unsafe: return false
        }
    }
}
