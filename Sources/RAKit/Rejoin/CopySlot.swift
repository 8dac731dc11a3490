import RACore

/// The slot that keeps the primary's WAL for this node, from the copy until it streams.
struct CopySlot {
    let context: RejoinContext
    let isInterrupted: @Sendable () -> Bool

    /// Has the node's slot on the primary reserve WAL from now on.
    ///
    /// - Returns: its name; nil when no slots are configured: pg_basebackup then makes one for its own time.
    func reserve() throws(RejoinFailure) -> String? {
        guard let base = context.parameters.replicationSlotName else { return nil }
        let name = slotName(base: base, node: context.node)
        let end = Deadline.after(milliseconds: 20_000)
        let connection: Connection
        do throws(ConnectionFailure) {
            connection = try openPatiently(context.source.replication, as: context.account, by: end)
        } catch {
            throw RejoinFailure(.failed, redactingPasswords("replication slot \(name): \(error.text)"))
        }
        return try reserve(name, connection, by: end)
    }

    private func reserve(_ name: String, _ connection: Connection, by deadline: Deadline) throws(RejoinFailure)
        -> String
    {
        do throws(QueryFailure) {
            // One that keeps nothing, as the server gave it up, can't be used any more; nothing is lost with it.
            if keepsNothing(name, connection, by: deadline) {
                _ = try connection.query("DROP_REPLICATION_SLOT \"\(name)\"", by: deadline)
                context.progress.note("dropped replication slot \(name), which kept no WAL any more")
            }
            _ = try connection.query("CREATE_REPLICATION_SLOT \"\(name)\" PHYSICAL RESERVE_WAL", by: deadline)
            context.progress.note("made replication slot \(name) on \(context.source.node)")
        } catch {
            guard case .failed(SQLState("42710"), _) = error else {
                throw RejoinFailure(.failed, redactingPasswords("replication slot \(name): \(error.text)"))
            }
        }
        try awaitRelease(name)
        return name
    }

    /// Whether a slot is there that reserves no WAL; false as well when it can't be told.
    private func keepsNothing(_ name: String, _ connection: Connection, by deadline: Deadline) -> Bool {
        if let row = row(name, by: deadline) { return row.count == 2 && row[0] == "t" && row[1] == nil }
        guard connection.serverVersion >= 150_000,
            let row = try? connection.query("READ_REPLICATION_SLOT \"\(name)\"", by: deadline).first?.rows.first
        else { return false }
        return row.count == 3 && row[0] == "physical" && row[1] == nil
    }

    /// Whether it keeps nothing, and who uses it; nil when there is none, or an ordinary connection isn't let in.
    private func row(_ name: String, by deadline: Deadline) -> [String?]? {
        let statement =
            "SELECT restart_lsn IS NULL AND slot_type = 'physical', active_pid FROM pg_replication_slots "
            + "WHERE slot_name = \(quotedLiteral(name))"
        guard
            let connection = try? Connection.open(context.source.session("postgres"), as: context.account, by: deadline)
        else { return nil }
        return try? connection.query(statement, by: deadline).first?.rows.first
    }

    /// A copy that was ended a moment ago may still hold it on the primary.
    private func awaitRelease(_ name: String) throws(RejoinFailure) {
        let end = Deadline.after(milliseconds: 15_000)
        var holder: String?
        while let row = row(name, by: .after(milliseconds: 5000)), row.count == 2, let process = row[1],
            !isInterrupted()
        {
            holder = process
            guard !end.isPast else { break }
            holder = nil
            pause(milliseconds: 100)
        }
        guard let holder else { return }
        throw RejoinFailure(
            .failed,
            "replication slot \(name) is used by process \(holder) on \(context.source.node): another server receives WAL "
                + "in this node's name. HINT: pg_stat_replication there says from which address; end that one first."
        )
    }
}
