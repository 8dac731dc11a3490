import RACore

extension Agent {
    private var promotionNote: RunFile { RunFile("promoted", resource: environment.resource) }

    /// Notes that the agent promotes this very server; a restart of the node forgets it.
    func notePromotion(_ postmaster: PostmasterObservation) {
        guard case .running(let file) = postmaster else { return }
        guard let failure = promotionNote.write(first: String(file.processID), body: "") else { return }
        log.error("this promotion can't be noted, so that its standbys won't be supervised: \(failure)")
    }

    /// What the agent promoted on this node.
    func notedPromotion(_ postmaster: PostmasterObservation) -> NotedPromotion {
        guard case .running(let file) = postmaster, let note = promotionNote.read() else { return .none }
        return note.first == String(file.processID)[...] ? .thisServer : .earlierServer
    }

    /// Whatever starts or ends a server.
    func forgetPromotion() { promotionNote.remove() }
}
