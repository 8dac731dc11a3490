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
        while true {
            let instance = observeInstance()
            var state = state(of: instance)
            if state == .absent && isAttempted && parameters.restartOnPromote && hasLiveChild() { state = .starting }
            switch decidePromote(
                state,
                isAttempted: isAttempted,
                restarts: parameters.restartOnPromote,
                preparation: try preparation(instance, performer.set, cluster, isAttempted: isAttempted)
            )
            {
            case .finish(.success, _): return Outcome(.success)
            case .finish(let code, let reason): return Outcome(code, "\(reason.text): \(describe(instance))")
            case .wait(let reason):
                guard canLookAgain else {
                    return outOfTime(reason, instance)
                }
                pause(milliseconds: 10)
            case .perform(let effects, let reason):
                log.notice(reason.text)
                try performer.perform(effects)
                isAttempted = true
            }
        }
    }

    private func preparation(
        _ instance: InstanceObservation,
        _ set: ReplicaSet,
        _ cluster: ClusterObservation,
        isAttempted: Bool
    ) throws(Refusal) -> [ClusterEffect] {
        guard !isAttempted, case .answering(let facts) = instance.server, facts.isInRecovery else { return [] }
        if let refusal = refusePromotion(set, cluster: cluster) { throw refusal }
        return preparePromotion(set, position: facts.position, cluster: cluster)
    }

    private func completePromotion(_ performer: InstancePerformer) throws(Refusal) {
        try performer.perform([.createSlots])
        let cluster = try knownCluster()
        let effects = RACore.completePromotion(performer.set, cluster: cluster)
        if let failure = ClusterPerformer(agent: self).perform(effects) { throw Refusal(.genericError, failure) }
    }
}
