import RACore

extension Agent {
    /// Has the data brought back by what parameter `auto_rejoin` allows, after this start, which fails.
    ///
    /// Work of minutes inside a start would end with the start's time: Pacemaker would stop it in the middle. So a process of
    /// its own does it, and has the cluster forget this failure when the data can be started.
    /// - Returns: what the start answers instead; nil when nothing is begun, and the refusal stands.
    func rejoinInBackground(_ refusal: Refusal) -> Refusal? {
        let request = tools.observe(by: deadline).value.flatMap {
            RejoinRequest($0, node: ownNode(), resource: environment.resource)
        }
        guard mode.isReplicated, request != nil || parameters.autoRejoin.worksInBackground,
            refusal.exitCode == .genericError || refusal.exitCode == .notInstalled,
            case .absent = observePostmaster(dataDirectory: dataDirectory)
        else { return nil }
        let state = RejoinState(files: ownFiles.rejoin)
        guard request != nil || state.unattendedFailures < RejoinState.mostFailures else {
            log.warning(
                "auto_rejoin has failed \(state.unattendedFailures) times here and waits for 'pgrex-tool rejoin'"
            )
            return nil
        }
        guard !state.isRunning else {
            return Refusal(refusal.exitCode, "a rejoin is under way: 'pgrex-tool status' shows how far it is")
        }
        if request != nil { deleteRejoinRequest() }
        let program = findProgram("pgrex-tool") ?? "/usr/sbin/pgrex-tool"
        var words = ["rejoin", "--unattended", "--resource", environment.resource]
        if request != nil { words.append("--requested") }
        if let method = request?.method { words += ["--method", method.rawValue] }
        if let failure = startDetached(Command(program, words, environment: cleanEnvironment)) {
            log.error("auto_rejoin: \(failure)")
            return nil
        }
        log.notice(
            "\(redactingPasswords(refusal.reason)); auto_rejoin=\(parameters.autoRejoin.rawValue) goes on in the background"
        )
        return Refusal(
            refusal.exitCode,
            "rejoin (\(parameters.autoRejoin.rawValue)) goes on in the background: 'pgrex-tool status' shows how far it is"
        )
    }

    /// What another node asked for is done: the instance has come up.
    func dropRejoinRequest(_ cluster: ClusterObservation, _ set: ReplicaSet) {
        guard RejoinRequest(cluster, node: set.ownNode, resource: set.resource) != nil else { return }
        deleteRejoinRequest()
    }

    /// A request holds for one start: what fails later is a matter of auto_rejoin again.
    private func deleteRejoinRequest() {
        let effect = ClusterEffect.delete(.rejoinRequest, node: ownNode())
        if let failure = tools.write([effect], by: deadline.capped(milliseconds: 5000)) { log.warning(failure) }
    }

    /// What outlives the action has nothing of it: neither parameters nor the words about this one operation.
    private var cleanEnvironment: [String: String?] {
        var changes: [String: String?] = [:]
        for name in environmentNames() where name.hasPrefix("OCF_RESKEY_") { changes.updateValue(nil, forKey: name) }
        return changes
    }
}
