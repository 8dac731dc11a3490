import RACore

/// Keeps data from serving that aren't proven to be part of the primary's history.
struct StartGate {
    let agent: Agent
    let installation: Installation
    let set: ReplicaSet

    private var lockFile: String {
        OwnedFiles(directory: installation.temporaryDirectory).lock
    }

    /// Lets the start go on, or refuses it. A lock that is proven to be needless is removed.
    ///
    /// The record has where the primary's history went. When it doesn't tell, the primary is asked until it answers; one
    /// that goes away meanwhile is no longer asked. Not for long: while a start is under way, Pacemaker promotes nobody, and
    /// the address by which the primary is asked may wait for the end of this start.
    func pass(_ cluster: ClusterObservation) throws(Refusal) {
        let lock = try readLock()
        if lock != nil, agent.parameters.autoRejoin == .off, primaryElsewhere(set, cluster: cluster) != nil {
            throw Refusal(
                .genericError,
                "it was the primary, and auto_rejoin is off: 'pgrex-tool rejoin' brings it back"
            )
        }
        let check = HistoryCheck(agent: agent, installation: installation, isLocked: lock != nil, lock: lock?.content)
        let end = agent.deadline.earlier(milliseconds: agent.deadline.remainingMilliseconds / 3).capped(
            milliseconds: 20_000
        )
        var cluster = cluster
        var why = ""
        while let primary = primaryElsewhere(set, cluster: cluster) {
            switch compare(check, primary, cluster, by: end) {
            case .proven(let proof): return try remove(lock, proof)
            case .refuse(let refusal), .foreign(let refusal): throw refusal
            case .unknown(let reason):
                // A comparison that the deadline cuts short would give its own haste as the reason.
                guard end.remainingMilliseconds > 300 else { throw refusal(primary, reason) }
                if reason != why { agent.log.info("waiting to compare histories with \(primary): \(reason)") }
                why = reason
            }
            pause(milliseconds: 50)
            cluster = try agent.knownCluster()
        }
        try passWithoutPrimary(cluster, lock)
    }

    private func compare(
        _ check: HistoryCheck,
        _ primary: String,
        _ cluster: ClusterObservation,
        by deadline: Deadline
    ) -> HistoryCheck.Answer {
        if let record = agent.newestRecord(cluster), sameName(record.primary, primary) {
            let answer = check.compare(withRecord: record, isRunning: true, by: deadline)
            // This node knows of the last promotion now.
            if case .proven = answer { agent.noteTakenPart() }
            guard case .unknown = answer else { return answer }
        }
        return check.compare(withPrimary: primary, isStopped: true, by: deadline)
    }

    private func remove(_ lock: Lock?, _ proof: String) throws(Refusal) {
        guard lock != nil else { return }
        agent.log.notice("removing \(lockFile): \(proof)")
        do throws(SystemError) {
            try removeFile(lockFile)
        } catch {
            throw Refusal(.genericError, error.description)
        }
    }

    private func refusal(_ primary: String, _ why: String) -> Refusal {
        agent.log.error(
            "HINT: The address master_ip must reach the primary, and pg_hba.conf there must let "
                + "\(agent.parameters.repuser) replicate; then 'crm resource cleanup \(set.resource) \(set.ownNode)'."
        )
        return Refusal(.genericError, "can't compare histories with the primary on \(primary): \(why)")
    }

    private struct Lock {
        /// nil for a file without content, as heartbeat/pgsql leaves it.
        var content: LockContent?
    }

    private func readLock() throws(Refusal) -> Lock? {
        do throws(SystemError) {
            let content = LockContent(text: try readText(lockFile, limit: 4096))
            if let content, !sameName(content.node, set.ownNode) {
                agent.log.notice("removing \(lockFile): it came from \(content.node)")
                try removeFile(lockFile)
                return nil
            }
            return Lock(content: content)
        } catch {
            if error.isMissing { return nil }
            throw Refusal(.genericError, error.description)
        }
    }

    /// Without a primary the durable record tells where its history went; when it doesn't, the instance comes up, isn't
    /// promotable, and the nodes choose by position.
    private func passWithoutPrimary(_ cluster: ClusterObservation, _ lock: Lock?) throws(Refusal) {
        guard let record = agent.newestRecord(cluster) else { return explain(lock, "no record tells of a primary") }
        guard !sameName(record.primary, set.ownNode) else { return explain(lock, "the last primary was this node") }
        let check = HistoryCheck(agent: agent, installation: installation, isLocked: lock != nil, lock: lock?.content)
        switch check.compare(withRecord: record, isRunning: false, by: agent.deadline.capped(milliseconds: 10_000)) {
        case .proven(let proof): try remove(lock, proof)
        case .refuse(let refusal): throw refusal
        // Data that were made anew on every node are those that count. It isn't promoted as long as another may have more.
        case .foreign(let refusal):
            let told = agent.tools.positions(by: agent.lookDeadline)
            let isServed = told.contains {
                $0.position.isRunning && $0.position.systemIdentifier == record.systemIdentifier
            }
            guard !isServed else { throw refusal }
            agent.log.warning("starts, and isn't promotable: \(refusal.reason)")
        case .unknown(let why): explain(lock, why)
        }
    }

    private func explain(_ lock: Lock?, _ why: String) {
        guard lock != nil else { return }
        agent.log.notice("\(lockFile) stays: no primary runs to compare with, and \(why)")
    }
}
