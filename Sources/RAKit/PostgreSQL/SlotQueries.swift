public import RACore

extension Queries {
    /// The server's position, where its recovery would begin, and its slots.
    ///
    /// `wal_status` came with PostgreSQL 13, `invalidation_reason` with 17: read through JSON they are null before.
    static let slots = """
        SELECT pg_is_in_recovery(),
          CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
            ELSE pg_current_wal_lsn() END,
          (SELECT redo_lsn FROM pg_control_checkpoint()), current_setting('wal_segment_size'),
          current_setting('max_wal_size'), CASE WHEN pg_is_in_recovery() THEN
            greatest((SELECT timeline_id FROM pg_control_checkpoint()),
                     (SELECT received_tli FROM pg_stat_get_wal_receiver())) END;
        SELECT slot_name, slot_type, active, restart_lsn, j ->> 'wal_status', j ->> 'invalidation_reason',
          pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
            THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END, restart_lsn)
        FROM pg_replication_slots AS s, LATERAL to_jsonb(s) AS j WHERE NOT temporary
        """

    /// Asks a server for its replication slots and what they keep.
    public static func slots(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) -> SlotObservation {
        let results = try connection.query(slots, by: deadline)
        guard results.count == 2, let row = results[0].rows.first, row.count == 6,
            let lsn = row[1].flatMap({ LSN($0) }), let redo = row[2].flatMap({ LSN($0) }),
            let segment = row[3].flatMap({ QuantityKind.size.read($0) }),
            let cycle = row[4].flatMap({ QuantityKind.size.read($0) })
        else { throw .failed(state: .unknown, message: "the server's answer on replication slots can't be read") }
        return SlotObservation(
            isInRecovery: row[0] == "t",
            lsn: lsn,
            redo: redo,
            segmentSize: UInt64(segment),
            cycle: UInt64(cycle),
            timeline: row[5].flatMap { UInt32($0) }.flatMap { TimelineID($0) },
            slots: results[1].rows.compactMap(parseSlot)
        )
    }

    private static func parseSlot(_ row: [String?]) -> ReplicationSlot? {
        guard row.count == 7, let name = row[0] else { return nil }
        return ReplicationSlot(
            name: name,
            isPhysical: row[1] == "physical",
            isActive: row[2] == "t",
            restartLSN: row[3].flatMap { LSN($0) },
            // A slot whose oldest WAL is ahead of the server's position keeps none.
            retained: row[6].flatMap { Int64($0) }.map { UInt64(max(0, $0)) },
            status: row[4],
            invalidation: row[5]
        )
    }
}
