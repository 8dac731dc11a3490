import RACore

extension Agent {
    /// Proves that no other instance that runs keeps its files where this one would: each would follow the other's settings and
    /// record. One that doesn't run may be what an upgrade left.
    func verifyOwnedDirectory(_ installation: Installation) throws(Refusal) {
        let own = OwnedFiles(directory: installation.temporaryDirectory)
        guard mode != .none, let text = try? readText(own.root), let owner = OwnedConfiguration.owner(ofRootFile: text),
            resolved(owner) != resolved(installation.dataDirectory)
        else { return }
        switch observePostmaster(dataDirectory: owner) {
        case .absent, .unknown: return
        case .running, .halted: break
        }
        log.error("HINT: Give each resource a tmpdir of its own.")
        throw Refusal(.badArguments, "tmpdir \"\(own.directory)\" holds the files of the instance in \"\(owner)\"")
    }

    /// Proves that the settings which the agent owns have its values.
    func verifyOwnedSettings(_ installation: Installation, _ set: ReplicaSet) throws(Refusal) {
        let files = ConfigurationFiles(installation: installation, parameters: parameters)
        let sources: [Queries.SettingSource]
        switch ownedSettings() {
        case .known(let rows): sources = rows
        case .unknown(let why):
            log.warning("the settings in effect can't be read: \(why)")
            return
        }
        for source in sources {
            let (wanted, file) = expectation(source.name, files, set)
            guard let wanted, source.value != wanted, source.file != file else { continue }
            throw Refusal(
                .genericError,
                overrideText(source, wanted: wanted, expectedFile: file) ?? "\(source.name) has another value"
            )
        }
    }

    private func ownedSettings() -> Observed<[Queries.SettingSource]> {
        guard case .running(let file) = observePostmaster(dataDirectory: dataDirectory) else {
            return .unknown(why: "no server runs")
        }
        switch observer.connect(file, by: lookDeadline) {
        case .failure(let failure): return .unknown(why: failure.text)
        case .success(let connection):
            let names = OwnedConfiguration.standbySettings + [OwnedConfiguration.synchronousSetting]
            do throws(QueryFailure) {
                return .known(try Queries.ownedSettings(connection, names: names, by: lookDeadline))
            } catch {
                return .unknown(why: error.text)
            }
        }
    }

    /// The value that a setting must have; nil where the agent leaves it to the user.
    private func expectation(_ name: String, _ files: ConfigurationFiles, _ set: ReplicaSet) -> (String?, String) {
        switch name {
        case "primary_conninfo":
            (OwnedConfiguration.connectionString(parameters, ownNode: set.ownNode), files.own.standby)
        case "primary_slot_name":
            (parameters.replicationSlotName.map { slotName(base: $0, node: set.ownNode) }, files.own.standby)
        case "restore_command": (parameters.restoreCommand, files.own.standby)
        case "recovery_target_timeline": ("latest", files.own.standby)
        case "archive_cleanup_command": (parameters.archiveCleanupCommand, files.own.standby)
        case "recovery_end_command": (parameters.recoveryEndCommand, files.own.standby)
        case OwnedConfiguration.synchronousSetting: (mode == .sync ? "" : nil, files.own.synchronousSet)
        case _: (nil, files.own.standby)
        }
    }

    /// A monitoring user that isn't shown replication states would make the agent blind, not the standbys away.
    func verifyVisibility(_ facts: ServerFacts) throws(Refusal) {
        guard case .unknown(let why) = facts.senders else { return }
        throw Refusal(
            .insufficientPrivileges,
            "\(why). HINT: 'GRANT pg_monitor TO \"\(parameters.monitoringUser)\"' on the primary."
        )
    }
}
