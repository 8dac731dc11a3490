import RACore

extension Queries {
    /// What a role may do for pg_rewind.
    struct RewindPrivileges {
        /// The functions that it may not call.
        let missing: [String]
        let mayCheckpoint: Bool
    }

    /// Asks what the connection's role may do in its database.
    static func rewindPrivileges(
        _ connection: Connection,
        functions: [String],
        by deadline: Deadline
    ) throws(QueryFailure) -> RewindPrivileges {
        let questions = functions.map { "has_function_privilege(\(quotedLiteral("pg_catalog." + $0)), 'EXECUTE')" }
        // The role pg_checkpoint came with PostgreSQL 15.
        let statement = """
            SELECT current_setting('is_superuser') = 'on'
                OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'USAGE')),
              \(questions.joined(separator: ", "))
            """
        let row = try connection.query(statement, by: deadline).first?.rows.first ?? []
        guard row.count == functions.count + 1 else {
            throw .failed(state: .unknown, message: "the server's answer about privileges can't be read")
        }
        let missing = zip(functions, row.dropFirst()).filter { $1 != "t" }.map(\.0)
        return RewindPrivileges(missing: missing, mayCheckpoint: row[0] == "t")
    }

    /// A primary's timeline, and that of its last checkpoint: what pg_rewind takes for it (E5: right after a promotion the
    /// two differ, and pg_rewind finds nothing to do).
    static func timelines(
        _ connection: Connection,
        by deadline: Deadline
    ) throws(QueryFailure) -> (current: TimelineID, checkpoint: TimelineID) {
        let statement = """
            SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8), (SELECT timeline_id FROM pg_control_checkpoint())
            """
        let row = try connection.query(statement, by: deadline).first?.rows.first ?? []
        guard row.count == 2, let current = row[0].flatMap({ UInt32($0, radix: 16) }).flatMap({ TimelineID($0) }),
            let checkpoint = row[1].flatMap({ UInt32($0) }).flatMap({ TimelineID($0) })
        else { throw .failed(state: .unknown, message: "the server's answer about its timeline can't be read") }
        return (current, checkpoint)
    }

    /// What a server's machine brings to its data. The C library's version comes with PostgreSQL 13, where there is a
    /// collation of its.
    static func machine(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) -> MachineFormat {
        let statement = """
            SELECT version(), (SELECT pg_collation_actual_version(oid) FROM pg_collation WHERE collprovider = 'c'
              AND pg_collation_actual_version(oid) IS NOT NULL LIMIT 1)
            """
        let row = try connection.query(statement, by: deadline).first?.rows.first ?? []
        guard row.count == 2, let version = row[0] else {
            throw .failed(state: .unknown, message: "the server's answer about its machine can't be read")
        }
        return MachineFormat(architecture: architecture(inVersion: version), libraryVersion: row[1])
    }

    /// The names in a server's pg_wal.
    static func walFiles(_ connection: Connection, by deadline: Deadline) throws(QueryFailure) -> [String] {
        // One of the functions that pg_rewind calls: whoever may rewind may call it.
        let rows = try connection.query("SELECT pg_ls_dir('pg_wal', true, false)", by: deadline).first?.rows ?? []
        return rows.compactMap { $0.first ?? nil }
    }
}
