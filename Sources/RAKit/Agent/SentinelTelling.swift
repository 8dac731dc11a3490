import RACore

extension Sentinel {
    /// Says that the instance has failed, until Pacemaker has taken it or there is nothing to say any more.
    ///
    /// Nothing else before: Pacemaker's controller plans on each change, and sleeps for a second when a failure comes in
    /// between (`do_pe_invoke_callback`, seen with 2.1.5).
    func report(_ agent: Agent) -> Bool {
        log.notice("the postmaster has ended: the cluster is told at once")
        let command = Command("crm_resource", ["--fail", "--resource", resource, "--node", agent.ownNode()])
        for _ in 0..<5 {
            let result = start(command).finish(by: .after(milliseconds: 10_000))
            if result.isSuccess { return true }
            log.warning("crm_resource --fail: \(result.summary)")
            pause(milliseconds: 200)
            guard presence() == .absent else { return false }
        }
        return false
    }

    /// Tells the cluster what the stop would that comes next, of an instance that was demoted for it.
    ///
    /// - Returns: the exit code, which nobody reads.
    func tellOfShutdown(order: String) -> Int32 {
        guard let lock = takeLock(order, SentinelWatch(postmaster: ownProcessID())) else {
            return OCFExitCode.genericError.rawValue
        }
        defer { withExtendedLifetime(lock) {} }
        let agent = Agent(environment: environment)
        guard isWanted(order), presence() == .absent,
            let context = try? ConfigurationReader(resource: resource).read(
                by: agent.deadline.capped(milliseconds: 5000)
            )
        else {
            // The stop tells itself, and doesn't wait.
            agent.forgetToldStop()
            return OCFExitCode.success.rawValue
        }
        tellStop(agent, context.cluster)
        return OCFExitCode.success.rawValue
    }

    /// Tells the cluster what the stop of this instance would, so that the failover needn't wait for that.
    ///
    /// Also that nobody is to be promoted here: a node that may run the resource again a moment later, as its standby mode
    /// or its failure is taken back, would be chosen for its score while its instance is stopped.
    func tellStop(_ agent: Agent, _ cluster: ClusterObservation) {
        guard agent.mode.isReplicated, agent.parameterRefusal() == nil else { return }
        agent.noteToldStop(.begun)
        if agent.tellStopped(cluster) { agent.noteToldStop(.whole) } else { agent.forgetToldStop() }
    }
}
