import RACore

extension Agent {
    private var promotionNote: RunFile { RunFile("promoted", resource: environment.resource) }

    /// Notes that the agent promotes this very server; a restart of the server or of the node forgets it.
    func notePromotion(_ postmaster: PostmasterObservation) {
        guard case .running(let file) = postmaster else { return }
        promotionNote.write(first: String(file.processID), body: "")
    }

    /// Whether the agent promoted this very server.
    func isPromotedHere(_ postmaster: PostmasterObservation) -> Bool {
        guard case .running(let file) = postmaster else { return false }
        return promotionNote.read()?.first == String(file.processID)[...]
    }

    /// Whatever starts or ends a server.
    func forgetPromotion() { promotionNote.remove() }
}
