public import RACore

extension Queries {
    /// Pending restarts and limits of slots (from PostgreSQL 13 and 18 on); the addresses of standbys.
    static let extras = """
        SELECT count(*), current_setting('max_slot_wal_keep_size', true),
          current_setting('idle_replication_slot_timeout', true) FROM pg_settings WHERE pending_restart;
        SELECT application_name, host(client_addr) FROM pg_stat_replication WHERE client_addr IS NOT NULL
        """

    /// Asks a server what `status` shows beyond a monitor's facts.
    public static func extras(
        _ connection: Connection,
        by deadline: Deadline
    ) throws(QueryFailure) -> ServerExtras {
        let results = try connection.query(extras, by: deadline)
        guard results.count == 2, let row = results[0].rows.first, row.count == 3,
            let pending = row[0].flatMap({ Int($0) })
        else {
            throw .failed(state: .unknown, message: "the server's answer on settings and slots can't be read")
        }
        var addresses: [String: String] = [:]
        for row in results[1].rows {
            if let name = row[0], let address = row[1] { addresses[name] = address }
        }
        let limits = zip(["max_slot_wal_keep_size", "idle_replication_slot_timeout"], row.dropFirst()).compactMap {
            name,
            value in
            value.flatMap { $0 == (name.hasPrefix("idle") ? "0" : "-1") ? nil : "\(name)=\($0)" }
        }
        return ServerExtras(
            pendingRestart: pending,
            slots: try slots(connection, by: deadline),
            addresses: addresses,
            slotLimits: limits
        )
    }

    /// Asks over a replication connection what the server is.
    ///
    /// Before PostgreSQL 14 a read-only transaction stands for recovery: such a connection can ask nothing better.
    public static func replicationFacts(
        _ connection: Connection,
        by deadline: Deadline
    ) throws(QueryFailure) -> (isInRecovery: Bool, position: WALPosition) {
        let setting = connection.serverVersion >= 140_000 ? "in_hot_standby" : "transaction_read_only"
        let recovery = try connection.query("SHOW \(setting)", by: deadline).first?.rows.first?.first ?? nil
        let row = try connection.query("IDENTIFY_SYSTEM", by: deadline).first?.rows.first ?? []
        guard let recovery, row.count >= 3, let lsn = row[2].flatMap({ LSN($0) }),
            let timeline = row[1].flatMap({ UInt32($0) }).flatMap({ TimelineID($0) })
        else { throw .failed(state: .unknown, message: "the answer to IDENTIFY_SYSTEM can't be read") }
        return (recovery == "on", WALPosition(timeline: timeline, lsn: lsn))
    }
}
