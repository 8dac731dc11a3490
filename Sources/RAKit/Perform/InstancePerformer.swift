import RACore

/// Carries out what start, promote and demote change of the local instance.
struct InstancePerformer {
    let agent: Agent
    let installation: Installation
    let set: ReplicaSet
    /// The cluster as it was seen last, where that is known.
    let cluster: ClusterObservation?
    let starter: PostmasterStarter
    /// By when a shutdown must have ended; the action's own deadline unless something comes after it.
    var shutdownEnd: Deadline

    init(agent: Agent, installation: Installation, set: ReplicaSet, cluster: ClusterObservation? = nil) {
        self.cluster = cluster
        self.agent = agent
        self.installation = installation
        self.set = set
        starter = PostmasterStarter(agent: agent, installation: installation)
        shutdownEnd = agent.deadline
    }

    private var files: ConfigurationFiles {
        ConfigurationFiles(installation: installation, parameters: agent.parameters)
    }

    /// Carries effects out in their order; the first failure ends it.
    func perform(_ effects: [InstanceEffect]) throws(Refusal) {
        var changes: [ClusterEffect] = []
        for effect in effects {
            if case .cluster(let change) = effect {
                changes.append(change)
                continue
            }
            try record(&changes)
            try carryOut(effect)
        }
        try record(&changes)
    }

    private func record(_ changes: inout [ClusterEffect]) throws(Refusal) {
        defer { changes = [] }
        guard let failure = ClusterPerformer(agent: agent, cluster: cluster).perform(changes) else { return }
        throw Refusal(.genericError, failure)
    }

    private func carryOut(_ effect: InstanceEffect) throws(Refusal) {
        switch effect {
        case .cluster: break
        case .configureStandby:
            try prepareTemporaryDirectory()
            try configure { () throws(SystemError) in try files.configureStandby(ownNode: set.ownNode) }
        case .configureAlone: try configure { () throws(SystemError) in try files.configureAlone() }
        case .startPostmaster: try starter.start()
        case .shutDown: try shutDown()
        case .writeLock: try writeLock()
        case .promote: try promote()
        case .restartAsPrimary: try restartAsPrimary()
        }
    }

    /// Makes the agent's own directory; that it can't be made is this node's fault, which another node may not have.
    private func prepareTemporaryDirectory() throws(Refusal) {
        do throws(SystemError) {
            try ensureDirectory(installation.temporaryDirectory, mode: 0o700, owner: installation.account)
        } catch {
            throw Refusal(.insufficientPrivileges, "the agent's directory (parameter tmpdir): \(error.description)")
        }
    }

    private func configure(_ change: () throws(SystemError) -> [String]) throws(Refusal) {
        do throws(SystemError) {
            for note in try change() { agent.log.notice(note) }
        } catch {
            throw Refusal(.genericError, error.description)
        }
    }

    private func shutDown() throws(Refusal) {
        let shutdown = Shutdown(agent: agent, fastSeconds: agent.parameters.stopEscalate, end: shutdownEnd)
        if case .failed(let why) = shutdown.run() { throw Refusal(.genericError, why) }
    }

    /// Leaves PGSQL.lock with the position at which this node's WAL begins to be its own.
    private func writeLock() throws(Refusal) {
        guard case .answering(let facts) = agent.observeInstance().server else {
            throw Refusal(.genericError, "the server doesn't tell its position, which the lock file needs")
        }
        let content = LockContent(
            node: set.ownNode,
            systemIdentifier: facts.systemIdentifier,
            position: facts.position,
            time: timestamp()
        )
        do throws(SystemError) {
            try ensureDirectory(installation.temporaryDirectory, mode: 0o700, owner: installation.account)
            try replaceFile(files.own.lock, with: Array(content.text.utf8), owner: installation.account)
        } catch {
            throw Refusal(.genericError, error.description)
        }
    }

    /// Asks for the promotion over one connection, and waits there; with pg_ctl when the server lets nobody in.
    private func promote() throws(Refusal) {
        if let why = promoteBySQL() {
            agent.log.info("pg_promote: \(why); asking by pg_ctl")
            let result = run(starter.program.promoteCommand(), by: agent.deadline)
            guard result.isSuccess else { throw Refusal(.genericError, "pg_ctl promote: \(result.summary)") }
        }
    }

    /// - Returns: nil once the server was asked, whatever became of it; or why it couldn't be.
    private func promoteBySQL() -> String? {
        guard case .running(let file) = observePostmaster(dataDirectory: installation.dataDirectory) else {
            return "no postmaster runs"
        }
        switch agent.observer.connectToChange(file, by: agent.lookDeadline) {
        case .failure(let failure): return failure.text
        case .success(let connection):
            do throws(QueryFailure) {
                try Queries.requestPromotion(connection, by: agent.lookDeadline)
            } catch {
                return error.text
            }
            _ = wait(until: agent.lookDeadline, everyMilliseconds: 3) { () -> Bool? in
                guard let isInRecovery = try? Queries.isInRecovery(connection, by: agent.lookDeadline) else {
                    return true
                }
                return isInRecovery ? nil : true
            }
            return nil
        }
    }

    private func restartAsPrimary() throws(Refusal) {
        try shutDown()
        do throws(SystemError) {
            try removeFile(files.standbySignal)
        } catch {
            throw Refusal(.genericError, error.description)
        }
        try starter.start()
    }
}
