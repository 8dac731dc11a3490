import RACore

extension Agent {
    /// Judges the configuration: the parameters alone, or the machine too.
    func validate(machine: Bool) -> Outcome {
        if let refusal = parameterRefusal() { return Outcome(refusal) }
        guard machine else { return Outcome(.success) }
        do throws(Refusal) {
            let installation = try findInstallation(parameters)
            try verifyInstallation(installation, by: deadline)
            guard mode.isReplicated else { return Outcome(.success) }
            // Without a running cluster there are no names to compare with.
            guard case .known(let cluster) = tools.observe(by: deadline) else { return Outcome(.success) }
            try verifyNodeNames(replicaSet(cluster), cluster)
            return Outcome(.success)
        } catch {
            return Outcome(error)
        }
    }

    /// Brings changed parameters into effect without a restart.
    func reloadAgent() -> Outcome {
        if let refusal = parameterRefusal() { return Outcome(refusal) }
        guard mode != .none, case .running = observePostmaster(dataDirectory: dataDirectory) else {
            return Outcome(.success)
        }
        do throws(Refusal) {
            let installation = try findInstallation(parameters)
            let files = ConfigurationFiles(installation: installation, parameters: parameters)
            do throws(SystemError) {
                try files.writeStandbySettings(ownNode: replicaSet(tools.observe(by: deadline).value).ownNode)
                try reloadServer()
            } catch {
                return Outcome(.genericError, error.description)
            }
            return Outcome(.success)
        } catch {
            return Outcome(error)
        }
    }
}
