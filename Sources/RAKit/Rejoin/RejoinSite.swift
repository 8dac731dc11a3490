public import RACore

/// The node and its cluster as `pgrex-tool rejoin` finds them, and what it does there.
public struct RejoinSite: Sendable {
    public let node: String
    public let facts: RejoinFacts
    let context: ResourceContext
    let local: LocalQuestion

    /// Why the node can't even be looked at.
    public enum Problem: Error, Sendable, Hashable, CustomStringConvertible {
        case context(ContextProblem)
        case clusterStopped(why: String)
        case notThisNode(wanted: String, own: String)
        case unnamed

        public var description: String {
            switch self {
            case .context(let problem): problem.description
            case .clusterStopped(let why):
                "the cluster doesn't run on this node: \(why). HINT: 'crm cluster start', then again."
            case .notThisNode(let wanted, let own):
                "this node is \(own): the data of \(wanted) are there. HINT: Run it on \(wanted)."
            case .unnamed: "this node's name isn't known. HINT: 'crm_node --name'."
            }
        }
    }

    /// - Parameter wanted: the node that is meant; nil for this one.
    public static func read(resource: String?, node wanted: String?) throws(Problem) -> RejoinSite {
        let context: ResourceContext
        do throws(ContextProblem) {
            context = try ConfigurationReader(resource: resource).read(by: .after(milliseconds: 10_000))
        } catch {
            throw .context(error)
        }
        if case .savedConfiguration(let why, _) = context.source { throw .clusterStopped(why: why) }
        guard let own = findOwnNode(context) else { throw .unnamed }
        if let wanted, !sameName(wanted, own) { throw .notThisNode(wanted: wanted, own: own) }
        return RejoinSite(context, node: own)
    }

    private init(_ context: ResourceContext, node: String) {
        self.context = context
        self.node = node
        local = LocalQuestion(parameters: context.configuration.reading.parameters)
        let known = context.cluster.node(node)
        facts = RejoinFacts(
            node: node,
            primaries: context.cluster.promotedNodes,
            isInStandbyMode: known?.isInStandbyMode ?? false,
            isInMaintenance: context.cluster.properties.isMaintenanceMode || known?.isMaintenance ?? false,
            instance: local.instance
        )
    }

    /// Has the cluster forget the node's failures, so that it starts the instance, and waits until that receives WAL.
    ///
    /// - Returns: nil, or how it stands at the end of the time.
    public func follow(seconds: Int) -> String? {
        let words = ["--cleanup", "--resource", context.configuration.name, "--node", node]
        let result = run(Command("crm_resource", words), by: .after(milliseconds: 30_000))
        guard result.isSuccess else { return "crm_resource --cleanup: \(result.summary)" }
        var last = RejoinInstance.busy(why: "nothing was seen yet")
        let isFollowing = wait(until: .after(milliseconds: seconds * 1000), everyMilliseconds: 100) { () -> Bool? in
            last = local.instance
            return last == .following ? true : nil
        }
        return isFollowing == true ? nil : describe(last)
    }

    private func describe(_ instance: RejoinInstance) -> String {
        switch instance {
        case .following: "it follows"
        case .deaf: "it runs, but receives no WAL: the server's log says why"
        case .primary: "it accepts writes"
        case .busy(let why): why
        case .stopped: "the cluster hasn't started it: a constraint may keep it away, or its start failed"
        }
    }

    /// What makes another copy of the primary's data here, for a person to run; the present ones stay.
    public func copyCommands() -> [String] {
        let parameters = context.configuration.reading.parameters
        let directory = findDataDirectory(parameters)
        let source = "-h \(parameters.masterIP ?? "PRIMARY") -p \(parameters.pgport) -U \(parameters.repuser)"
        var commands: [String] = []
        if FileFacts(directory) != nil { commands.append("mv \(directory) \(directory).old") }
        return commands + [
            "runuser -u \(parameters.pgdba) -- pg_basebackup -D \(directory) \(source) -X stream -c fast -P",
            "pgrex-tool rejoin",
        ]
    }
}

extension LocalQuestion {
    /// What runs here, and otherwise what the data are.
    var instance: RejoinInstance {
        let end = Deadline.after(milliseconds: 10_000)
        switch ask(by: end) {
        case .server(let facts, _):
            guard facts.isInRecovery else { return .primary }
            return facts.receiver?.isStreaming ?? false ? .following : .deaf
        case .notRunning: return .stopped(compareWithPrimary(by: end))
        case .notServing(_, let why), .silent(let why), .none(let why): return .busy(why: why)
        case .replication: return .busy(why: "only replication connections are let in")
        }
    }

    private func compareWithPrimary(by deadline: Deadline) -> LocalData {
        let directory = findDataDirectory(parameters)
        guard FileFacts(directory + "/PG_VERSION") != nil else {
            let names = (try? listDirectory(directory)) ?? []
            return names.isEmpty ? .absent : .unreadable(why: "\(directory) has no PG_VERSION")
        }
        let installation: Installation
        do throws(Refusal) {
            installation = try findInstallation(parameters)
        } catch {
            return .unreadable(why: error.reason)
        }
        let files = LocalWAL(installation: installation)
        switch files.read(by: deadline) {
        case .unknown(let why): return .unreadable(why: why)
        case .known(let (control, ours)): return compare(ours, control, files, by: deadline)
        }
    }

    private func compare(
        _ ours: InstanceHistory,
        _ control: ControlFile,
        _ files: LocalWAL,
        by deadline: Deadline
    ) -> LocalData {
        let target = ConnectionTarget(toPrimaryOf: parameters)
        switch PrimaryHistory.read(target, as: account, by: deadline) {
        case .unknown(let why): return .unknown(why: redactingPasswords("\(target.summary): \(why)"))
        case .known(let (theirs, flushed)):
            let path = OwnedFiles(directory: files.installation.temporaryDirectory).lock
            if let lock = (try? readText(path, limit: 4096)).flatMap({ LockContent(text: $0) }),
                isTwin(ours, of: theirs, lock)
            {
                return .diverged(at: lock.position)
            }
            switch compareHistories(local: ours, primary: theirs, flushed: flushed) {
            case .foreign(let ours, let theirs): return .foreign(ours: ours, theirs: theirs)
            case .forked(let position): return .diverged(at: position)
            case .ancestorUnlessRecord(let position):
                switch files.hasRecord(at: position, control, by: deadline) {
                case .unknown(let why): return .unknown(why: why)
                case .known(let hasOwn): return hasOwn ? .diverged(at: position) : .ancestor
                }
            }
        }
    }
}

/// Whether both sides were promoted apart to timelines of one number: the lock file has where the local one began.
func isTwin(_ ours: InstanceHistory, of theirs: InstanceHistory, _ lock: LockContent) -> Bool {
    let timeline = ours.history.timeline
    // Promoted by a restart both may be on the timeline of before: no switch point can tell them apart.
    return timeline == theirs.history.timeline && ours.systemIdentifier == theirs.systemIdentifier
        && (lock.position.timeline == timeline || lock.position.timeline == ours.history.ancestors.last?.timeline)
}
