import RACore

/// Carries out what `monitor` may change: node attributes, whom commits wait for, the WAL receiver's connection.
struct ClusterPerformer {
    let agent: Agent
    /// The cluster as it was seen last, where that is known: then changes that belong together are one.
    var cluster: ClusterObservation?

    /// Carries effects out in their order; attributes that follow each other are written side by side.
    ///
    /// - Returns: nil, or the first failure, after which nothing more was done.
    func perform(_ effects: [ClusterEffect]) -> String? {
        var attributes: [ClusterEffect] = []
        for effect in effects {
            switch effect {
            case .set, .delete, .publish, .withdrawPosition, .outrank: attributes.append(effect)
            // One that only this node knows of would outrank what the others record meanwhile: no copy before it is confirmed.
            case .record(let record) where record.isPromoting:
                attributes.append(.set(.record, node: agent.ownNode(), value: record.text))
            case .record(let record):
                if let failure = writeCopy(record) { return failure }
                attributes.append(.set(.record, node: agent.ownNode(), value: record.text))
            case .waitFor(let set, let witnesses):
                if let failure = flush(&attributes) ?? confirm(on: witnesses) ?? waitFor(set) { return failure }
            case .reconnectReceiver:
                if let failure = flush(&attributes) ?? reconnectReceiver() { return failure }
            }
        }
        return flush(&attributes)
    }

    /// Writes a record into this node's own copy, before the cluster has it: what that may lose, the node still knows.
    private func writeCopy(_ record: ClusterRecord) -> String? {
        do throws(SystemError) {
            try agent.recordCopy.write(record, owner: agent.account)
            return nil
        } catch {
            return error.description
        }
    }

    /// Makes sure that these nodes know of it before a standby is no longer waited for: one that is cut off is still online
    /// by the CIB for a while, and may be promoted by the record that it has.
    private func confirm(on nodes: [String]) -> String? {
        guard !nodes.isEmpty else { return nil }
        guard let record = agent.recordCopy.read() else { return "this node's copy of the record can't be read" }
        let end = agent.deadline.capped(milliseconds: 2000)
        guard let node = agent.tools.nodeWithout(record, of: nodes, by: end) else { return nil }
        return "\(node) doesn't show record \(record.stamp) yet; commits go on waiting for it"
    }

    private func flush(_ attributes: inout [ClusterEffect]) -> String? {
        defer { attributes = [] }
        guard !attributes.isEmpty else { return nil }
        if let cluster, agent.tools.writeAtOnce(attributes, in: cluster, by: agent.deadline) { return nil }
        return agent.tools.write(attributes, by: agent.deadline)
    }

    /// Writes the setting, has the server read it, and waits until it is in effect.
    private func waitFor(_ set: SynchronousSet) -> String? {
        let files: ConfigurationFiles
        do throws(Refusal) {
            files = ConfigurationFiles(
                installation: try findInstallation(agent.parameters),
                parameters: agent.parameters
            )
        } catch {
            return error.reason
        }
        do throws(SystemError) {
            try files.writeSynchronousSet(set)
            try agent.reloadServer()
        } catch {
            return error.description
        }
        if let failure = awaitSetting(set, expectedFile: files.own.synchronousSet) { return failure }
        agent.log.notice(
            set.isEmpty ? "commits wait for no standby from now on" : "commits wait for \(set.setting) from now on"
        )
        return nil
    }

    private func awaitSetting(_ set: SynchronousSet, expectedFile: String) -> String? {
        guard case .running(let file) = observePostmaster(dataDirectory: agent.dataDirectory),
            case .success(let connection) = agent.observer.connect(file, by: agent.lookDeadline)
        else { return "the server can't be asked whether synchronous_standby_names is in effect" }
        var last: Queries.SettingSource?
        let deadline = agent.lookDeadline.capped(milliseconds: 2000)
        let isInEffect = wait(until: deadline, everyMilliseconds: 10) { () -> Bool? in
            let sources = try? Queries.ownedSettings(
                connection,
                names: [OwnedConfiguration.synchronousSetting],
                by: agent.lookDeadline
            )
            last = sources?.first ?? last
            return last?.value == set.setting ? true : nil
        }
        if isInEffect == true {
            if !set.isEmpty { releaseCommits(connection) }
            return nil
        }
        return overrideText(last, wanted: set.setting, expectedFile: expectedFile)
            ?? "the server hasn't taken \(OwnedConfiguration.synchronousSetting) from \"\(expectedFile)\": an error in another "
            + "line may keep it from its configuration. HINT: 'SELECT * FROM pg_file_settings WHERE error IS NOT NULL'."
    }

    /// Has standbys that commits didn't wait for until now say how far they are.
    ///
    /// A commit that waits is released when a standby replies, and one that has flushed everything replies at the next WAL or
    /// after wal_receiver_status_interval, ten seconds by default: a quiet database's commit waited for 5.9 s (seen with
    /// 15.18). A few bytes of WAL make it reply. More than once, as the WAL senders may read the setting after that.
    private func releaseCommits(_ connection: Connection) {
        for _ in 0..<5 {
            do throws(QueryFailure) {
                try Queries.writeLittleWAL(connection, by: agent.lookDeadline)
                pause(milliseconds: 20)
                guard try Queries.isCommitWaiting(connection, by: agent.lookDeadline) else { return }
            } catch {
                return agent.log.info("commits that wait go on at the standby's next reply: \(error.text)")
            }
        }
    }

    /// Ends the WAL receiver: the startup process starts another, which connects to where the primary is now.
    private func reconnectReceiver() -> String? {
        guard case .running(let file) = observePostmaster(dataDirectory: agent.dataDirectory),
            case .success(let connection) = agent.observer.connect(file, by: agent.lookDeadline)
        else { return "the server can't be asked for its WAL receiver" }
        do throws(QueryFailure) {
            let rows = try connection.query("SELECT pid FROM pg_stat_wal_receiver", by: agent.lookDeadline)
            guard let processID = rows.first?.rows.first?[0].flatMap({ Int32($0) }),
                findServerProcesses(dataDirectory: agent.dataDirectory).contains(processID)
            else { return nil }
            do throws(SystemError) {
                try send(.terminate, to: processID)
                _ = wait(until: agent.lookDeadline.capped(milliseconds: 1000), everyMilliseconds: 5) { () -> Bool? in
                    observeProcess(processID) == .gone ? true : nil
                }
            } catch {
                return error.description
            }
        } catch {
            return error.text
        }
        return nil
    }
}

/// What keeps a setting of the agent's from its effect, in words that name the file to change.
func overrideText(_ source: Queries.SettingSource?, wanted: String, expectedFile: String) -> String? {
    guard let source else { return "the server didn't tell where a setting of the agent's comes from" }
    let place: String
    switch source.file {
    case expectedFile?: return nil
    case let file?: place = "\"\(file)\" sets it"
    case nil: place = "it is set outside of configuration files, or the monitoring user may not see where"
    }
    return
        "\(source.name) is \"\(redactingPasswords(source.value))\" instead of \"\(redactingPasswords(wanted))\": \(place). "
        + "HINT: Remove it there; the agent sets it in \"\(expectedFile)\"."
}

extension Agent {
    /// Makes the server read its configuration files again.
    func reloadServer() throws(SystemError) {
        guard case .running(let file) = observePostmaster(dataDirectory: dataDirectory) else { return }
        try send(.reload, to: file.processID)
    }
}
