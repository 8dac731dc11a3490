public import RACore

/// What the primary has of the WAL that a node lacks: its slots for the node, and the files of its pg_wal.
public struct SourceWAL: Sendable, Hashable {
    /// The node's slot under its present name; nil inside when there is none.
    public var slot: Observed<ReplicationSlot?>
    /// The one slot that heartbeat/pgsql made before its release 4.1, named as `replication_slot_name`.
    public var formerSlot: ReplicationSlot?
    /// The segment files, by SQL only.
    public var files: Observed<Set<WALSegment>>

    public init(
        slot: Observed<ReplicationSlot?>,
        formerSlot: ReplicationSlot? = nil,
        files: Observed<Set<WALSegment>>
    ) {
        self.slot = slot
        self.formerSlot = formerSlot
        self.files = files
    }

    /// What the slots promise: the node's own, or else the former one, as long as that is there.
    public func slotCover(_ need: WALNeed) -> SlotCover {
        switch slot {
        case .unknown(let why): return .unknown(why: why)
        case .known(let own):
            let cover = assessSlotCover(own, need)
            guard let formerSlot, cover != .covers else { return cover }
            switch assessSlotCover(formerSlot, need) {
            case .covers: return .covers
            case .wavers, .startsLater, .keepsNothing, .missing, .unknown: return cover
            }
        }
    }

    public func sourceCover(_ need: WALNeed) -> SourceCover { assessSourceCover(files, need) }

    /// Asks the source over SQL, as the role that replicates or the database user, and else over the replication
    /// connection, which tells of one slot from PostgreSQL 15 on.
    ///
    /// - Parameter size: bytes of a WAL segment.
    public static func read(_ context: RejoinContext, size: UInt64, by deadline: Deadline) -> SourceWAL {
        let names = slotNames(context)
        var why = ""
        var partial: SourceWAL?
        for target in context.sqlTargets {
            do throws(ConnectionFailure) {
                let connection = try Connection.open(target, as: context.connector, by: deadline)
                let answer = ask(connection, names, size: size, by: deadline)
                if answer.slot.value != nil, answer.files.value != nil { return answer }
                partial = partial ?? answer
            } catch {
                why += (why.isEmpty ? "" : "; ") + "\(target.user): \(redactingPasswords(error.text))"
            }
        }
        if let partial, partial.slot.value != nil { return partial }
        let files = partial?.files ?? .unknown(why: why)
        return SourceWAL(slot: askReplication(context, names, why, by: deadline), files: files)
    }

    /// The node's slot and the former one; none where slots aren't configured.
    private static func slotNames(_ context: RejoinContext) -> (own: String, former: String)? {
        context.parameters.replicationSlotName.map { (slotName(base: $0, node: context.node), $0) }
    }

    private static func ask(
        _ connection: Connection,
        _ names: (own: String, former: String)?,
        size: UInt64,
        by deadline: Deadline
    ) -> SourceWAL {
        var answer = SourceWAL(slot: .known(nil), files: .unknown(why: "not asked"))
        do throws(QueryFailure) {
            answer.files = .known(try Queries.segmentFiles(connection, size: size, by: deadline))
        } catch {
            answer.files = .unknown(why: error.text)
        }
        guard let names else { return answer }
        do throws(QueryFailure) {
            let slots = try Queries.slotRows(connection, by: deadline)
            answer.slot = .known(slots.first { $0.name == names.own })
            answer.formerSlot = slots.first { $0.name == names.former }
        } catch {
            answer.slot = .unknown(why: error.text)
        }
        return answer
    }

    private static func askReplication(
        _ context: RejoinContext,
        _ names: (own: String, former: String)?,
        _ why: String,
        by deadline: Deadline
    ) -> Observed<ReplicationSlot?> {
        guard let names else { return .known(nil) }
        guard context.source.version >= 150_000 else { return .unknown(why: why) }
        do throws(ConnectionFailure) {
            let connection = try Connection.open(context.source.replication, as: context.connector, by: deadline)
            do throws(QueryFailure) {
                return .known(try Queries.slotOverReplication(connection, names.own, by: deadline))
            } catch {
                return .unknown(why: error.text)
            }
        } catch {
            return .unknown(why: redactingPasswords(error.text))
        }
    }
}

extension RejoinContext {
    /// Whose effective user the process takes while it connects to the source: the database user's, where a socket or files
    /// of that user's prove who it is.
    ///
    /// One user is the whole process's: where nothing is won, nothing is changed.
    var connector: Account? {
        let hasFiles = [".pgpass", ".postgresql", ".pg_service.conf"].contains {
            FileFacts("\(account.home)/\($0)") != nil
        }
        return hasFiles || source.replication.host.hasPrefix("/") ? account : nil
    }

    /// Ordinary connections to the source, in the order in which they are tried: what replicates, what administers.
    var sqlTargets: [ConnectionTarget] {
        var users = [parameters.repuser]
        if !users.contains(parameters.pgdba) { users.append(parameters.pgdba) }
        return users.map { source.session(parameters.pgdb, as: $0) }
    }
}

extension Queries {
    /// The whole segment files of the server's pg_wal; for members of pg_monitor.
    static func segmentFiles(
        _ connection: Connection,
        size: UInt64,
        by deadline: Deadline
    ) throws(QueryFailure) -> Set<WALSegment> {
        // Files that wait for their use have names of the future, and are left out by the server's own position.
        let rows = try connection.query(
            "SELECT name FROM pg_ls_waldir() WHERE length(name) = 24 AND size = \(size) AND substr(name, 9) <= "
                + "substr(pg_walfile_name(pg_current_wal_lsn()), 9)",
            by: deadline
        )
        return Set(
            (rows.first?.rows ?? []).compactMap { ($0.first ?? nil).flatMap { WALSegment(name: $0, size: size) } }
        )
    }

    /// The server's slots without what a primary alone can count.
    ///
    /// - Parameter temporary: those that end with their session instead of those that stay.
    static func slotRows(
        _ connection: Connection,
        temporary: Bool = false,
        by deadline: Deadline
    ) throws(QueryFailure) -> [ReplicationSlot] {
        let rows = try connection.query(
            "SELECT slot_name, slot_type, active, restart_lsn, j ->> 'wal_status', j ->> 'invalidation_reason' "
                + "FROM pg_replication_slots AS s, LATERAL to_jsonb(s) AS j WHERE temporary = \(temporary)",
            by: deadline
        )
        return (rows.first?.rows ?? []).compactMap { row in
            guard row.count == 6, let name = row[0] else { return nil }
            return ReplicationSlot(
                name: name,
                isPhysical: row[1] == "physical",
                isActive: row[2] == "t",
                restartLSN: row[3].flatMap { LSN($0) },
                retained: nil,
                status: row[4],
                invalidation: row[5]
            )
        }
    }

    /// One slot by READ_REPLICATION_SLOT (documentation, "Streaming Replication Protocol"); nil when it isn't there.
    static func slotOverReplication(
        _ connection: Connection,
        _ name: String,
        by deadline: Deadline
    ) throws(QueryFailure) -> ReplicationSlot? {
        let row = try connection.query("READ_REPLICATION_SLOT \"\(name)\"", by: deadline).first?.rows.first ?? []
        guard row.count >= 2, let kind = row[0] else { return nil }
        return ReplicationSlot(
            name: name,
            isPhysical: kind == "physical",
            restartLSN: row[1].flatMap { LSN($0) },
            retained: nil
        )
    }
}
