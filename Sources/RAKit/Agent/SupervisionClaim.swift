import RACore

/// How long an action waits for another one that looks after the replication; it takes a fraction of a second.
private let claimMilliseconds = 2000

/// That this process alone changes whom commits wait for and what is recorded of it.
struct SupervisionClaim {
    /// nil where nothing can be locked.
    fileprivate let lock: FileLock?
}

extension Agent {
    /// Makes this the only process that changes whom commits wait for and what is recorded of it: to be taken before the
    /// first look, as whoever had it may have changed what was seen.
    ///
    /// Pacemaker runs one action of a resource at a time, but the sentinel and an operator's call by hand come in between.
    /// It ends with the process.
    /// - Returns: nil when it can't be had: the next look makes up for it.
    func claimSupervision() -> SupervisionClaim? {
        for isLastAttempt in [false, true] {
            switch awaitLock(by: deadline.capped(milliseconds: claimMilliseconds)) {
            case .held(let lock): return SupervisionClaim(lock: lock)
            case .failed(let error):
                // Without a place for locks there is no sentinel either, once this one has ended.
                endSentinel()
                log.warning("nothing is kept from supervising the replication at the same time: \(error)")
                return SupervisionClaim(lock: nil)
            // One that hangs must not keep the monitor from its work.
            case .busy where !isLastAttempt: endSentinel()
            case .busy(let holder):
                log.warning("replication isn't supervised now: process \(holder) has \(claimPath), and doesn't end")
            }
        }
        return nil
    }

    private var claimPath: String { RunFile.path("supervision", resource: environment.resource) }

    /// The same for those who only do sooner what somebody else does as well.
    func awaitClaim(by end: Deadline? = nil) -> SupervisionClaim? {
        let end = end ?? deadline.capped(milliseconds: claimMilliseconds)
        guard case .held(let lock) = awaitLock(by: end) else { return nil }
        return SupervisionClaim(lock: lock)
    }

    private func awaitLock(by end: Deadline) -> FileLock.Attempt {
        RunFile.makeFolder()
        var last = FileLock.Attempt.busy(holder: "")
        _ = wait(until: end, everyMilliseconds: 5) { () -> Bool? in
            last = FileLock.take(claimPath, holder: String(ownProcessID()))
            if case .busy = last { return nil }
            return true
        }
        return last
    }
}
