import RACore

/// What earlier looks have found of the standbys.
struct StandbyHistory {
    /// Lost too often to be waited for again yet.
    var unsteady: [String] = []
    /// Connected, and taking no WAL.
    var stalled: [String] = []
}

extension Agent {
    /// What the looks so far tell of the standbys; notes this one.
    func standbyHistory(_ set: ReplicaSet, _ facts: ServerFacts) -> StandbyHistory {
        guard mode == .sync, let senders = facts.senders.value,
            let inEffect = facts.synchronousSet
        else { return StandbyHistory() }
        let now = Moment.sinceBoot().nanoseconds / 1_000_000_000
        let stalled = noteStalls(senders, lsn: facts.lsn, now: now)
        let file = RunFile("steadiness", resource: environment.resource)
        let former = file.read().map { Steadiness(text: $0.body) } ?? Steadiness()
        var steadiness = former
        let standbys = set.peers + set.external
        steadiness.look(
            streaming: standbys.filter { node in
                PeerLink(node: node, senders: senders).isStreaming && !stalled.contains { sameName($0, node) }
            },
            waitedFor: standbys.filter { inEffect.contains($0) },
            now: now
        )
        if steadiness != former { file.write(first: "standbys", body: steadiness.text) }
        return StandbyHistory(unsteady: steadiness.unsteady(now: now), stalled: stalled)
    }

    private func noteStalls(_ senders: [WALSender], lsn: LSN, now: UInt64) -> [String] {
        let file = RunFile("stalls", resource: environment.resource)
        let former = file.read().map { StallWatch(text: $0.body) } ?? StallWatch()
        var watch = former
        watch.look(senders, lsn: lsn, now: now)
        if watch != former { file.write(first: "standbys", body: watch.text) }
        return watch.stalled(seconds: parameters.syncStallTimeout, now: now)
    }
}
