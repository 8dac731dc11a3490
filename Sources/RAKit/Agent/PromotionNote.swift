import RACore

/// How soon after a promotion its first monitor comes.
private let settlingMilliseconds: UInt64 = 2000

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

    private var settlingNote: RunFile { RunFile("settling", resource: environment.resource) }

    /// Notes that this promotion has just ended, and addresses are being started.
    func notePromoted(_ postmaster: PostmasterObservation) {
        notePromotion(postmaster)
        settlingNote.write()
    }

    /// Whether this is the first look after a promotion: clients wait for the addresses that are started beside it, and what
    /// it would do takes time from them.
    func takeSettling() -> Bool {
        defer { settlingNote.remove() }
        return settlingNote.isRecent(milliseconds: settlingMilliseconds)
    }

    /// Whether a promotion has ended, and nobody has looked since.
    var isSettling: Bool { settlingNote.exists }

    /// Whether the first monitor after a promotion hasn't come when it should have: Pacemaker may wait for the start of another
    /// instance, which waits for what the first look records. Once for each promotion.
    func takeOverdueSettling() -> Bool {
        guard let noted = settlingNote.moment,
            Moment.sinceBoot().nanoseconds - noted.nanoseconds >= settlingMilliseconds * 1_000_000
        else { return false }
        settlingNote.remove()
        return true
    }

    /// Whatever starts or ends a server.
    func forgetPromotion() { promotionNote.remove() }
}
