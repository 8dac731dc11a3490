public import RACore
internal import Synchronization

/// Tells how far a rejoin is: to whoever watches, to the log, and to the other nodes.
public final class RejoinReporter: Sendable {
    private struct Now {
        var step = ""
        var began = Moment.now()
        var startBytes: UInt64 = 0
        var told: Moment?
    }

    private let resource: String
    private let show: @Sendable (PublishedRejoin) -> Void
    private let line: @Sendable (String) -> Void
    private let log: Log?
    private let now = Mutex(Now())

    /// - Parameters:
    ///   - show: draws how far it is; called as often as a step tells.
    ///   - line: prints what was done or found.
    ///   - log: where lines go as well; nil when somebody watches.
    public init(
        resource: String,
        log: Log?,
        show: @escaping @Sendable (PublishedRejoin) -> Void,
        line: @escaping @Sendable (String) -> Void
    ) {
        self.resource = resource
        self.log = log
        self.show = show
        self.line = line
    }

    /// Where steps tell.
    public var progress: RejoinProgress {
        RejoinProgress(see: { self.see($0) }, note: { self.note($0) })
    }

    private func note(_ text: String) {
        line(text)
        log?.notice(text)
    }

    private func see(_ sight: RejoinProgress.Sight) {
        let (published, isDue) = now.withLock { now -> (PublishedRejoin, Bool) in
            let isNew = now.step != sight.step
            if isNew {
                now.step = sight.step
                now.began = .now()
                now.startBytes = sight.doneBytes
            }
            let elapsed = UInt64(max(1, Moment.now().milliseconds(since: now.began)))
            let moved = sight.doneBytes > now.startBytes ? sight.doneBytes - now.startBytes : 0
            let isDue = isNew || now.told.map { Moment.now().milliseconds(since: $0) >= 2000 } ?? true
            if isDue { now.told = .now() }
            let published = PublishedRejoin(
                step: sight.step,
                doneBytes: sight.doneBytes,
                totalBytes: sight.totalBytes,
                rate: elapsed > 500 ? moved * 1000 / elapsed : 0
            )
            return (published, isDue)
        }
        show(published)
        if isDue { publish(published) }
    }

    private func publish(_ value: PublishedRejoin) {
        ClusterTools(resource: resource, callMilliseconds: 2000).publish(value)
    }

    /// It came to its end: nothing is under way any more, or this is why it ended.
    public func end(_ failure: RejoinFailure?) {
        guard let failure else { return ClusterTools(resource: resource, callMilliseconds: 2000).withdrawRejoin() }
        log?.error("rejoin ended with exit code \(failure.exit.rawValue): \(failure.reason)")
        publish(PublishedRejoin(step: "", outcome: .ended(code: failure.exit, why: failure.reason)))
    }
}

extension ClusterTools {
    /// A private attribute: it is in no CIB, so that no transition is aborted by it.
    private var rejoinName: String { resource + "-rejoin" }

    /// Tells the other nodes; that it can't is nothing to stop for.
    func publish(_ rejoin: PublishedRejoin) {
        let command = Command("attrd_updater", ["-p", "-n", rejoinName, "-U", rejoin.text])
        _ = run(command, by: .after(milliseconds: callMilliseconds))
    }

    func withdrawRejoin() {
        _ = run(Command("attrd_updater", ["-p", "-n", rejoinName, "-D"]), by: .after(milliseconds: callMilliseconds))
    }

    /// What the nodes have told of rejoins; none where Pacemaker's daemon doesn't answer.
    public func publishedRejoins(by deadline: Deadline) -> [String: PublishedRejoin] {
        var found: [String: PublishedRejoin] = [:]
        for (node, value) in valuesOfAll(rejoinName, by: deadline) { found[node] = PublishedRejoin(value) }
        return found
    }
}
