public import RACore

/// The cluster as `switchover`, `stop` and `primary-start` find it; each of them reads it anew before it acts.
public struct OperatorSite: Sendable {
    let context: ResourceContext
    let observation: StatusObservation
    let tools: ClusterTools
    let local: LocalQuestion
    public let facts: OperatorFacts
    /// This node, as the cluster spells it; nil when its name isn't known.
    public var ownNode: String? { observation.ownNode }
    public var resource: String { context.configuration.name }
    /// How the choice of a primary stands, and the record that it is made by; nil while a primary runs.
    public var election: StatusObservation.Election? { observation.election }

    /// - Throws: why not even the settings are known.
    public static func read(resource: String?) throws(ContextProblem) -> OperatorSite {
        var observer = StatusObserver(reader: ConfigurationReader(resource: resource))
        let context = try observer.reader.read(by: .after(milliseconds: 10_000))
        return OperatorSite(context, observer.observe(context))
    }

    init(_ context: ResourceContext, _ observation: StatusObservation) {
        self.context = context
        self.observation = observation
        tools = ClusterTools(resource: context.configuration.name, callMilliseconds: 10_000)
        let parameters = context.configuration.reading.parameters
        local = LocalQuestion(parameters: parameters)
        let meta = context.configuration.metaAttributes
        facts = OperatorFacts(
            status: assembleStatus(observation),
            cluster: context.cluster,
            outerName: context.configuration.outerName,
            isManaged: context.configuration.isManaged,
            targetRole: meta["target-role"],
            isStrict: parameters.syncStrict,
            bans: Dictionary(context.configuration.bans.map { ($0.node, $0.id) }) { first, _ in first }
        )
    }

    /// The cluster's state alone: one command, for waits.
    func look() -> ClusterObservation? { tools.observe(by: .after(milliseconds: 10_000)).value }

    /// What a node's instance says, asked over the socket here and over the network elsewhere.
    func ask(_ node: String, by deadline: Deadline) -> NodeAnswer {
        guard !isOwn(node) else { return local.ask(by: deadline) }
        let question = question(to: node)
        return asAccount { question.ask(by: deadline) }
    }

    /// Has an instance write a checkpoint, so that its shutdown or its recovery is short.
    ///
    /// - Returns: nil, or why there is none: nothing depends on it.
    public func checkpoint(_ node: String, by deadline: Deadline) -> String? {
        guard !isOwn(node) else { return local.checkpoint(by: deadline) }
        let question = question(to: node)
        return asAccount { question.checkpoint(by: deadline) }
    }

    private func question(to node: String) -> PeerQuestion {
        PeerQuestion(
            node: node,
            address: local.address(of: node, in: observation),
            parameters: local.parameters,
            account: local.account,
            isClosed: false
        )
    }

    func isOwn(_ node: String) -> Bool { ownNode.map { sameName($0, node) } ?? false }

    /// The password file is the database user's alone.
    private func asAccount<Answer>(_ ask: () -> Answer) -> Answer { local.account.map { $0.impersonate(ask) } ?? ask() }

    /// Who acts, for notes and logs.
    var author: String { commandingUser() }

    /// Runs a command of the cluster, which a Ctrl-C at the terminal doesn't end half-way.
    ///
    /// - Returns: nil, or what failed.
    func carryOut(_ command: Command) -> String? {
        var command = command
        command.group = .own
        let result = run(command, by: .after(milliseconds: 30_000))
        return result.isSuccess ? nil : "\(command.program) \(command.arguments.first ?? ""): \(result.summary)"
    }
}

extension LocalQuestion {
    func checkpoint(by deadline: Deadline) -> String? {
        let directory = findDataDirectory(parameters)
        guard case .running(let file) = observePostmaster(dataDirectory: directory) else {
            return "no server runs here"
        }
        let observer = InstanceObserver(parameters, dataDirectory: directory, account: account)
        switch observer.connectToChange(file, by: deadline) {
        case .failure(let failure): return failure.text
        case .success(let connection): return writeCheckpoint(connection, by: deadline)
        }
    }
}

extension PeerQuestion {
    /// Needs a user who may: a superuser, or from PostgreSQL 15 on a member of pg_checkpoint.
    func checkpoint(by deadline: Deadline) -> String? {
        do throws(ConnectionFailure) {
            let connection = try Connection.open(target(isReplication: false), as: nil, by: deadline)
            return writeCheckpoint(connection, by: deadline)
        } catch {
            return redactingPasswords(error.text)
        }
    }
}

private func writeCheckpoint(_ connection: Connection, by deadline: Deadline) -> String? {
    do throws(QueryFailure) {
        try Queries.checkpoint(connection, by: deadline)
        return nil
    } catch {
        return redactingPasswords(error.text)
    }
}
