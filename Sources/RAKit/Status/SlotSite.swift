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
    /// - Returns: nil, or what failed; nothing is told of it then.
    public func drop(_ target: SlotDropPlan.Target) -> String? {
        guard case .member(let owner) = target.slot.kind else { return dropThere(target) }
        let dropped = DroppedSlot(
            limit: .command,
            keeper: target.node,
            lsn: target.slot.restartLSN,
            time: timestamp()
        )
        let note = ClusterEffect.set(.slot, node: owner, value: SlotNote.dropped(dropped).text)
        // Told first, as the primary's agent would make the slot again, and once more: it takes a note back as long as the
        // slot is there.
        if let failure = write(note) { return failure }
        if let failure = dropThere(target) {
            _ = write(.delete(.slot, node: owner))
            return failure
        }
        return write(note)
    }

    private func write(_ effect: ClusterEffect) -> String? { tools.write([effect], by: .after(milliseconds: 10_000)) }

    private func dropThere(_ target: SlotDropPlan.Target) -> String? {
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
}

extension LocalQuestion {
    func dropSlot(_ name: String, by deadline: Deadline) -> String? {
        let directory = findDataDirectory(parameters)
        guard case .running(let file) = observePostmaster(dataDirectory: directory) else {
            return "no server runs here"
        }
        let observer = InstanceObserver(parameters, dataDirectory: directory, account: account)
        switch observer.connectToChange(file, by: deadline) {
        case .failure(let failure): return failure.text
        case .success(let connection):
            do throws(QueryFailure) {
                let slots = Slots(connection: connection, deadline: deadline)
                guard try slots.drop(name, isForced: false) else { return "it is in use" }
                slots.requestCheckpoint()
                return nil
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
                _ = try connection.query("DROP_REPLICATION_SLOT \"\(name)\"", by: deadline)
                return nil
            } catch {
                return redactingPasswords(error.text)
            }
        } catch {
            return redactingPasswords(error.text)
        }
    }
}
