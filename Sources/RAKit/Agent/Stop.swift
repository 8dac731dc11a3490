import RACore

extension Agent {
    /// Ends the instance. Nothing but processes that can't be ended makes it fail.
    func stop() -> Outcome {
        if case .absent = observePostmaster(dataDirectory: dataDirectory),
            findServerProcesses(dataDirectory: dataDirectory).isEmpty
        {
            recordStop()
            return Outcome(.success)
        }
        let isStandby = hasStandbySignal
        let seconds = isStandby ? parameters.stopEscalateInSlave : parameters.stopEscalate
        let end =
            mode.isReplicated ? deadline.earlier(milliseconds: min(1000, deadline.remainingMilliseconds / 5)) : deadline
        if case .failed(let why) = Shutdown(agent: self, fastSeconds: seconds, end: end).run() {
            return Outcome(.genericError, why)
        }
        recordStop()
        return Outcome(.success)
    }

    /// Tells the cluster, as far as it listens: a stopped instance is stopped whether or not that is recorded.
    private func recordStop() {
        guard mode.isReplicated, parameterRefusal() == nil else { return }
        let patience = deadline.capped(milliseconds: max(1000, deadline.remainingMilliseconds / 2))
        switch tools.observe(by: patience) {
        case .unknown(let why): log.warning("the cluster isn't known: \(why)")
        case .known(let cluster):
            let effects = announceStop(replicaSet(cluster), cluster: cluster)
            if let failure = tools.write(effects, by: patience) { log.warning(failure) }
        }
    }
}
