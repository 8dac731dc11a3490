internal import Glibc
public import RACore

/// The slots of all servers as `pgrex-tool slots` finds them, and what it changes there.
public struct SlotSite: Sendable {
    let context: ResourceContext
    let observation: StatusObservation
    let tools: ClusterTools
    public let report: SlotReport

    /// - Throws: why not even the settings are known.
    public static func read(resource: String?) throws(ContextProblem) -> SlotSite {
        var observer = StatusObserver(reader: ConfigurationReader(resource: resource))
        let context = try observer.reader.read(by: .after(milliseconds: 10_000))
        return SlotSite(context, observer.observe(context))
    }

    init(_ context: ResourceContext, _ observation: StatusObservation) {
        self.context = context
        self.observation = observation
        tools = ClusterTools(resource: context.configuration.name, callMilliseconds: 5000)
        var told: [String: PublishedWAL] = [:]
        if case .cluster = context.source {
            for (node, wal) in tools.publishedWAL(by: .after(milliseconds: 5000)) { told[node] = wal }
        }
        report = assembleSlots(
            observation,
            told: told,
            limits: SlotLimits(context.configuration.reading.parameters),
            now: time(nil)
        )
    }

    /// Drops one slot that nobody uses.
    ///
    /// - Returns: nil, or what failed.
    public func drop(_ target: SlotDropPlan.Target) -> String? {
        if case .member(let owner) = target.slot.kind, let failure = note(owner, target) { return failure }
        let deadline = Deadline.after(milliseconds: 10_000)
        let local = LocalQuestion(parameters: context.configuration.reading.parameters)
        guard observation.ownNode.map({ sameName($0, target.node) }) ?? false else {
            let question = PeerQuestion(
                node: target.node,
                address: local.address(of: target.node, in: observation),
                parameters: local.parameters,
                account: local.account,
                isClosed: false
            )
            let ask = { question.dropSlot(target.slot.name, by: deadline) }
            return local.account.map { $0.impersonate(ask) } ?? ask()
        }
        return local.dropSlot(target.slot.name, by: deadline)
    }

    /// Told first: the primary's agent would only make the slot again.
    private func note(_ owner: String, _ target: SlotDropPlan.Target) -> String? {
        let dropped = DroppedSlot(
            limit: .command,
            keeper: target.node,
            lsn: target.slot.restartLSN,
            time: timestamp()
        )
        return tools.write(
            [.set(.slot, node: owner, value: SlotNote.dropped(dropped).text)],
            by: .after(milliseconds: 10_000)
        )
    }
}

extension LocalQuestion {
    func dropSlot(_ name: String, by deadline: Deadline) -> String? {
        let directory = findDataDirectory(parameters)
        guard case .running(let file) = observePostmaster(dataDirectory: directory) else {
            return "no server runs here"
        }
        let observer = InstanceObserver(parameters, dataDirectory: directory, account: account)
        switch observer.connect(file, by: deadline) {
        case .failure(let failure): return failure.text
        case .success(let connection):
            do throws(QueryFailure) {
                let slots = Slots(connection: connection, deadline: deadline)
                try slots.drop(name, isForced: false)
                return try slots.observe().slot(name).map { _ in "it is in use" }
            } catch {
                return error.text
            }
        }
    }
}

extension PeerQuestion {
    /// Drops a slot over a replication connection, which every node lets the others open.
    func dropSlot(_ name: String, by deadline: Deadline) -> String? {
        do throws(ConnectionFailure) {
            let connection = try Connection.open(target(isReplication: true), as: nil, by: deadline)
            do throws(QueryFailure) {
                _ = try connection.query("DROP_REPLICATION_SLOT \(name)", by: deadline)
                return nil
            } catch {
                return error.text
            }
        } catch {
            return error.text
        }
    }
}
