public import RACore

/// The cluster as `pgrex-tool failover` finds it, and what it changes there.
public struct FailoverSite: Sendable {
    let context: ResourceContext
    let set: ReplicaSet
    let tools: ClusterTools
    let positions: [NodePosition]
    /// The newest that the cluster or this node knows.
    public let record: ClusterRecord?

    /// - Throws: why there is no cluster to act on.
    public static func read(resource: String?) throws(ContextProblem) -> FailoverSite {
        let context = try ConfigurationReader(resource: resource).read(by: .after(milliseconds: 10_000))
        if case .savedConfiguration(let why, _) = context.source {
            throw .unreadable(cluster: why, file: "its saved configuration can't be acted on")
        }
        return FailoverSite(context)
    }

    init(_ context: ResourceContext) {
        let parameters = context.configuration.reading.parameters
        let directory = findTemporaryDirectory(parameters, account: Account(name: parameters.pgdba))
        self.context = context
        tools = ClusterTools(resource: context.configuration.name, callMilliseconds: 5000)
        set = ReplicaSet(
            resource: context.configuration.name,
            ownNode: machineName(),
            members: resolveNodeNames(nodeList: parameters.nodeList, clusterNodes: context.cluster.nodes.map(\.name)),
            mode: parameters.repMode
        )
        positions = tools.positions(by: .after(milliseconds: 5000))
        record = newestRecord(
            in: context.cluster,
            resource: context.configuration.name,
            copy: RecordCopy(path: OwnedFiles(directory: directory).record).read()
        )
    }

    /// How the choice of a primary stands; nil while one runs, when nobody's position is asked for.
    static func election(_ context: ResourceContext) -> StatusObservation.Election? {
        guard case .cluster = context.source, context.configuration.reading.parameters.repMode.isReplicated,
            context.cluster.promotedNode() == nil
        else { return nil }
        let site = FailoverSite(context)
        return StatusObservation.Election(
            outcome: electionOutcome(
                site.set,
                positions: site.positions,
                record: site.record,
                cluster: context.cluster
            ),
            record: site.record
        )
    }

    public func plan(wanted: String?) -> Result<LossPlan, LossRefusal> { plan(wanted: wanted, candidate: nil) }

    /// The plan that was agreed to as it is now: it may have taken minutes to answer, and a node may be back.
    public func plan(agreed: LossPlan, wanted: String?) -> Result<LossPlan, LossRefusal> {
        plan(wanted: wanted, candidate: agreed.candidate).flatMap { plan in
            plan.news(since: agreed).map { .failure(.changed($0)) } ?? .success(plan)
        }
    }

    private func plan(wanted: String?, candidate: String?) -> Result<LossPlan, LossRefusal> {
        planLoss(
            set,
            positions: positions,
            record: record,
            cluster: context.cluster,
            wanted: wanted,
            agreed: candidate
        )
    }

    /// Records that an operator has given data up: the nodes choose by that from now on.
    ///
    /// - Returns: nil, or what failed.
    public func record(_ plan: LossPlan) -> String? {
        let note =
            "time=\(timestamp()) by=\(commandingUser()) promoted=\(plan.candidate)"
            + " at=\(plan.position.timeline)/\(plan.position.lsn) given-up=\(plan.givenUp.joined(separator: ","))"
        Log(resource: set.resource).warning("loss accepted: \(note)")
        // The note first: what was given up is known even if this ends here.
        return tools.write([.set(.acceptedLoss, node: plan.candidate, value: note)], by: .after(milliseconds: 10_000))
            ?? tools.write(
                [.set(.record, node: plan.candidate, value: plan.record.text)],
                by: .after(milliseconds: 10_000)
            )
    }

    /// The primary, once the cluster has promoted one.
    public func awaitPrimary(seconds: Int) -> String? {
        wait(until: .after(milliseconds: seconds * 1000), everyMilliseconds: 200) { () -> String? in
            guard case .known(let cluster) = tools.observe(by: .after(milliseconds: 5000)) else { return nil }
            return cluster.promotedNode()
        }
    }
}
