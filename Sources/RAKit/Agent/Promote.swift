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
            var preparation = PromotionPreparation(set: set)
            let outcome = try carryOutPromotion(performer, &preparation)
            guard outcome.code == .success else { return outcome }
            tellOfPromotion(performer, baseline: preparation.baseline)
            return outcome
        } catch {
            return Outcome(error)
        }
    }

    private func carryOutPromotion(
        _ performer: InstancePerformer,
        _ preparation: inout PromotionPreparation
    ) throws(Refusal) -> Outcome {
        var isAttempted = false
        while true {
            let instance = observeInstance()
            var state = state(of: instance)
            if state == .absent && isAttempted && parameters.restartOnPromote && hasLiveChild() { state = .starting }
            if !isAttempted, let obstacle = try preparation.look(instance, self) {
                guard canLookAgain, !preparation.isOverdue else {
                    return Outcome(.genericError, "not promoted: \(obstacle)")
                }
                pause(milliseconds: 20)
                continue
            }
            switch decidePromote(
                state,
                isAttempted: isAttempted,
                restarts: parameters.restartOnPromote,
                records: isAttempted ? [] : preparation.missing
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
                isAttempted = reason == .mustPromote
                if isAttempted { notePromotion(instance.postmaster) }
                log.write(isAttempted ? .notice : .info, reason.text)
                try performer.perform(effects)
            }
        }
    }

    /// What a promotion leaves behind. A failure would make Pacemaker demote a primary that serves: the next monitors make
    /// up for what is missing.
    private func tellOfPromotion(_ performer: InstancePerformer, baseline: LSN?) {
        do throws(Refusal) {
            let cluster = try knownCluster()
            keepSlots(performer.set, cluster, .makingOnly)
            let effects = completePromotion(performer.set, baseline: baseline, cluster: cluster) + leaveElection()
            if let failure = tools.write(effects, by: deadline.capped(milliseconds: 5000)) { log.warning(failure) }
        } catch {
            log.warning(error.reason)
        }
    }
}
