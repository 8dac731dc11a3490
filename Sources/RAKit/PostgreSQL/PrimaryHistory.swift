public import RACore

/// Asks a primary over a replication connection what a standby would be told.
public enum PrimaryHistory {
    /// The primary's system, its timeline with ancestors, how far it has flushed, and its version (150018 is 15.18).
    public static func read(
        _ target: ConnectionTarget,
        as account: Account?,
        by deadline: Deadline
    ) -> Observed<(history: InstanceHistory, flushed: LSN, version: Int)> {
        do throws(ConnectionFailure) {
            let connection = try Connection.open(target, as: account, by: deadline)
            return ask(connection, by: deadline)
        } catch {
            return .unknown(why: error.text)
        }
    }

    private static func ask(
        _ connection: Connection,
        by deadline: Deadline
    ) -> Observed<(history: InstanceHistory, flushed: LSN, version: Int)> {
        do throws(QueryFailure) {
            guard let row = try connection.query("IDENTIFY_SYSTEM", by: deadline).first?.rows.first, row.count >= 3,
                let identifier = row[0].flatMap({ UInt64($0) }),
                let timeline = row[1].flatMap({ UInt32($0) }).flatMap({ TimelineID($0) }),
                let flushed = row[2].flatMap({ LSN($0) })
            else { return .unknown(why: "the answer to IDENTIFY_SYSTEM can't be read") }
            var history = TimelineHistory(timeline: timeline, ancestors: [])
            if timeline.number > 1 {
                let rows = try connection.query("TIMELINE_HISTORY \(timeline)", by: deadline).first?.rows
                guard let text = rows?.first?.last ?? nil, let read = TimelineHistory(timeline: timeline, text: text)
                else {
                    return .unknown(why: "the answer to TIMELINE_HISTORY \(timeline) can't be read")
                }
                history = read
            }
            return .known(
                (InstanceHistory(systemIdentifier: identifier, history: history), flushed, connection.serverVersion)
            )
        } catch {
            return .unknown(why: error.text)
        }
    }
}
