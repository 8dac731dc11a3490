public import RACore

/// Asks everybody once for what `status` shows: the cluster, the local instance, then all other instances together.
public struct StatusObserver: Sendable {
    public var reader: ConfigurationReader
    /// The time that the other nodes have for their answers, in milliseconds.
    public var peerMilliseconds: Int
    /// Nodes that let no ordinary session in: asking again at each look would only fill their logs.
    private var closedNodes: Set<String> = []

    public init(reader: ConfigurationReader, peerMilliseconds: Int = 2000) {
        self.reader = reader
        self.peerMilliseconds = peerMilliseconds
    }

    /// - Throws: why not even the settings are known.
    public mutating func observe() throws(ContextProblem) -> StatusObservation {
        observe(try reader.read(by: .after(milliseconds: 10_000)))
    }

    /// Asks the servers, once the settings are known.
    mutating func observe(_ context: ResourceContext) -> StatusObservation {
        let parameters = context.configuration.reading.parameters
        let ownNode = findOwnNode(context)
        var observation = StatusObservation(
            resource: context.configuration.name,
            mode: parameters.repMode,
            nodeList: parameters.nodeList,
            slotBase: parameters.replicationSlotName,
            ownNode: ownNode,
            source: context.source,
            cluster: context.cluster
        )
        let local = LocalQuestion(parameters: parameters)
        if let ownNode, observation.members.contains(ownNode) {
            observation.answers[ownNode] = local.ask(by: .after(milliseconds: max(2000, peerMilliseconds)))
        }
        askPeers(&observation, local, parameters)
        observation.election = FailoverSite.election(context)
        observation.rejoins = rejoins(context, ownNode)
        observation.openLedgerEntries = LedgerBook(parameters).openCount
        return observation
    }

    /// What nodes tell of rejoins, and what one that ended without a word has left here.
    private func rejoins(_ context: ResourceContext, _ ownNode: String?) -> [String: PublishedRejoin] {
        let parameters = context.configuration.reading.parameters
        guard parameters.repMode.isReplicated else { return [:] }
        var found: [String: PublishedRejoin] = [:]
        if case .cluster = context.source {
            let tools = ClusterTools(resource: context.configuration.name, callMilliseconds: 5000)
            found = tools.publishedRejoins(by: .after(milliseconds: 5000))
        }
        let directory = findTemporaryDirectory(parameters, account: Account(name: parameters.pgdba))
        let state = RejoinState(files: OwnedFiles(directory: directory).rejoin)
        guard let ownNode, let journal = state.journal, !state.isRunning else { return found }
        guard case .ended? = found[ownNode]?.outcome else {
            found[ownNode] = PublishedRejoin(step: journal.phase.rawValue, outcome: .interrupted)
            return found
        }
        return found
    }

    private mutating func askPeers(
        _ observation: inout StatusObservation,
        _ local: LocalQuestion,
        _ parameters: Parameters
    ) {
        let present = observation
        let peers = present.members.filter { present.answers[$0] == nil && isWorthAsking($0, present) }
        let deadline = Deadline.after(milliseconds: peerMilliseconds)
        let questions = peers.map { peer in
            let question = PeerQuestion(
                node: peer,
                address: local.address(of: peer, in: present),
                parameters: parameters,
                account: local.account,
                isClosed: closedNodes.contains(peer)
            )
            return { @Sendable in question.ask(by: deadline) }
        }
        let ask = { askSideBySide(questions, by: deadline) }
        // The password file is its owner's alone, and one user is the whole process's: so all ask as that user.
        let answers = local.account.map { $0.impersonate(ask) } ?? ask()
        for (peer, answer) in zip(peers, answers) {
            observation.answers[peer] = answer ?? .silent(why: "\(peer): no answer within \(peerMilliseconds) ms")
            if case .replication? = answer { closedNodes.insert(peer) }
        }
    }

    /// A node that the cluster knows to be gone can't answer; whether a lost one is gone is what an answer would tell.
    private func isWorthAsking(_ node: String, _ observation: StatusObservation) -> Bool {
        guard case .cluster = observation.source, let known = observation.cluster.node(node) else { return true }
        return known.isOnline || known.isUnclean
    }
}

/// This node, as the cluster spells it.
func findOwnNode(_ context: ResourceContext) -> String? {
    if let node = context.cluster.node(machineName()) { return node.name }
    let tools = ClusterTools(resource: context.configuration.name, callMilliseconds: 5000)
    return tools.localNodeName(by: .after(milliseconds: 5000)).flatMap { context.cluster.node($0)?.name }
}

/// The question to the instance on this node.
struct LocalQuestion: Sendable {
    let parameters: Parameters
    let account: Account?

    init(parameters: Parameters) {
        self.parameters = parameters
        account = Account(name: parameters.pgdba)
    }

    /// By which address a standby is connected to the local primary; nil when it isn't.
    func address(of peer: String, in observation: StatusObservation) -> String? {
        for case .server(_, .known(let extras)) in observation.answers.values {
            if let address = extras.addresses.first(where: { sameName($0.key, peer) })?.value { return address }
        }
        return nil
    }

    func ask(by deadline: Deadline) -> NodeAnswer {
        let directory = findDataDirectory(parameters)
        let observer = InstanceObserver(parameters, dataDirectory: directory, account: account)
        let instance = observer.observe(by: deadline)
        let hasSignal = FileFacts(directory + "/standby.signal") != nil
        let why = describe(instance)
        switch (assess(instance, hasStandbySignal: hasSignal), instance.server, instance.postmaster) {
        case (_, .answering(let facts), .running(let file)): return .server(facts, extras(observer, file, by: deadline))
        case (.absent, _, _): return stopped(by: deadline)
        case (.starting, _, _): return .notServing(.starting, why: why)
        case (.stopping, _, _): return .notServing(.stopping, why: why)
        case (.refusing, _, _), (.fullPrimary, _, _), (.fullStandby, _, _): return .notServing(.refusing, why: why)
        case (.hung, _, _): return .notServing(.hung, why: why)
        case (.unknown, _, _), (.primary, _, _), (.standby, _, _): return .none(why: why)
        }
    }

    private func extras(
        _ observer: InstanceObserver,
        _ file: PostmasterFile,
        by deadline: Deadline
    ) -> Observed<ServerExtras> {
        switch observer.connect(file, by: deadline) {
        case .failure(let failure): return .unknown(why: failure.text)
        case .success(let connection):
            do throws(QueryFailure) {
                return .known(try Queries.extras(connection, by: deadline))
            } catch {
                return .unknown(why: error.text)
            }
        }
    }

    /// What the files of a stopped instance tell.
    private func stopped(by deadline: Deadline) -> NodeAnswer {
        let installation: Installation
        do throws(Refusal) {
            installation = try findInstallation(parameters)
        } catch {
            return .notRunning(timeline: .unknown(why: error.reason), lsn: .unknown(why: error.reason))
        }
        switch ControlFile.read(installation, by: deadline) {
        case .unknown(let why): return .notRunning(timeline: .unknown(why: why), lsn: .unknown(why: why))
        case .known(let file): return stoppedAnswer(file)
        }
    }
}

/// A primary's last record is the checkpoint of its clean stop; in all other states WAL may reach further.
func stoppedAnswer(_ file: ControlFile) -> NodeAnswer {
    let position = [file.checkpoint, file.minimumRecoveryEnd].compactMap { $0 }.max() ?? file.checkpoint
    let why =
        "it is stopped (\"\(file.clusterState)\" by its control file); its data reach at least LSN \(position.lsn)"
    return .notRunning(
        timeline: .known(position.timeline),
        lsn: file.clusterState == "shut down" ? .known(position.lsn) : .unknown(why: why)
    )
}
