internal import RACore

/// What pg_rewind needs, as far as looking tells; nothing is changed.
public struct RewindPrerequisites: Sendable {
    /// Why it can't be done, one clause each; empty when it can.
    public let obstacles: [String]
    /// Over which role; nil when none may.
    public let role: RewindRole?

    public var isMet: Bool { obstacles.isEmpty && role != nil }

    /// Looks at the local data, and asks the primary.
    public static func read(_ context: RejoinContext, by deadline: Deadline) -> RewindPrerequisites {
        var obstacles: [String] = []
        switch ControlFile.read(context.installation, by: deadline.capped(milliseconds: 10_000)) {
        case .unknown(let why): obstacles.append(why)
        case .known(let control):
            if !control.hasChecksums && !control.hasLoggedHints {
                obstacles.append(
                    "the data have no checksums, and wal_log_hints was \"off\" when the server last ran: what changed "
                        + "since the fork isn't all in the WAL. HINT: Set wal_log_hints = on on every node, for the next time."
                )
            }
        }
        let program = context.installation.program("pg_rewind")
        if !isExecutable(program) { obstacles.append("program \"\(program)\" isn't there") }
        switch SourceSettings.read(context, ["full_page_writes"], by: deadline.capped(milliseconds: 10_000)) {
        case .unknown(let why): obstacles.append(why)
        case .known(let settings):
            if let value = settings["full_page_writes"], value != "on" {
                obstacles.append(
                    "full_page_writes is \"\(value)\" on \(context.source.node), and must be \"on\". HINT: Set it there, "
                        + "reload, and run CHECKPOINT."
                )
            }
        }
        switch RewindRole.find(context, by: deadline) {
        case .found(let role): return RewindPrerequisites(obstacles: obstacles, role: role)
        case .none(let why): return RewindPrerequisites(obstacles: obstacles + [why], role: nil)
        }
    }
}

/// Settings of the primary as a standby may ask for them: over the replication connection.
enum SourceSettings {
    static func read(
        _ context: RejoinContext,
        _ names: [String],
        by deadline: Deadline
    ) -> Observed<[String: String]> {
        let target = context.source.replication
        do throws(ConnectionFailure) {
            let connection = try Connection.open(target, as: context.account, by: deadline)
            return ask(connection, names, by: deadline)
        } catch {
            return .unknown(why: redactingPasswords("\(target.summary): \(error.text)"))
        }
    }

    private static func ask(
        _ connection: Connection,
        _ names: [String],
        by deadline: Deadline
    ) -> Observed<[String: String]> {
        var values: [String: String] = [:]
        for name in names {
            do throws(QueryFailure) {
                values[name] = try connection.query("SHOW \(name)", by: deadline).first?.rows.first?.first ?? nil
            } catch {
                return .unknown(why: "SHOW \(name) on the primary: \(error.text)")
            }
        }
        return .known(values)
    }
}
