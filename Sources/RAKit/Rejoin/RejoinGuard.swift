import RACore

/// Keeps a server and a rejoin from working on the same data, and half a rejoin from being started as a server.
struct RejoinGuard {
    let files: RejoinFiles

    private let account: Account

    init(_ installation: Installation) {
        account = installation.account
        files = OwnedFiles(directory: installation.temporaryDirectory).rejoin
    }

    /// Why the data aren't a server's; nil when nothing says so.
    var obstacle: String? { RejoinGuard.obstacle(files) }

    /// Why the data that some files tell of aren't a server's.
    static func obstacle(_ files: RejoinFiles) -> String? {
        switch TaintMark.read(files) {
        case .unknown(let why): return why
        case .known(.some(let mark)): return "pg_rewind from \(mark.source) began at \(mark.time), and didn't end"
        case .known(nil): break
        }
        let state = SwapStep.state(files)
        switch state {
        case .none, .prepared, .swapped, .undone, .finishing: return nil
        case .half(let done, let count): return "\(done) of \(count) renames of a swap are done"
        case .undoing(let left, let count): return "\(left) of \(count) renames of a swap are to be taken back"
        case .inPlace: return "the former data were removed for a copy, which isn't there"
        case .unreadable(let why): return why
        }
    }

    /// Whether a start was refused because of a rejoin that was under way.
    static func isOwnRefusal(_ reason: String) -> Bool {
        reason.contains("goes on in the background") || reason.contains("rejoin is under way")
            || reason.contains("a rejoin works on the data")
    }

    /// Lets a start go on, and keeps a rejoin out until this process ends.
    func claimForStart() throws(Refusal) -> FileLock {
        do throws(SystemError) {
            try files.prepare(owner: account)
        } catch {
            throw Refusal(.insufficientPrivileges, "the agent's directory (parameter tmpdir): \(error.description)")
        }
        let lock: FileLock
        switch FileLock.take(files.dataLock, holder: nil) {
        case .held(let taken): lock = taken
        case .busy(let holder):
            throw Refusal(
                .genericError,
                "a rejoin works on the data (\(holder)): 'pgrex-tool status' shows how far it is"
            )
        case .failed(let failure): throw Refusal(.genericError, failure.description)
        }
        if let obstacle {
            throw RejoinGuard.refusal(obstacle)
        }
        return lock
    }

    /// What a start answers that finds no data directory because a rejoin has it away; nil when none has.
    ///
    /// Somebody who reads only that there is none may run initdb.
    static func refusal(ofNoData files: RejoinFiles) -> Refusal? { obstacle(files).map(refusal) }

    private static func refusal(_ obstacle: String) -> Refusal {
        Refusal(.genericError, "the data are only half of a server's: \(obstacle): 'pgrex-tool rejoin' goes on")
    }
}
