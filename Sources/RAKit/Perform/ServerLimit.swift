import RACore

extension SlotKeeping {
    /// Sets the server's own limit of slots where nobody else does, and takes it back where it may not stay.
    func limitByServer() {
        let file = agent.ownFiles.slotLimit
        let own = (try? readText(file)).flatMap { OwnedConfiguration.slotLimit(ofFile: $0) }
        guard let seen = try? slots.observeLimit(ownFile: file) else { return }
        let ours = (base.map { base in set.peers.map { slotName(base: base, node: $0) } } ?? []) + book.names
        let facts = ServerLimitFacts(
            own: own,
            inEffect: seen.inEffect,
            isSetElsewhere: seen.isSetElsewhere,
            hasOtherSlots: base == nil || self.seen.slots.contains { !ours.contains($0.name) },
            room: space.free.map { $0 + directorySize(agent.dataDirectory + "/pg_wal") },
            cycle: self.seen.cycle
        )
        do throws(SystemError) {
            switch decideServerLimit(facts, limits: limits) {
            case .leave: return
            case .reload: break
            case .remove: try removeFile(file)
            case .set(let megabytes):
                let text = OwnedConfiguration.slotLimitFile(megabytes: megabytes)
                try ensureFile(file, contains: text, owner: agent.account)
                agent.log.info("has the server give up slots that keep more than \(megabytes) MB")
            }
            // A reload brings everything into effect that is written: not a change of whom commits wait for, half made.
            guard isSynchronousFileTrue(seen.synchronousNames) else { return }
            try agent.reloadServer()
        } catch {
            agent.log.warning(error.description)
        }
    }

    private func isSynchronousFileTrue(_ inEffect: String) -> Bool {
        guard agent.mode == .sync, !seen.isInRecovery else { return true }
        let wanted = OwnedConfiguration.synchronousFile(setting: inEffect)
        return (try? readText(agent.ownFiles.synchronousSet)) == wanted
    }
}

/// What the server says of its limit of slots.
struct SeenLimit {
    /// What the agent's file has brought about, in megabytes; nil for nothing.
    let inEffect: UInt64?
    let isSetElsewhere: Observed<Bool>
    let synchronousNames: String
}

extension Slots {
    /// Asks for the limit that is in effect, and for files that set it; nil before PostgreSQL 13, which knows none.
    func observeLimit(ownFile: String) throws(QueryFailure) -> SeenLimit? {
        let question =
            "SELECT setting, sourcefile, current_setting('synchronous_standby_names') FROM pg_settings "
            + "WHERE name = '\(OwnedConfiguration.slotLimitSetting)'"
        guard let row = try connection.query(question, by: deadline).first?.rows.first, row.count == 3 else {
            return nil
        }
        let isOurs = row[1].map { isSame($0, ownFile) } ?? false
        return SeenLimit(
            inEffect: isOurs ? row[0].flatMap { UInt64($0) } : nil,
            isSetElsewhere: isSetElsewhere(ownFile),
            synchronousNames: row[2] ?? ""
        )
    }

    /// Whether a configuration file other than the agent's has the setting (documentation, "pg_file_settings").
    private func isSetElsewhere(_ ownFile: String) -> Observed<Bool> {
        do throws(QueryFailure) {
            let question =
                "SELECT sourcefile FROM pg_file_settings WHERE name = '\(OwnedConfiguration.slotLimitSetting)'"
            let rows = try connection.query(question, by: deadline).first?.rows ?? []
            return .known(rows.contains { row in (row.first ?? nil).map { !isSame($0, ownFile) } ?? true })
        } catch {
            return .unknown(why: error.text)
        }
    }

    /// PostgreSQL writes paths in its own way.
    private func isSame(_ path: String, _ other: String) -> Bool {
        guard path != other else { return true }
        guard let first = FileFacts(path), let second = FileFacts(other) else {
            return canonical(path) == canonical(other)
        }
        return first.isSameFile(as: second)
    }

    private func canonical(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
}
