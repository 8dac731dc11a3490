internal import Glibc
public import RACore

/// One of the primary's tablespaces.
public struct OfferedTablespace: Sendable, Hashable {
    public let oid: UInt32
    /// Its directory on the primary.
    public let location: String
}

/// What a server says when a base backup begins (documentation, "Streaming Replication Protocol", BASE_BACKUP).
///
/// It is asked over the very connection that pg_basebackup will use, and needs no more rights than that: so it proves that
/// the server lets us in, has a WAL sender to spare, finishes a checkpoint and can be read.
public struct BaseBackupOffer: Sendable, Hashable {
    public let start: WALPosition
    public let tablespaces: [OfferedTablespace]
    public let sizes: CopySizes

    static func ask(_ target: ConnectionTarget, as account: Account, by deadline: Deadline) -> Observed<BaseBackupOffer>
    {
        do throws(ConnectionFailure) {
            let connection = try openPatiently(target, as: account, by: deadline)
            do throws(QueryFailure) {
                let rows = try connection.rowsBeforeCopy(statement(connection.serverVersion), by: deadline)
                guard let offer = BaseBackupOffer(rows) else {
                    return .unknown(why: "the answer to BASE_BACKUP can't be read")
                }
                return .known(offer)
            } catch {
                return .unknown(why: error.text)
            }
        } catch {
            return .unknown(why: error.text)
        }
    }

    private static func statement(_ version: Int) -> String {
        version >= 150_000
            ? "BASE_BACKUP (LABEL 'pgsql-swift asks', PROGRESS, CHECKPOINT 'fast')"
            : "BASE_BACKUP LABEL 'pgsql-swift asks' PROGRESS FAST"
    }

    private init?(_ results: [Rows]) {
        guard results.count >= 2, let position = results[0].rows.first, position.count >= 2,
            let lsn = position[0].flatMap({ LSN($0) }),
            let timeline = position[1].flatMap({ UInt32($0) }).flatMap({ TimelineID($0) })
        else { return nil }
        start = WALPosition(timeline: timeline, lsn: lsn)
        var tablespaces: [OfferedTablespace] = []
        var sizes = CopySizes(data: 0)
        for row in results[1].rows {
            guard row.count >= 3, let size = row[2].flatMap({ UInt64($0) }) else { return nil }
            // A relative place is in the data directory and goes with it (allow_in_place_tablespaces).
            guard let oid = row[0].flatMap({ UInt32($0) }), let location = row[1], location.hasPrefix("/") else {
                sizes.data += size * 1024
                continue
            }
            tablespaces.append(OfferedTablespace(oid: oid, location: location))
            sizes.tablespaces[oid] = size * 1024
        }
        self.tablespaces = tablespaces
        self.sizes = sizes
    }

    /// The tablespaces by an ordinary connection, where the role may have one; otherwise by another beginning of a backup.
    static func tablespaces(_ context: RejoinContext, by deadline: Deadline) -> Observed<[OfferedTablespace]> {
        let statement = "SELECT oid, pg_tablespace_location(oid) FROM pg_tablespace"
        if let connection = try? Connection.open(context.source.session("postgres"), as: context.account, by: deadline),
            let rows = try? connection.query(statement, by: deadline).first?.rows
        {
            return .known(
                rows.compactMap { row in
                    guard row.count == 2, let oid = row[0].flatMap({ UInt32($0) }), let place = row[1],
                        place.hasPrefix("/")
                    else { return nil }
                    return OfferedTablespace(oid: oid, location: place)
                }
            )
        }
        return ask(context.source.replication, as: context.account, by: deadline).map(\.tablespaces)
    }
}

/// Connects, and asks again for a second when a server has no place for one more: the process of the question before may
/// not be gone yet.
func openPatiently(
    _ target: ConnectionTarget,
    as account: Account,
    by deadline: Deadline
) throws(ConnectionFailure) -> Connection {
    let end = deadline.capped(milliseconds: 1000)
    while true {
        do throws(ConnectionFailure) {
            return try Connection.open(target, as: account, by: deadline)
        } catch {
            guard case .refused(.tooManyConnections, _) = error, !end.isPast else { throw error }
            pause(milliseconds: 50)
        }
    }
}
