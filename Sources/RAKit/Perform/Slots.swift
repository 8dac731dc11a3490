import RACore

/// Changes a server's replication slots.
struct Slots {
    let connection: Connection
    let deadline: Deadline

    func observe() throws(QueryFailure) -> SlotObservation { try Queries.slots(connection, by: deadline) }

    /// Makes a slot, and reserves its WAL at once: from where recovery would begin.
    func create(_ name: String) throws(QueryFailure) {
        let text = quotedLiteral(name)
        try change(
            "SELECT pg_create_physical_replication_slot(\(text), true)"
                + " WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = \(text))"
        )
    }

    /// Moves a slot that nobody uses forward; PostgreSQL never moves one back.
    func advance(_ name: String, to lsn: LSN) throws(QueryFailure) {
        try change("SELECT pg_replication_slot_advance(\(quotedLiteral(name)), \(quotedLiteral(lsn.description)))")
    }

    /// Drops a physical slot.
    ///
    /// - Parameter isForced: whether a connection that uses it is ended; otherwise such a slot stays.
    /// - Returns: whether it is gone.
    func drop(_ name: String, isForced: Bool) throws(QueryFailure) -> Bool {
        let text = quotedLiteral(name)
        if isForced {
            let end = deadline.capped(milliseconds: 2000)
            while try isEnding(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = \(text) AND active"
            ),
                !end.isPast
            {
                pause(milliseconds: 10)
            }
        }
        try change(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                + " WHERE slot_name = \(text) AND slot_type = 'physical' AND NOT active"
        )
        let left = "SELECT FROM pg_replication_slots WHERE slot_name = \(text)"
        return try connection.query(left, by: deadline).first?.rows.isEmpty ?? false
    }

    private func isEnding(_ statement: String) throws(QueryFailure) -> Bool {
        try connection.query(statement, by: deadline).first?.rows.isEmpty == false
    }

    private func change(_ statement: String) throws(QueryFailure) { _ = try connection.query(statement, by: deadline) }

    /// Has the server remove WAL that nobody needs; it goes on with that when this connection has ended.
    func requestCheckpoint() {
        _ = try? connection.query("CHECKPOINT", by: deadline.capped(milliseconds: 500))
    }
}
