public import RACore

/// Every SQL statement of the agent, as typed questions.
public enum Queries {
    /// The one round trip of a monitor: the instance's own row, then a row a WAL sender.
    ///
    /// The functions behind pg_stat_replication and pg_stat_wal_receiver, as planning views in a fresh session takes longer
    /// than all the rest. Without a receiver its function gives one row of nulls.
    ///
    /// Timeline of a standby: the furthest of the last checkpoint's, the minimum recovery end's and the receiver's, as
    /// the checkpoint's lags behind a followed promotion (documentation, "System Information Functions").
    static let instance = """
        SELECT pg_is_in_recovery(), current_setting('server_version_num'),
          (SELECT system_identifier FROM pg_control_system()),
          CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END,
          CASE WHEN pg_is_in_recovery() THEN NULL ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
          pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(),
          greatest((SELECT timeline_id FROM pg_control_checkpoint()),
                   (SELECT min_recovery_end_timeline FROM pg_control_recovery())),
          r.status, r.received_tli, current_setting('synchronous_standby_names'),
          current_setting('is_superuser') = 'on' OR pg_has_role('pg_monitor', 'USAGE'),
          current_setting('synchronous_commit'), r.pid
        FROM pg_stat_get_wal_receiver() AS r;
        SELECT (SELECT application_name FROM pg_stat_get_activity(w.pid)), w.state, w.sync_state, w.flush_lsn,
          w.replay_lsn, w.pid
        FROM pg_stat_get_wal_senders() AS w
        """

    /// Asks a server what it is.
    public static func instance(
        _ connection: Connection,
        by deadline: Deadline
    ) throws(QueryFailure) -> ServerFacts {
        let results = try connection.query(instance, by: deadline)
        guard results.count == 2, let row = results[0].rows.first, let facts = parseInstance(row) else {
            throw .failed(state: .unknown, message: "the server's answer about itself can't be read")
        }
        var complete = facts
        complete.senders =
            row[11] == "t"
            ? .known(results[1].rows.map(parseSender))
            : .unknown(why: "the monitoring user isn't a member of pg_monitor and isn't shown replication states")
        return complete
    }

    /// Asks a standby to become the primary, and doesn't wait ("Recovery Control Functions").
    static func requestPromotion(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) {
        let answer = try connection.query("SELECT pg_promote(false)", by: deadline)
        guard answer.first?.rows.first?.first == "t" else {
            throw .failed(state: .unknown, message: "pg_promote couldn't ask for the promotion")
        }
    }

    /// Writes a checkpoint at once; it takes as long as the disk does.
    static func checkpoint(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) {
        _ = try connection.query("SET statement_timeout = 0; CHECKPOINT", by: deadline)
    }

    /// Writes a message into the WAL that nobody reads, durably and without waiting for a standby ("Replication Management
    /// Functions").
    static func writeLittleWAL(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) {
        _ = try connection.query(
            "SET synchronous_commit = local; SELECT pg_logical_emit_message(true, 'pgsql-swift', '')",
            by: deadline
        )
    }

    /// Whether a session waits for a standby's confirmation, as far as the monitoring user is shown.
    static func isCommitWaiting(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) -> Bool {
        let answer = try connection.query(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')",
            by: deadline
        )
        return answer.first?.rows.first?.first == "t"
    }

    static func isInRecovery(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) -> Bool {
        try connection.query("SELECT pg_is_in_recovery()", by: deadline).first?.rows.first?.first == "t"
    }

    private static func parseInstance(_ row: [String?]) -> ServerFacts? {
        guard row.count == 14, let recovery = row[0], let version = row[1].flatMap({ Int($0) }),
            let identifier = row[2].flatMap({ UInt64($0) })
        else { return nil }
        let isInRecovery = recovery == "t"
        let receiverTimeline = row[9].flatMap { UInt32($0) }.flatMap { TimelineID($0) }
        let receiver = row[8].map {
            WALReceiver(status: $0, timeline: receiverTimeline, processID: row[13].flatMap { Int32($0) } ?? 0)
        }
        let replayed = row[6].flatMap { LSN($0) }
        let received = row[5].flatMap { LSN($0) }
        let own = isInRecovery ? [received, replayed].compactMap { $0 }.max() : row[3].flatMap { LSN($0) }
        let timelines =
            isInRecovery
            ? [row[7].flatMap { UInt32($0) }.flatMap { TimelineID($0) }, receiverTimeline].compactMap { $0 }.max()
            : row[4].flatMap { UInt32($0, radix: 16) }.flatMap { TimelineID($0) }
        guard let lsn = own, let timeline = timelines else { return nil }
        return ServerFacts(
            isInRecovery: isInRecovery,
            version: version,
            systemIdentifier: identifier,
            timeline: timeline,
            lsn: lsn,
            replayedLSN: replayed,
            // Set when recovery asks for WAL to be streamed, whether anybody sends it or not, and not before.
            hasReachedEnd: !isInRecovery || received != nil,
            synchronousStandbyNames: row[10] ?? "",
            synchronousCommit: row[12] ?? "",
            receiver: receiver
        )
    }

    private static func parseSender(_ row: [String?]) -> WALSender {
        WALSender(
            applicationName: row[0] ?? "",
            state: row[1] ?? "",
            syncState: row[2] ?? "",
            flushedLSN: row[3].flatMap { LSN($0) },
            replayedLSN: row[4].flatMap { LSN($0) },
            processID: row[5].flatMap { Int32($0) } ?? 0
        )
    }

    /// The file and line that set each of our settings, and the value in effect.
    public struct SettingSource: Sendable, Equatable {
        public let name: String
        public let value: String
        /// nil when no file set it, or when this user isn't shown files.
        public let file: String?
    }

    /// Where the settings that the agent owns come from; for a user who may read `pg_settings.sourcefile`.
    public static func ownedSettings(
        _ connection: Connection,
        names: [String],
        by deadline: Deadline
    ) throws(QueryFailure) -> [SettingSource] {
        let list = names.map { quotedLiteral($0) }.joined(separator: ", ")
        let results = try connection.query(
            "SELECT name, setting, sourcefile FROM pg_settings WHERE name IN (\(list))",
            by: deadline
        )
        return (results.first?.rows ?? []).map { row in
            SettingSource(name: row[0] ?? "", value: row[1] ?? "", file: row.count > 2 ? row[2] : nil)
        }
    }

    /// Whether the checkpointer waits for work, and the WAL's position.
    static func checkpointer(
        _ connection: Connection,
        by deadline: Deadline
    ) throws(QueryFailure) -> (isBetweenCheckpoints: Bool, position: LSN?) {
        let rows = try connection.query(
            "SELECT pg_current_wal_lsn(), (SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'checkpointer')",
            by: deadline
        )
        let row = rows.first?.rows.first ?? [nil, nil]
        let isBetween = row[1] == "CheckpointerMain" || row[1] == "CheckpointWriteDelay"
        return (isBetween, row[0].flatMap { LSN($0) })
    }
}

/// An SQL string literal, safe with either setting of standard_conforming_strings as no backslash stays single.
public func quotedLiteral(_ text: String) -> String {
    var quoted = text.contains("\\") ? " E'" : "'"
    for character in text {
        if character == "'" || character == "\\" { quoted.append(character) }
        quoted.append(character)
    }
    return quoted + "'"
}
