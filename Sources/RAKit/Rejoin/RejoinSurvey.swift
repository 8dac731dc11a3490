public import RACore

/// The node and its cluster as `pgrex-tool rejoin` finds them: everything is read, nothing changed.
public struct RejoinSurvey: Sendable {
    public let node: String
    public let facts: RejoinFacts
    /// What the steps go by; nil where no primary or no programs were found, which the plan refuses.
    public let work: Work?
    let context: ResourceContext

    /// The primitive's id.
    public var resource: String { context.configuration.name }

    /// Whether no server runs, so that what an earlier run left can be brought to its end.
    public var isStopped: Bool {
        guard work != nil, case .stopped = facts.instance else { return false }
        return true
    }

    /// Whether an earlier run has left something that a standby which follows no longer needs.
    public var hasLeftovers: Bool {
        guard work != nil else { return false }
        let parameters = context.configuration.reading.parameters
        let directory = findTemporaryDirectory(parameters, account: Account(name: parameters.pgdba))
        let files = OwnedFiles(directory: directory).rejoin
        return FileFacts(files.journal) != nil || SwapStep.state(files) != .none
    }

    /// Whether `pgrex-tool stop` keeps the node from running anything.
    var isStoppedByTool: Bool {
        guard let known = context.cluster.node(node), case .ours = standbyMark(of: known, resource: resource) else {
            return false
        }
        return true
    }

    /// What a rejoin works with.
    public struct Work: Sendable {
        let installation: Installation
        let source: RejoinSource
        /// nil where there are no data that can be read.
        let control: ControlFile?
        let history: TimelineHistory?
        /// From where a copy comes, when not from the primary.
        var copySource: RejoinSource?
        /// What a reader of the plan should know besides.
        var remarks: [String] = []
        /// Which WAL is missing, and how it comes; nil where it wasn't asked for.
        var need: NeededWAL?
    }

    /// Why the node can't even be looked at.
    public enum Problem: Error, Sendable, Hashable, CustomStringConvertible {
        case context(ContextProblem)
        case clusterStopped(why: String)
        case unnamed
        case notReplicated(ReplicationMode)

        public var description: String {
            switch self {
            case .context(let problem): problem.description
            case .clusterStopped(let why):
                "the cluster doesn't run on this node: \(why). HINT: 'crm cluster start', then again."
            case .unnamed: "this node's name isn't known. HINT: 'crm_node --name'."
            case .notReplicated(let mode):
                "rep_mode is \(mode.rawValue): there is no primary in this cluster to follow"
            }
        }
    }

    /// The cluster's configuration, and this node's name in it.
    public static func place(resource: String?) throws(Problem) -> (context: ResourceContext, node: String) {
        let context: ResourceContext
        do throws(ContextProblem) {
            context = try ConfigurationReader(resource: resource).read(by: .after(milliseconds: 10_000))
        } catch {
            throw .context(error)
        }
        if case .savedConfiguration(let why, _) = context.source { throw .clusterStopped(why: why) }
        let mode = context.configuration.reading.parameters.repMode
        guard mode.isReplicated else { throw .notReplicated(mode) }
        guard let own = findOwnNode(context) else { throw .unnamed }
        return (context, own)
    }

    /// Looks at the node, its data and its primary.
    public init(_ context: ResourceContext, node: String, wish: RejoinWish, options: RejoinOptions) {
        self.context = context
        self.node = node
        var wish = wish
        if wish.isUnattended { wish.allowed = context.configuration.reading.parameters.autoRejoin.methods }
        var observer = StatusObserver(reader: ConfigurationReader(resource: context.configuration.name))
        let observation = observer.observe(context)
        var facts = RejoinFacts(
            node: node,
            primaries: context.cluster.promotedNodes,
            claims: RejoinSurvey.claims(observation),
            obstacle: RejoinSurvey.obstacle(context, node),
            instance: .busy(why: "it wasn't looked at"),
            wish: wish
        )
        let reader = SurveyReader(context: context, node: node, options: options)
        let (instance, answer, source) = reader.judge(by: .after(milliseconds: 30_000))
        facts.instance = instance
        if case .known(let source) = source, let installation = answer.installation {
            var work = Work(
                installation: installation,
                source: source,
                control: answer.control,
                history: answer.history
            )
            // One that follows needs no way back.
            if instance != .following {
                let methods = MethodReader(context: context, node: node, options: options)
                facts.methods = methods.read(&work, answer.data)
                facts.remarks = work.remarks + RejoinSurvey.remarks(on: answer.data, installation)
            }
            self.work = work
        } else {
            work = nil
        }
        self.facts = facts
    }

    private static func remarks(on data: LocalData, _ installation: Installation) -> [String] {
        var remarks: [String] = []
        if case .everything = data.evidence,
            let files = try? EvidenceFiles.all(installation.dataDirectory + "/pg_wal"), !files.kept.isEmpty
        {
            remarks.append(
                "it can't be told what the data have of their own: all of pg_wal is saved to the ledger first"
            )
        }
        if isInMemory(installation.temporaryDirectory) {
            remarks.append(
                "parameter tmpdir, \"\(installation.temporaryDirectory)\", is in memory: a restart of the node takes away how far "
                    + "a rejoin was, and the ledger with what it saved; set it to a directory on a disk"
            )
        }
        return remarks
    }

    /// Every instance that says that it accepts writes.
    private static func claims(_ observation: StatusObservation) -> [PrimaryClaim] {
        observation.answers.sorted { $0.key < $1.key }.compactMap { node, answer in
            switch answer {
            case .server(let facts, _): facts.isInRecovery ? nil : PrimaryClaim(node: node, position: facts.position)
            case .replication(let isInRecovery, let position):
                isInRecovery ? nil : PrimaryClaim(node: node, position: position)
            case .notRunning, .notServing, .silent, .none: nil
            }
        }
    }

    private static func obstacle(_ context: ResourceContext, _ node: String) -> RejoinObstacle {
        let cluster = context.cluster
        let meta = context.configuration.metaAttributes
        let known = cluster.node(node)
        let unclean = cluster.nodes.filter(\.isUnclean).map(\.name)
        if !cluster.actsWithQuorum { return .noQuorum }
        if !unclean.isEmpty, cluster.properties.isFencingEnabled { return .fencing(unclean) }
        if cluster.properties.isMaintenanceMode { return .maintenance }
        if known?.isMaintenance ?? false { return .unmanaged }
        if meta["is-managed"].flatMap(pacemakerBoolean) == false { return .unmanaged }
        // What `pgrex-tool stop` did is taken back; somebody else's standby mode isn't.
        if let known, standbyMark(of: known, resource: context.configuration.name) == .foreign {
            return .standbyMode
        }
        if meta["target-role"]?.lowercased() == "stopped" { return .stopped }
        if let ban = context.configuration.bans.first(where: { sameName($0.node, node) }) { return .banned(ban.id) }
        return .none
    }
}

/// The WAL that data lack which may go on as they are.
struct NeededWAL: Sendable {
    let path: WALPath
    let localEnd: LSN
    let bytes: UInt64
}

/// What an operator may say of how a rejoin works.
public struct RejoinOptions: Sendable, Hashable {
    /// Another node than the primary to copy from.
    public var source: String?
    /// kB a second of a copy at most.
    public var maxRate: Int?
    /// Whether the former data may go before the copy is there, when both don't fit.
    public var isInPlace = false
    /// A kept full backup for the incremental method.
    public var incrementalFrom: String?
    /// The directory with archived WAL on the primary.
    public var archive: String?
    /// Fetches one archived file: %f is its name, %p where it is to be put.
    public var fetchCommand: String?
    /// Whether no person watches: what the agent's start has begun.
    public var isUnattended = false
    /// Seconds to wait until it follows.
    public var wait = 60
    /// When the command was given: what it took is counted from then on.
    public var began = Moment.now()

    public init() {}
}
