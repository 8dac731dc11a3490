import RACore

extension Agent {
    /// Makes the standby the primary.
    func promote() -> Outcome {
        guard mode.isReplicated else {
            return Outcome(.unimplemented, "rep_mode is \(mode.rawValue), and only async and sync have a promoted role")
        }
        if let refusal = parameterRefusal() { return Outcome(refusal) }
        do throws(Refusal) {
            let installation = try findInstallation(parameters)
            let cluster = try knownCluster()
            let set = replicaSet(cluster)
            try verifyNodeNames(set, cluster)
            let performer = InstancePerformer(agent: self, installation: installation, set: set)
            let outcome = try carryOutPromotion(performer, cluster)
            guard outcome.code == .success else { return outcome }
            try completePromotion(performer)
            return outcome
        } catch {
            return Outcome(error)
        }
    }

    private func carryOutPromotion(
        _ performer: InstancePerformer,
        _ cluster: ClusterObservation
    ) throws(Refusal) -> Outcome {
        var isAttempted = false
        var record = PromotionRecord(set: performer.set, cluster: cluster)
        while true {
            let instance = observeInstance()
            var state = state(of: instance)
            if state == .absent && isAttempted && parameters.restartOnPromote && hasLiveChild() { state = .starting }
            if !isAttempted, let obstacle = try record.look(instance, self) {
                guard canLookAgain else { return Outcome(.genericError, "not promoted: \(obstacle)") }
                pause(milliseconds: 50)
                continue
            }
            switch decidePromote(
                state,
                isAttempted: isAttempted,
                restarts: parameters.restartOnPromote,
                records: isAttempted ? [] : record.missing
            )
            {
            case .finish(.success, _):
                if isAttempted { notePromotion(instance.postmaster) }
                return Outcome(.success)
            case .finish(let code, let reason): return Outcome(code, "\(reason.text): \(describe(instance))")
            case .wait(let reason):
                guard canLookAgain else {
                    return outOfTime(reason, instance)
                }
                pause(milliseconds: 10)
            case .perform(let effects, let reason):
                if reason == .mustPromote {
                    log.notice(reason.text)
                    notePromotion(instance.postmaster)
                } else {
                    log.info(reason.text)
                }
                try performer.perform(effects)
                isAttempted = reason == .mustPromote
            }
        }
    }

    private func completePromotion(_ performer: InstancePerformer) throws(Refusal) {
        try performer.perform([.createSlots])
        let cluster = try knownCluster()
        let effects = RACore.completePromotion(performer.set, cluster: cluster)
        if let failure = ClusterPerformer(agent: self).perform(effects) { throw Refusal(.genericError, failure) }
    }
}

extension Agent {
    private var promotionNote: RunFile { RunFile("promoted", resource: environment.resource) }

    /// Notes that the agent promotes this very server; a restart of the server or of the node forgets it.
    private func notePromotion(_ postmaster: PostmasterObservation) {
        guard case .running(let file) = postmaster else { return }
        promotionNote.write(first: String(file.processID), rest: "")
    }

    /// Whether the agent promoted this very server.
    func isPromotedHere(_ postmaster: PostmasterObservation) -> Bool {
        guard case .running(let file) = postmaster else { return false }
        return promotionNote.read()?.first == String(file.processID)[...]
    }

    /// Whatever starts or ends a server.
    func forgetPromotion() { promotionNote.remove() }
}

/// What the cluster must know before a promotion, and whether it does.
///
/// The cluster is read anew after every record: commits that the new primary acknowledges are safe only once nobody else
/// can be promoted by an older one.
private struct PromotionRecord {
    let set: ReplicaSet
    /// The cluster as it was read last; nil when that was before something was recorded.
    var cluster: ClusterObservation?
    /// What isn't recorded yet.
    var missing: [ClusterEffect] = []
    private var position: WALPosition?
    private var logged: String?

    init(set: ReplicaSet, cluster: ClusterObservation) {
        self.set = set
        self.cluster = cluster
    }

    /// - Returns: why nothing may be done yet.
    /// - Throws: why this node must not be promoted.
    mutating func look(_ instance: InstanceObservation, _ agent: Agent) throws(Refusal) -> String? {
        missing = []
        guard case .answering(let facts) = instance.server, facts.isInRecovery else { return nil }
        let known: ClusterObservation
        if let cluster { known = cluster } else { known = try agent.knownCluster() }
        cluster = nil
        if let refusal = refusePromotion(set, cluster: known) { throw refusal }
        position = position ?? facts.position
        let obstacle = promotionObstacle(set, cluster: known)
        if let obstacle, obstacle != logged { agent.log.warning("waiting with the promotion: \(obstacle)") }
        logged = obstacle
        guard obstacle == nil else { return obstacle }
        missing = preparePromotion(set, position: position ?? facts.position, cluster: known)
        return nil
    }
}
