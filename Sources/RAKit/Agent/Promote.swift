import RACore

extension Agent {
    /// Makes the standby the primary.
    func promote() -> Outcome {
        guard mode.isReplicated else {
            return Outcome(.unimplemented, "rep_mode is \(mode.rawValue), and only async and sync have a promoted role")
        }
        if let refusal = parameterRefusal() { return Outcome(refusal) }
        do throws(Refusal) {
            // Whoever waits for the new primary waits for each of these: they are asked at the same time.
            let (instance, seen, positions) = observeTogether()
            let installation = try findInstallation(parameters)
            let cluster: ClusterObservation
            switch seen {
            case .unknown(let why): throw Refusal(.genericError, "the cluster isn't known: \(why)")
            case .known(let known): cluster = known
            }
            let set = replicaSet(cluster)
            try verifyNodeNames(set, cluster)
            let performer = InstancePerformer(agent: self, installation: installation, set: set, cluster: cluster)
            var preparation = PromotionPreparation(set: set, seen: (cluster, positions))
            // What is to be told of the new primary its sentinel tells, once its addresses are being started.
            return try carryOutPromotion(performer, &preparation, instance)
        } catch {
            return Outcome(error)
        }
    }

    private func carryOutPromotion(
        _ performer: InstancePerformer,
        _ preparation: inout PromotionPreparation,
        _ first: InstanceObservation
    ) throws(Refusal) -> Outcome {
        // What is recorded meanwhile doesn't change it, and it is looked at again right before it is promoted.
        var (instance, isFresh, isAttempted) = (first, true, false)
        while true {
            if !isFresh { instance = observeInstance() }
            isFresh = false
            var state = state(of: instance)
            if state == .absent && isAttempted && parameters.restartOnPromote && hasLiveChild() { state = .starting }
            if !isAttempted, let obstacle = try preparation.look(instance, self) {
                guard canLookAgain, !preparation.isOverdue else { return notPromoted(obstacle) }
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
                if isAttempted { notePromoted(instance.postmaster) }
                return Outcome(.success)
            case .finish(let code, let reason): return Outcome(code, "\(reason.text): \(describe(instance))")
            case .wait(let reason):
                guard canLookAgain else { return outOfTime(reason, instance) }
                pause(milliseconds: 10)
            case .perform(let effects, let reason):
                isAttempted = reason == .mustPromote
                isFresh = !isAttempted
                if isAttempted { notePromotion(instance.postmaster) }
                log.write(isAttempted ? .notice : .info, reason.text)
                try performer.perform(effects)
            }
        }
    }

    private func notPromoted(_ why: String) -> Outcome { Outcome(.genericError, "not promoted: \(why)") }
}
