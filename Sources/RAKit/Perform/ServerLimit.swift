import RACore

extension SlotKeeping {
    private static let setting = "max_slot_wal_keep_size"

    /// Sets the server's own limit of slots where nobody else does, and takes it back where it may not stay.
    func limitByServer(_ book: SlotBook) {
        let file = agent.ownFiles.slotLimit
        let own = (try? readText(file)).flatMap { text in
            text.split(separator: "'").dropFirst().first.flatMap { UInt64($0.prefix { $0.isNumber }) }
        }
        guard let facts = observeLimit(own, book) else { return }
        do throws(SystemError) {
            switch decideServerLimit(facts, limits: limits) {
            case .leave: return
            case .remove: try removeFile(file)
            case .set(let megabytes):
                let text = OwnedConfiguration.slotLimitFile(megabytes: megabytes)
                try ensureFile(file, contains: text, owner: agent.account)
                agent.log.info("the server itself gives slots up that keep more than \(megabytes) MB")
            }
            try agent.reloadServer()
        } catch {
            agent.log.warning(error.description)
        }
    }

    private func observeLimit(_ own: UInt64?, _ book: SlotBook) -> ServerLimitFacts? {
        guard let cycle = try? slots.longestCycle() else { return nil }
        let ours = set.peers.map { slotName(base: base, node: $0) } + book.names
        return ServerLimitFacts(
            own: own,
            isSetElsewhere: slots.isSet(SlotKeeping.setting, outside: agent.ownFiles.slotLimit),
            hasOtherSlots: seen.slots.contains { !ours.contains($0.name) },
            room: space.free.map { $0 + directorySize(agent.dataDirectory + "/pg_wal") },
            cycle: cycle
        )
    }
}

extension Slots {
    /// Bytes of WAL between two checkpoints at most; nil before PostgreSQL 13, which knows no limit of slots.
    func longestCycle() throws(QueryFailure) -> UInt64? {
        let question =
            "SELECT current_setting('max_wal_size') WHERE current_setting('max_slot_wal_keep_size', true) <> ''"
        let row = try connection.query(question, by: deadline).first?.rows.first
        return (row?.first ?? nil).flatMap { QuantityKind.size.read($0) }.map { UInt64($0) }
    }

    /// Whether a configuration file other than the agent's has a setting (documentation, "pg_file_settings").
    func isSet(_ setting: String, outside file: String) -> Observed<Bool> {
        do throws(QueryFailure) {
            let question =
                "SELECT count(*) FROM pg_file_settings WHERE name = \(quotedLiteral(setting)) "
                + "AND sourcefile <> \(quotedLiteral(file))"
            let row = try connection.query(question, by: deadline).first?.rows.first
            return .known((row?.first ?? nil) != "0")
        } catch {
            return .unknown(why: error.text)
        }
    }
}
