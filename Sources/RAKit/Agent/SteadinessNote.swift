import RACore

extension Agent {
    /// The standbys that were lost too often to be waited for again yet; notes this look at them.
    func unsteadyStandbys(_ set: ReplicaSet, _ facts: ServerFacts) -> [String] {
        guard mode == .sync, let senders = facts.senders.value,
            let inEffect = SynchronousSet(setting: facts.synchronousStandbyNames)
        else { return [] }
        let file = RunFile("steadiness", resource: environment.resource)
        let former = file.read().map { Steadiness(text: $0.body) } ?? Steadiness()
        var steadiness = former
        let now = Moment.sinceBoot().nanoseconds / 1_000_000_000
        steadiness.look(
            streaming: set.peers.filter { PeerLink(node: $0, senders: senders).isStreaming },
            waitedFor: set.peers.filter { inEffect.contains($0) },
            now: now
        )
        if steadiness != former { file.write(first: "standbys", body: steadiness.text) }
        return steadiness.unsteady(now: now)
    }
}
