import RACore

extension Agent {
    private var leftDownNote: RunFile { RunFile("left-down", resource: environment.resource) }

    /// Ends the demotion of an instance that is shut down, and is to be stopped: what the stop would tell is told beside.
    func leaveDown() -> Outcome {
        if let mark = shutdownMark { leftDownNote.write(first: mark, body: "") }
        // Noted first: whoever tells may be done before this goes on.
        noteToldStop(.begun)
        if !SentinelKeeper(agent: self).tellOfShutdown(), toldStop == .begun { forgetToldStop() }
        return Outcome(.success, "shut down, to be stopped")
    }

    /// Whatever starts an instance, and the stop that was to follow.
    func forgetLeftDown() { leftDownNote.remove() }

    /// Whether a demotion has left nothing running, and the stop that was to follow was called off: the cluster takes the
    /// node for a standby.
    var isLeftDown: Bool {
        guard environment.isRecurring, let note = leftDownNote.read(), let mark = shutdownMark else { return false }
        return note.first == mark[...]
    }

    /// Brings up the standby that the demotion owes.
    func comeUpAfterAll() -> Outcome {
        log.notice("this node was to be stopped when it was demoted, and wasn't: it comes up as a standby now")
        // It forgets the note first: should it fail, the next monitor says that nothing runs.
        return run(.start)
    }
}
