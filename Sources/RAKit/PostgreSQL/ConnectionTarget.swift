public import RACore

/// Where and as whom to connect.
public struct ConnectionTarget: Sendable {
    /// A socket directory (absolute path), a host name or an address.
    public var host: String
    public var port: Int
    public var database: String
    public var user: String
    /// Sent only when the server asks; nil leaves the choice to the passfile.
    public var password: Secret?
    /// Opens a physical replication connection: IDENTIFY_SYSTEM, SHOW, TIMELINE_HISTORY.
    public var isReplication: Bool
    /// Further settings of a connection string, as in `primary_conninfo_opt`.
    public var options: String
    /// Whether names resolve to PostgreSQL's own objects only; an operator's query has the search path of its user.
    public var isPathPinned = true
    /// Ends statements of ours that run longer, on the server.
    public var statementTimeoutMilliseconds: Int

    public init(
        host: String,
        port: Int,
        database: String,
        user: String,
        password: Secret? = nil,
        isReplication: Bool = false,
        options: String = "",
        statementTimeoutMilliseconds: Int = 10_000
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.isReplication = isReplication
        self.options = options
        self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
    }

    /// How a person would name it: `host=/run/postgresql port=5432 user=postgres`; no secret in it.
    public var summary: String { "host=\(host) port=\(port) user=\(user) dbname=\(database)" }

    /// The connection string's words, in libpq's order of precedence: the last one wins.
    var keywords: [(String, String)] {
        var words: [(String, String)] = [("dbname", options), ("host", host), ("port", String(port))]
        if let password { words.append(("password", password.reveal())) }
        words += startup.map { ($0.0 == "database" ? "dbname" : $0.0, $0.1) }
        return words.filter { !$0.1.isEmpty }
    }

    /// What the server is told of the session, by the protocol's names (documentation, "Message Formats",
    /// StartupMessage).
    var startup: [(String, String)] {
        var words = [("user", user), ("database", database)]
        words += [("application_name", "pgsql-swift"), ("client_encoding", "UTF8")]
        if isReplication {
            words.append(("replication", "true"))
        } else {
            // Nothing that a tenant defines is resolved before PostgreSQL's own; no statement outlives us for long.
            words.append(
                (
                    "options",
                    (isPathPinned ? "-c search_path=pg_catalog " : "")
                        + "-c statement_timeout=\(statementTimeoutMilliseconds) -c lock_timeout=5000"
                        + " -c default_transaction_read_only=off"
                )
            )
        }
        return words.filter { !$0.1.isEmpty }
    }
}

/// Why no connection came about.
public enum ConnectionFailure: Error, Sendable, Hashable {
    /// Nothing listens, or the host can't be reached.
    case unreachable(why: String)
    /// Something accepted, but said nothing before the deadline.
    case silent(why: String)
    /// The server answered with an error.
    case refused(state: SQLState, message: String)

    public var text: String {
        switch self {
        case .unreachable(let why), .silent(let why): why
        case .refused(let state, let message): "\(message) (SQLSTATE \(state.code))"
        }
    }
}

/// A five-character error code (PostgreSQL documentation, appendix "PostgreSQL Error Codes").
public struct SQLState: Sendable, Hashable {
    public let code: String

    public init(_ code: String) { self.code = code }

    /// Starting up, shutting down or in recovery without hot standby.
    public static let cannotConnectNow = SQLState("57P03")
    public static let tooManyConnections = SQLState("53300")
    public static let unknown = SQLState("XX000")
}

/// Why a statement gave no result.
public enum QueryFailure: Error, Sendable, Hashable {
    case failed(state: SQLState, message: String)
    case lost(why: String)
    /// No answer before the deadline; the connection is of no more use.
    case silent(why: String)

    public var text: String {
        switch self {
        case .failed(let state, let message): "\(message) (SQLSTATE \(state.code))"
        case .lost(let why), .silent(let why): why
        }
    }
}
