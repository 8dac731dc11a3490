internal import RACore

/// Whether what was decided by is still so, with the data lock held: somebody may have thought about it for an hour.
struct RejoinFreshness {
    let run: RejoinRun

    /// - Parameter stopsInstance: whether a server that receives nothing is expected to run.
    func verify(_ stopsInstance: Bool) throws(RejoinFailure) {
        let context = run.context
        switch LocalQuestion(parameters: context.parameters).running(by: .after(milliseconds: 10_000)) {
        case .stopped: break
        case .deaf where stopsInstance: break
        case .deaf, .following: throw changed("a server has come up here")
        case .primary: throw RejoinFailure(.unsafe, "the instance here accepts writes. HINT: 'pgrex-tool status'.")
        case .busy(let why): throw changed(why)
        }
        if let control = run.work.control, !stopsInstance {
            let now = ControlFile.read(context.installation, by: .after(milliseconds: 10_000))
            guard now == .known(control) else { throw changed("the data here are others than they were") }
        }
        switch PrimaryHistory.read(context.source.replication, as: context.account, by: .after(milliseconds: 10_000)) {
        case .unknown(let why): throw changed(redactingPasswords("\(context.source.node) no longer answers: \(why)"))
        case .known(let (now, _, _)):
            let then = context.source.history
            guard now.systemIdentifier == then.systemIdentifier, now.history.timeline == then.history.timeline else {
                throw changed(
                    "the primary is on timeline \(now.history.timeline) now, and was on \(then.history.timeline)"
                )
            }
        }
    }

    /// Not for another method of the same run: everything is to be looked at anew.
    private func changed(_ what: String) -> RejoinFailure {
        RejoinFailure(.refused, "\(what): nothing was changed. HINT: 'pgrex-tool rejoin' again: it plans anew.")
    }
}
