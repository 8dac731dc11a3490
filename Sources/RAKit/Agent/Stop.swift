import RACore

extension Agent {
    /// Ends the instance. Nothing but processes that can't be ended makes it fail.
    func stop() -> Outcome {
        if case .absent = observePostmaster(dataDirectory: dataDirectory),
            findServerProcesses(dataDirectory: dataDirectory).isEmpty
        {
            if toldStop != .whole { recordStop() }
            return Outcome(.success)
        }
        let isStandby = hasStandbySignal
        let last = mode.isReplicated ? lastFacts() : nil
        let seconds = isStandby ? parameters.stopEscalateInSlave : parameters.stopEscalate
        let end =
            mode.isReplicated ? deadline.earlier(milliseconds: min(1000, deadline.remainingMilliseconds / 5)) : deadline
        if case .failed(let why) = Shutdown(agent: self, fastSeconds: seconds, end: end).run() {
            return Outcome(.genericError, why)
        }
        recordStop(last)
        return Outcome(.success)
    }

    /// What the server tells of itself before it is stopped; a short look, as a hung one tells nothing.
    private func lastFacts() -> ServerFacts? {
        guard case .answering(let facts) = observer.observe(by: deadline.capped(milliseconds: 300)).server else {
            return nil
        }
        return facts
    }

    /// Tells the cluster, as far as it listens: a stopped instance is stopped whether or not that is recorded.
    ///
    /// - Parameter last: what the server told of itself; its position is published as that of a stopped one.
    private func recordStop(_ last: ServerFacts? = nil) {
        guard mode.isReplicated, parameterRefusal() == nil else { return }
        let patience = deadline.capped(milliseconds: max(1000, deadline.remainingMilliseconds / 2))
        let reading = tools.startReading()
        let end = last == nil ? stoppedEnd() : nil
        switch tools.cluster(from: reading.finish(by: patience)) {
        case .unknown(let why): log.warning("the cluster isn't known: \(why)")
        case .known(let cluster):
            let effects = announceStop(replicaSet(cluster), cluster: cluster) + stoppedPosition(last, end, cluster)
            if let failure = tools.write(effects, by: patience) { log.warning(failure) }
        }
    }

    /// Where the data end: by the server's last word or, when there was none, by its files. The others go on counting a node
    /// that couldn't be started among those that have told which record they know.
    private func stoppedPosition(
        _ last: ServerFacts?,
        _ end: StoppedEnd?,
        _ cluster: ClusterObservation
    ) -> [ClusterEffect] {
        guard var stopped = last.flatMap({ position($0, record: newestRecord(cluster)) }) else {
            let told = end.map { [announcement($0, cluster)] } ?? []
            return told.isEmpty ? leaveElection() : told
        }
        stopped.isRunning = false
        stopped.replayedLSN = nil
        return [.publish(stopped)]
    }
}
