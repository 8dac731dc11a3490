import RACore

/// How long a monitor waits while the sentinel reports; that takes a tenth of a second.
private let reportMilliseconds = 400
/// How long Pacemaker takes to plan for a failure; nothing tells when it has.
private let planningMilliseconds = 120
/// For how long what a monitor has seen is a failure that Pacemaker is learning of.
private let seenMilliseconds: UInt64 = 1000

/// That one failure is reported once: by the sentinel or, when it looks in the same moment, by the monitor.
///
/// Pacemaker's controller would count two and, worse, sleeps for a second when the second comes while it begins to plan
/// for the first (`do_pe_invoke_callback`, seen with 2.1.5).
struct FailureReport {
    private let path: String
    private let seen: RunFile

    init(resource: String) {
        path = RunFile.path("failure", resource: resource)
        seen = RunFile("failure-seen", resource: resource)
    }

    /// What a monitor does before it answers that the postmaster is gone: that it is about to, or after the sentinel.
    func noteSeen() {
        RunFile.makeFolder()
        let end = Deadline.after(milliseconds: reportMilliseconds)
        var hasWaited = false
        _ = wait(until: end, everyMilliseconds: 2) { () -> Bool? in
            switch FileLock.take(path, holder: String(ownProcessID())) {
            case .held(let lock):
                seen.write()
                withExtendedLifetime(lock) {}
                return true
            case .busy:
                hasWaited = true
                return nil
            case .failed: return true
            }
        }
        if hasWaited { pause(milliseconds: planningMilliseconds) }
    }

    /// Reports, unless a monitor is about to answer the same.
    ///
    /// - Returns: what `report` says, or whether a monitor does it.
    func make(_ report: () -> Bool) -> Bool {
        RunFile.makeFolder()
        // A monitor has it for a moment.
        let lock = wait(until: .after(milliseconds: 50), everyMilliseconds: 1) { () -> FileLock? in
            if case .held(let lock) = FileLock.take(path, holder: String(ownProcessID())) { lock } else { nil }
        }
        defer { withExtendedLifetime(lock) {} }
        return seen.isRecent(milliseconds: seenMilliseconds) || report()
    }

    /// Whatever starts a server may fail anew.
    func forget() { seen.remove() }
}
