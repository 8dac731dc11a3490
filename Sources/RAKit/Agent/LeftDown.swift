import RACore

extension Agent {
    private var leftDownNote: RunFile { RunFile("left-down", resource: environment.resource) }

    /// Ends the demotion of an instance that is shut down, and is to be stopped: what the stop would tell is told beside.
    func leaveDown() -> Outcome {
        if let mark = shutdownMark, let failure = leftDownNote.write(first: mark, body: "") {
            log.warning("should the stop be called off, the next monitor will find a failure: \(failure)")
        }
        // Noted first: whoever tells may be done before this goes on.
        noteToldStop(.begun)
        if !SentinelKeeper(agent: self).tellOfShutdown(), toldStop == .begun { forgetToldStop() }
        return Outcome(.success, "shut down, to be stopped")
    }

    /// The stop that was to follow, and a start that failed; what a server has had since isn't what was noted.
    func forgetLeftDown() { leftDownNote.remove() }

    /// Whether a demotion has left nothing running, and the stop that was to follow was called off: the cluster takes the
    /// node for a standby.
    var isLeftDown: Bool { environment.isRecurring && noteOfShutdown(leftDownNote) != nil }

    /// Brings up the standby that the demotion owes; nil where an operator has taken over, who may do something with the data.
    ///
    /// A kill in the middle of it leaves the note to the next monitor.
    func comeUpAfterAll() -> Outcome? {
        let reader = ConfigurationReader(resource: environment.resource)
        guard stewardship(try? reader.read(by: deadline.capped(milliseconds: 5000))) == .managed else { return nil }
        log.notice("this node was to be stopped when it was demoted, and wasn't: it comes up as a standby now")
        let outcome = run(.start)
        if outcome.code != .success { forgetLeftDown() }
        return outcome
    }
}
