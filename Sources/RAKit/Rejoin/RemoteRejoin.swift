public import RACore

/// A rejoin that is asked for on another node: the agent there does it, as the data are there.
public struct RemoteRejoin: Sendable {
    let context: ResourceContext
    public let node: String
    /// What the node told before it was asked: the end of a run of before.
    private let former: PublishedRejoin?

    /// - Throws: why it can't be asked for.
    public init(resource: String?, node wanted: String) throws(RejoinFailure) {
        let context: ResourceContext
        do throws(ContextProblem) {
            context = try ConfigurationReader(resource: resource).read(by: .after(milliseconds: 10_000))
        } catch {
            throw RejoinFailure(.refused, error.description)
        }
        guard case .cluster = context.source else {
            throw RejoinFailure(
                .refused,
                "the cluster doesn't run on this node. HINT: 'crm cluster start', then again."
            )
        }
        guard let node = context.cluster.node(wanted) else {
            let names = context.cluster.nodes.map(\.name).joined(separator: ", ")
            throw RejoinFailure(
                .refused,
                "the cluster has no node \"\(wanted)\"; it has \(names). HINT: 'pgrex-tool rejoin' with one of them."
            )
        }
        self.context = context
        self.node = node.name
        let tools = ClusterTools(resource: context.configuration.name, callMilliseconds: 5000)
        former = tools.publishedRejoins(by: .after(milliseconds: 5000))[node.name]
        guard node.isOnline else {
            throw RejoinFailure(
                .refused,
                "\(node.name) isn't online: nobody there can do the work. HINT: Start it first."
            )
        }
        switch node.resourceRole {
        case .stopped, .failed, .unknown: break
        case .promoted: throw RejoinFailure(.unsafe, "\(node.name) is the primary")
        case .unpromoted:
            throw RejoinFailure(
                .refused,
                "an instance runs on \(node.name). HINT: 'pgrex-tool status'; if it receives no WAL, run it on \(node.name)."
            )
        }
    }

    /// Asks for it: the start that the cluster now tries there has it done, if it can't just start.
    public func ask(method: RejoinMethod?) throws(RejoinFailure) {
        let value = "method=\(method?.rawValue ?? "any") by=\(commandingUser()) at=\(timestamp())"
        let tools = ClusterTools(resource: context.configuration.name, callMilliseconds: 5000)
        let request = ClusterEffect.set(.rejoinRequest, node: node, value: value)
        if let failure = tools.write([request], by: .after(milliseconds: 10_000)) {
            throw RejoinFailure(.failed, failure)
        }
        if let failure = takeBackStop(ofNode: node, resource: context.configuration.name) {
            throw RejoinFailure(.failed, failure)
        }
        let words = ["--cleanup", "--resource", context.configuration.name, "--node", node]
        let result = run(Command("crm_resource", words), by: .after(milliseconds: 30_000))
        guard result.isSuccess else { throw RejoinFailure(.failed, "crm_resource --cleanup: \(result.summary)") }
    }

    /// Waits for its end.
    ///
    /// - Parameter seconds: how long nothing may be heard of it.
    public func await(seconds: Int, show: (PublishedRejoin) -> Void) throws(RejoinFailure) {
        var heard = Deadline.after(milliseconds: seconds * 1000)
        var last: PublishedRejoin?
        var observer = StatusObserver(reader: ConfigurationReader(resource: context.configuration.name))
        while !heard.isPast, !Interruption.isRequested {
            let observation = observer.observe(context)
            if isFollowing(observation.answers[node]) { return }
            if let now = observation.rejoins.first(where: { sameName($0.key, node) })?.value, now != former {
                if case .ended(let code, let why) = now.outcome { throw RejoinFailure(code, "\(node): \(why)") }
                show(now)
                if now != last { heard = .after(milliseconds: seconds * 1000) }
                last = now
            }
            pause(milliseconds: 500)
        }
        guard last != nil || Interruption.isRequested else {
            throw RejoinFailure(
                .resumable,
                "\(node) was asked for it, and its agent hasn't begun within \(seconds) s. HINT: 'crm_mon -1' shows whether the "
                    + "cluster starts anything there; or run 'pgrex-tool rejoin' on \(node)."
            )
        }
        throw RejoinFailure(.resumable, "\(node) doesn't follow yet. HINT: 'pgrex-tool status' shows how far it is.")
    }

    private func isFollowing(_ answer: NodeAnswer?) -> Bool {
        switch answer {
        case .server(let facts, _)?: facts.isInRecovery && facts.receiver?.isStreaming ?? false
        case .replication(let isInRecovery, _)?: isInRecovery
        case .notRunning?, .notServing?, .silent?, Optional.none, .some(.none): false
        }
    }
}

/// What another node asked of this one.
struct RejoinRequest {
    let method: RejoinMethod?

    /// nil without one.
    init?(_ cluster: ClusterObservation, node: String, resource: String) {
        guard let text = attributeValue(.rejoinRequest, node: node, in: cluster, resource: resource) else { return nil }
        let word = text.split(separator: " ").first { $0.hasPrefix("method=") }?.dropFirst("method=".count)
        method = word.flatMap { RejoinMethod(rawValue: String($0)) }
    }
}
