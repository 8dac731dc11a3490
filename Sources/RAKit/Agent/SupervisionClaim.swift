import RACore

/// How long an action waits for another one that looks after the replication; it takes a fraction of a second.
private let claimMilliseconds = 2000

extension Agent {
    /// Makes this the only process that changes whom commits wait for and what is recorded of it: to be taken before the
    /// first look, as whoever had it may have changed what was seen.
    ///
    /// Pacemaker runs one action of a resource at a time, but the sentinel and an operator's call by hand come in between.
    /// It ends with the process.
    /// - Returns: nil when it can't be had: the next look makes up for it.
    func claimSupervision() -> FileLock? {
        if let claim = awaitClaim() { return claim }
        // One that hangs must not keep the monitor from its work.
        endSentinel()
        if let claim = awaitClaim() { return claim }
        log.warning("replication isn't supervised now: another process does it, or \(claimPath) can't be locked")
        return nil
    }

    private var claimPath: String { RunFile.path("supervision", resource: environment.resource) }

    /// The same for the sentinel, which only does sooner what the monitor does.
    func awaitClaim() -> FileLock? {
        let end = deadline.capped(milliseconds: claimMilliseconds)
        return wait(until: end, everyMilliseconds: 5) { () -> FileLock?? in
            switch FileLock.take(claimPath, holder: String(ownProcessID())) {
            case .held(let lock): .some(lock)
            case .busy: nil
            case .failed: .some(nil)
            }
        } ?? nil
    }
}
