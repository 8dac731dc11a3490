import RACore

/// Judges the data of a node against those of its primary.
struct LocalDataReader {
    let parameters: Parameters
    let account: Account?
    let directory: String
    /// What the primary said of itself; nil when it couldn't be asked.
    let source: Observed<RejoinSource>

    /// What was found: the judgement, and what it was made by where there are data.
    struct Answer {
        var data: LocalData
        var installation: Installation?
        var control: ControlFile?
        var history: TimelineHistory?

        init(_ data: LocalData) { self.data = data }
    }

    func read(by deadline: Deadline) -> Answer {
        guard FileFacts(directory + "/PG_VERSION") != nil else {
            let names = ((try? listDirectory(directory)) ?? []).filter {
                $0 != "lost+found" && !$0.hasPrefix(".rejoin")
            }
            var answer = Answer(names.isEmpty ? .absent : .unreadable(why: "\(directory) has no PG_VERSION"))
            if case .known(let source) = source {
                answer.installation = try? findInstallation(parameters, majorVersion: source.majorVersion)
            }
            return answer
        }
        do throws(Refusal) {
            let installation = try findInstallation(parameters)
            return read(installation, by: deadline)
        } catch {
            // Another release's programs, another owner: nothing that a copy would mend.
            return Answer(.incompatible(why: error.reason))
        }
    }

    private func read(_ installation: Installation, by deadline: Deadline) -> Answer {
        var answer = Answer(.unknown(why: "nothing was compared yet"))
        answer.installation = installation
        if case .known(let source) = source, source.majorVersion != installation.majorVersion {
            answer.data = .incompatible(
                why: "the data here are of PostgreSQL \"\(installation.majorVersion)\", and \(source.node) runs "
                    + "\"\(source.majorVersion)\""
            )
            return answer
        }
        let files = LocalWAL(installation: installation)
        switch files.read(by: deadline) {
        case .unknown(let why): answer.data = .unreadable(why: why)
        case .known(let (control, ours)):
            answer.control = control
            answer.history = ours.history
            answer.data = compare(ours, control, files, by: deadline)
        }
        return answer
    }

    private func compare(
        _ ours: InstanceHistory,
        _ control: ControlFile,
        _ files: LocalWAL,
        by deadline: Deadline
    ) -> LocalData {
        let source: RejoinSource
        switch self.source {
        case .unknown(let why): return .unknown(why: why)
        case .known(let known): source = known
        }
        let path = OwnedFiles(directory: files.installation.temporaryDirectory).lock
        if let lock = (try? readText(path, limit: 4096)).flatMap({ LockContent(text: $0) }),
            isTwin(ours, of: source.history, lock)
        {
            return .diverged(at: lock.position)
        }
        switch compareHistories(local: ours, primary: source.history, flushed: source.flushed) {
        case .foreign(let ours, let theirs): return .foreign(ours: ours, theirs: theirs)
        case .forked(let position): return .diverged(at: position)
        case .ancestorUnlessRecord(let position):
            switch files.hasRecord(at: position, control, by: deadline) {
            case .unknown(let why):
                let isBroken = files.fault(at: position, segmentSize: control.segmentSize) != nil
                return isBroken ? .unreadable(why: why) : .unknown(why: why)
            case .known(false): return .ancestor
            case .known(true):
                // On one timeline there is no place where the two parted.
                return position.timeline == source.history.history.timeline
                    ? .ahead(system: ours.systemIdentifier, of: position) : .diverged(at: position)
            }
        }
    }
}

/// Whether both sides were promoted apart to timelines of one number: the lock file has where the local one began.
func isTwin(_ ours: InstanceHistory, of theirs: InstanceHistory, _ lock: LockContent) -> Bool {
    let timeline = ours.history.timeline
    // Promoted by a restart both may be on the timeline of before: no switch point can tell them apart.
    return timeline == theirs.history.timeline && ours.systemIdentifier == theirs.systemIdentifier
        && (lock.position.timeline == timeline || lock.position.timeline == ours.history.ancestors.last?.timeline)
}
