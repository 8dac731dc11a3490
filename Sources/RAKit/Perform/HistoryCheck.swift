import RACore

/// Finds out whether the local data are part of the primary's history, before they serve anybody.
struct HistoryCheck {
    let agent: Agent
    let installation: Installation
    /// Whether PGSQL.lock is there.
    var isLocked = false
    /// What it says; nil for a file without content, as heartbeat/pgsql leaves it.
    var lock: LockContent?

    enum Answer {
        /// An ancestor: WAL from the primary continues what is here.
        case proven(String)
        /// Another system identifier: no part of the primary's history, nor of what the cluster knew.
        case foreign(Refusal)
        case refuse(Refusal)
        case unknown(why: String)
    }

    /// Compares with the primary as the durable record has it.
    ///
    /// - Parameter isRunning: whether it runs: WAL from it then continues what is here, or it refuses to send any.
    func compare(withRecord record: ClusterRecord, isRunning: Bool, by deadline: Deadline) -> Answer {
        guard let identifier = record.systemIdentifier, !record.isPromoting else {
            return .unknown(why: "the record doesn't tell where the history went")
        }
        let theirs = InstanceHistory(systemIdentifier: identifier, history: record.history)
        let primary = record.primary
        let (control, local): (ControlFile, InstanceHistory)
        switch LocalWAL(installation: installation).read(by: deadline) {
        case .known(let facts): (control, local) = facts
        case .unknown(let why): return .unknown(why: why)
        }
        if let refusal = refuseTwin(local, theirs, primary: primary) { return .refuse(refusal) }
        if local.systemIdentifier == theirs.systemIdentifier, local.history.timeline > theirs.history.timeline {
            return .unknown(why: "this node is on timeline \(local.history.timeline), newer than the record's")
        }
        let verdict = compareHistories(local: local, primary: theirs, flushed: LSN(bytes: .max))
        if case .ancestorUnlessRecord(let position) = verdict, position.timeline == theirs.history.timeline {
            let same = "its timeline \(position.timeline) is this node's as well"
            return isRunning ? .proven(same) : .unknown(why: same)
        }
        return judge(verdict, primary: primary, theirs, control, by: deadline)
    }

    /// Compares with the primary that the cluster names, through the address that standbys use.
    ///
    /// - Parameter isStopped: whether no server runs here; one that does may receive WAL while we compare.
    func compare(withPrimary primary: String, isStopped: Bool, by deadline: Deadline) -> Answer {
        let (control, local): (ControlFile, InstanceHistory)
        switch LocalWAL(installation: installation).read(by: deadline) {
        case .known(let facts): (control, local) = facts
        case .unknown(let why): return .unknown(why: why)
        }
        switch PrimaryHistory.read(agent.replicationTarget, as: agent.account, by: deadline.capped(milliseconds: 3000))
        {
        case .unknown(let why): return .unknown(why: "\(agent.replicationTarget.summary): \(why)")
        case .known(let (theirs, flushed, _)):
            if let refusal = refuseTwin(local, theirs, primary: primary) { return .refuse(refusal) }
            let verdict = compareHistories(local: local, primary: theirs, flushed: flushed)
            if case .ancestorUnlessRecord(let position) = verdict, position.timeline == theirs.history.timeline,
                !isStopped
            {
                return .unknown(why: "it is on timeline \(position.timeline) as this node is")
            }
            return judge(verdict, primary: primary, theirs, control, by: deadline)
        }
    }

    /// Two nodes that were promoted apart may call their timelines by one number, and leave the former at one position.
    ///
    /// The lock file tells: this node began the timeline that another node is the primary of.
    private func refuseTwin(_ local: InstanceHistory, _ theirs: InstanceHistory, primary: String) -> Refusal? {
        guard isLocked, local.history.timeline == theirs.history.timeline,
            local.systemIdentifier == theirs.systemIdentifier,
            lock.map({ isTwin(local, of: theirs, $0) }) ?? agent.parameters.restartOnPromote
        else { return nil }
        return Refusal(
            .genericError,
            "promoted to timeline \(local.history.timeline) by itself, and \(primary) is on another of that number: "
                + HistoryCheck.hint
        )
    }

    /// Pacemaker shows 128 bytes of an exit reason: what was seen and the next command must fit.
    private static let hint = "'pgrex-tool rejoin' brings this node back"

    private func judge(
        _ verdict: HistoryVerdict,
        primary: String,
        _ theirs: InstanceHistory,
        _ control: ControlFile,
        by deadline: Deadline
    ) -> Answer {
        let hint = HistoryCheck.hint
        switch verdict {
        case .foreign(let ours, let identifier):
            return .foreign(
                Refusal(
                    .genericError,
                    "another database: system identifier \(ours), but \(identifier) on \(primary): \(hint)"
                )
            )
        case .forked(let position):
            return .refuse(
                Refusal(.genericError, "data left the history of the primary on \(primary) at \(position): \(hint)")
            )
        case .ancestorUnlessRecord(let position):
            switch LocalWAL(installation: installation).hasRecord(at: position, control, by: deadline) {
            case .unknown(let why): return .unknown(why: why)
            case .known(false):
                return .proven(
                    "this node has no record of its own after \(position); the primary is on \(theirs.history.timeline)"
                )
            case .known(true):
                let timeline = theirs.history.timeline
                return .refuse(
                    Refusal(
                        .genericError,
                        "own records after \(position), where \(primary) went on to timeline \(timeline): \(hint)"
                    )
                )
            }
        }
    }
}
