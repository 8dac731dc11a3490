internal import Glibc
public import RACore

/// How a switchover ended.
public enum SwitchoverEnd: Sendable, Equatable {
    /// - Parameter milliseconds: from asking the cluster until the new primary accepted writes.
    case done(milliseconds: Int)
    /// The new primary works; the former one doesn't stream from it yet.
    case notFollowing(milliseconds: Int, why: String)
    /// - Parameter primary: who is the primary now; nil when nobody is yet.
    case failed(SwitchoverStage, SwitchoverMishap, primary: String?)
}

/// Moves the promoted role, waits for it, and takes back what it set, whatever comes of it.
public struct SwitchoverRun: Sendable {
    let site: OperatorSite
    let move: SwitchoverMove
    let constraint: SwitchoverConstraint
    /// Only one at a time on this node; given up when this ends, however it ends.
    let lock: FileLock

    /// What a switchover that was begun before has left: nil when nothing is left that could still be at work.
    public enum Start: Sendable {
        case free(FileLock)
        /// Another command runs on this node.
        case running
        case underWay(SwitchoverTrace)
        case failed(String)
    }

    public init(site: OperatorSite, move: SwitchoverMove, lock: FileLock) {
        self.site = site
        self.move = move
        self.lock = lock
        constraint = site.switchoverConstraint
    }

    /// - Parameters:
    ///   - seconds: the time for each of the two waits, for the new primary and for the former one's return.
    ///   - tell: is told what is waited for.
    public func run(seconds: Int, tell: (SwitchoverStage) -> Void) -> SwitchoverEnd {
        let start = Moment.now()
        let end = time(nil) + seconds + 30
        var failures: [String] = []
        tell(.asking)
        for command in constraint.set(target: move.to, starter: site.ownNode ?? machineName(), end: end) {
            guard let failure = site.carryOut(command) else {
                failures = []
                break
            }
            failures.append(failure)
        }
        if let failure = failures.first { return undo(.asking, .command(failure), tell) }
        if let (stage, mishap) = awaitOpening(.after(milliseconds: seconds * 1000), tell) {
            return undo(stage, mishap, tell)
        }
        let milliseconds = Moment.now().milliseconds(since: start)
        tell(.following)
        let why = awaitFollowing(.after(milliseconds: seconds * 1000))
        return why.map { .notFollowing(milliseconds: milliseconds, why: $0) } ?? .done(milliseconds: milliseconds)
    }

    /// - Returns: nil once the target accepts writes, or where it ended and why.
    private func awaitOpening(
        _ deadline: Deadline,
        _ tell: (SwitchoverStage) -> Void
    ) -> (SwitchoverStage, SwitchoverMishap)? {
        var stage = SwitchoverStage.asking
        while true {
            if Interruption.isRequested { return (max(stage, .demoting), .interrupted) }
            if let cluster = site.look() {
                switch followSwitchover(move, view(cluster), after: stage) {
                case .open: return nil
                case .failed(let stage, let mishap): return (stage, mishap)
                case .wait(let next):
                    if next > stage {
                        stage = next
                        tell(stage)
                    }
                }
            }
            guard !deadline.isPast else { return (max(stage, .demoting), .timedOut) }
            pause(milliseconds: 100)
        }
    }

    private func view(_ cluster: ClusterObservation) -> SwitchoverView {
        let node = cluster.node(move.to)
        let isPromoted = cluster.promotedNodes.contains { sameName($0, move.to) }
        return SwitchoverView(
            promoted: cluster.promotedNodes,
            hasTargetFailed: node.map {
                $0.resourceRole == .failed || $0.failedResources.contains(site.resource) || !$0.isOnline
            } ?? true,
            acceptsWrites: isPromoted && site.isPrimary(move.to)
        )
    }

    /// The constraint goes last, when nothing moves any more: each change makes Pacemaker plan anew. It may go once the new
    /// primary's score keeps the role where it is without it.
    ///
    /// - Returns: nil once the former primary streams from the new one, or how it stands.
    private func awaitFollowing(_ deadline: Deadline) -> String? {
        var last = "nothing was seen yet"
        while true {
            switch site.standing(of: move.from, under: move.to) {
            case .following:
                if let cluster = site.look(), isHeldByScore(move.to, cluster, resource: site.resource) {
                    return site.clearSwitchover().map {
                        "it streams, but the constraint stays until its end: \($0)"
                    }
                }
                last = "it streams, but the promotion score of \(move.to) isn't the highest yet"
            case .not(let why): last = why
            }
            guard !deadline.isPast, !Interruption.isRequested else { break }
            pause(milliseconds: 100)
        }
        _ = site.clearSwitchover()
        return last
    }

    /// Takes the constraint back; where nobody is the primary, the cluster has time to promote somebody again.
    private func undo(
        _ stage: SwitchoverStage,
        _ mishap: SwitchoverMishap,
        _ tell: (SwitchoverStage) -> Void
    ) -> SwitchoverEnd {
        var mishap = mishap
        tell(.takingBack)
        if let failure = site.clearSwitchover() {
            mishap = .command(
                "\(mishap.text(move)); what was set ends by itself, as it couldn't be taken back: \(failure)"
            )
        }
        // Without it "the primary as before" would be said of one whose demotion has begun.
        _ = site.carryOut(Command("crm_resource", ["--wait", "--timeout", "20"]))
        let primary = wait(until: .after(milliseconds: 30_000), everyMilliseconds: 200) {
            site.look().flatMap { $0.promotedNodes.count == 1 ? $0.promotedNode() : nil }
                .flatMap { site.isPrimary($0) ? $0 : nil }
        }
        return .failed(stage, mishap, primary: primary)
    }
}

extension OperatorSite {
    var switchoverConstraint: SwitchoverConstraint {
        SwitchoverConstraint(resource: resource, outerName: facts.outerName)
    }

    /// Makes sure that no other switchover is at work, and removes what a killed one has left.
    ///
    /// On this node the lock tells; on another one only time does, after which Pacemaker has forgotten the constraint.
    public func beginSwitchover(isDryRun: Bool) -> SwitchoverRun.Start {
        let lock: FileLock
        switch FileLock.take("/run/pgrex-switchover-\(resource).lock", holder: "switchover") {
        case .held(let taken): lock = taken
        case .busy: return .running
        case .failed(let error): return .failed(error.description)
        }
        let result = run(SwitchoverConstraint.query, by: .after(milliseconds: 10_000))
        guard result.isSuccess else { return .failed("cibadmin --query: \(result.summary)") }
        do throws(CIBError) {
            guard let trace = try switchoverConstraint.find(in: result.output) else { return .free(lock) }
            let isOwn = isOwn(trace.starter)
            // Clocks of nodes may differ a little.
            guard isOwn || trace.end + 5 < Int(time(nil)) else { return .underWay(trace) }
            if !isDryRun, let failure = clearSwitchover() { return .failed(failure) }
            return .free(lock)
        } catch {
            return .failed("the cluster's constraints can't be read: \(error.description)")
        }
    }

    /// Removes the constraint; one that isn't there is as good.
    func clearSwitchover() -> String? {
        guard let failure = carryOut(switchoverConstraint.clear) else { return nil }
        let result = run(SwitchoverConstraint.query, by: .after(milliseconds: 10_000))
        guard result.isSuccess else { return failure }
        do throws(CIBError) {
            return try switchoverConstraint.find(in: result.output) == nil ? nil : failure
        } catch {
            return failure
        }
    }

    /// Whether a node's instance says that it is no standby.
    func isPrimary(_ node: String) -> Bool {
        switch ask(node, by: .after(milliseconds: 3000)) {
        case .server(let facts, _): !facts.isInRecovery
        case .replication(let isInRecovery, _): !isInRecovery
        case .notRunning, .notServing, .silent, .none: false
        }
    }

    enum Standing {
        case following
        case not(why: String)
    }

    /// Whether a node streams from the primary, by a new look at everybody.
    func standing(of node: String, under primary: String) -> Standing {
        let site: OperatorSite
        do throws(ContextProblem) {
            site = try OperatorSite.read(resource: resource)
        } catch {
            return .not(why: error.description)
        }
        guard site.facts.status.serving.contains(where: { sameName($0.name, primary) }), let row = site.facts.row(node)
        else { return .not(why: "\(primary) doesn't answer as the primary") }
        switch (row.role, row.activity) {
        case (.known(.standby), .known(.streaming)): return .following
        case (.unknown(let why), _), (_, .unknown(let why)): return .not(why: why)
        case (.known(let role), .known(let activity)): return .not(why: standingText(role, activity))
        }
    }
}
