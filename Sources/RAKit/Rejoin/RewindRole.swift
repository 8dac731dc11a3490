internal import RACore

/// A role and a database over which pg_rewind may read the primary's files.
public struct RewindRole: Sendable {
    public let target: ConnectionTarget
    /// Whether it may have the primary make a checkpoint.
    public let mayCheckpoint: Bool

    /// The functions that pg_rewind calls (documentation, "pg_rewind", Notes).
    static let functions = [
        "pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)", "pg_read_binary_file(text)",
        "pg_read_binary_file(text, bigint, bigint, boolean)",
    ]

    /// What became of looking for one.
    public enum Finding: Sendable {
        case found(RewindRole)
        /// - Parameter why: what each candidate lacks, and what an administrator can do.
        case none(why: String)
    }

    /// Looks for one among the replication user, the instance's owner and the monitoring user.
    ///
    /// Privileges on functions are a database's own, so each of the usual databases is asked.
    public static func find(_ context: RejoinContext, by deadline: Deadline) -> Finding {
        var complaints: [String] = []
        for user in candidates(context.parameters) {
            var complaint: String?
            for database in databases(context.parameters) {
                let target = target(context, user, database)
                switch ask(target, as: context.account, by: deadline.capped(milliseconds: 10_000)) {
                case .success(let role): return .found(role)
                case .failure(let failure):
                    complaint = complaint.map { failure.isBetter ? failure.why : $0 } ?? failure.why
                }
            }
            complaints.append("\"\(user)\": \(complaint ?? "it wasn't asked")")
        }
        let why = "no role may rewind from \(context.source.node): \(complaints.joined(separator: "; "))"
        return .none(why: redactingPasswords(why) + ". HINT: " + grants(context))
    }

    /// Every connection that is tried, the likeliest first.
    static func targets(_ context: RejoinContext) -> [ConnectionTarget] {
        candidates(context.parameters).flatMap { user in
            databases(context.parameters).map { target(context, user, $0) }
        }
    }

    private static func candidates(_ parameters: Parameters) -> [String] {
        var users: [String] = []
        for user in [parameters.repuser, parameters.pgdba, parameters.monitoringUser] where !users.contains(user) {
            users.append(user)
        }
        return users
    }

    private static func databases(_ parameters: Parameters) -> [String] {
        var names = ["postgres"]
        for name in [parameters.pgdb, "template1"] where !name.isEmpty && !names.contains(name) { names.append(name) }
        return names
    }

    private static func target(_ context: RejoinContext, _ user: String, _ database: String) -> ConnectionTarget {
        var target = context.source.session(database, as: user)
        // A primary that is gone, or a network that drops all, must not keep pg_rewind waiting; given options win.
        let watch =
            "connect_timeout=10 keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=30000 "
        if user != context.source.replication.user {
            // Its password is the replication user's.
            target.options = withoutPassword(target.options)
            target.password = nil
        }
        if user == context.parameters.monitoringUser, let own = context.parameters.monitorPassword {
            target.password = own
        }
        target.options = watch + target.options
        return target
    }

    private struct Failure: Error {
        let why: String
        /// Whether it let the role in: what it lacks says more than why another database refused it.
        let isBetter: Bool
    }

    private static func ask(
        _ target: ConnectionTarget,
        as account: Account,
        by deadline: Deadline
    ) -> Result<RewindRole, Failure> {
        let connection: Connection
        do throws(ConnectionFailure) {
            connection = try Connection.open(target, as: account, by: deadline)
        } catch {
            return .failure(Failure(why: error.text, isBetter: false))
        }
        do throws(QueryFailure) {
            let privileges = try Queries.rewindPrivileges(connection, functions: functions, by: deadline)
            guard privileges.missing.isEmpty else {
                return .failure(
                    Failure(why: "may not call \(privileges.missing.joined(separator: ", "))", isBetter: true)
                )
            }
            return .success(RewindRole(target: target, mayCheckpoint: privileges.mayCheckpoint))
        } catch {
            return .failure(Failure(why: error.text, isBetter: false))
        }
    }

    private static func grants(_ context: RejoinContext) -> String {
        let user = context.parameters.repuser
        let statements = functions.map { "GRANT EXECUTE ON FUNCTION pg_catalog.\($0) TO \"\(user)\";" }
        return
            "Let \"\(user)\" connect to database \"postgres\" in pg_hba.conf of every node, and run there on the primary: "
            + statements.joined(separator: " ")
    }
}

/// A connection string's settings without a password.
func withoutPassword(_ options: String) -> String {
    guard case .settings(let settings) = parseConninfo(options) else { return "" }
    return settings.filter { $0.keyword != "password" }.map {
        "\($0.keyword)=\(ProgramConnection.quoted($0.value))"
    }.joined(separator: " ")
}
