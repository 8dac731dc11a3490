import RACore

/// The replication slots that the agent keeps: one a peer, on the primary.
struct Slots {
    let agent: Agent
    let connection: Connection

    /// Makes the slots of all peers, and reserves their WAL at once.
    ///
    /// - Returns: nil, or what failed.
    func create(for peers: [String]) -> String? {
        each(peers) { name in
            "SELECT pg_create_physical_replication_slot(\(name), true)"
                + " WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = \(name))"
        }
    }

    /// Drops the peers' slots that nobody uses: on a standby they would hold WAL back for ever.
    func dropInactive(for peers: [String]) -> String? {
        each(peers) { name in
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                + " WHERE slot_name = \(name) AND slot_type = 'physical' AND NOT active"
        }
    }

    private func each(_ peers: [String], _ statement: (String) -> String) -> String? {
        guard let base = agent.parameters.replicationSlotName else { return nil }
        for peer in peers {
            let name = slotName(base: base, node: peer)
            do throws(QueryFailure) {
                _ = try connection.query(statement(quotedLiteral(name)), by: agent.lookDeadline)
            } catch {
                return "replication slot \(name): \(error.text)"
            }
        }
        return nil
    }
}
