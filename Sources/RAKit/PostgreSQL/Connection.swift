internal import Glibc

/// A connection to a server whose every wait has a deadline.
///
/// Not a general client: text results only, for the questions in `Queries`. One thread only.
public final class Connection {
    private let session: any Session

    private init(_ session: any Session) { self.session = session }

    /// Connects: over a local socket by the protocol itself, in any other case by libpq.
    ///
    /// libpq and its twenty libraries take longer to load than a monitor's question takes (docs/decisions/0011).
    ///
    /// - Parameter account: whose effective user the process takes meanwhile, so that peer authentication sees it.
    public static func open(
        _ target: ConnectionTarget,
        as account: Account?,
        by deadline: Deadline
    ) throws(ConnectionFailure) -> Connection {
        Trace.note("connecting to \(target.summary)")
        if let local = LocalTarget(target) {
            switch LocalSession.open(local, as: account, by: deadline) {
            case .opened(let session): return Connection(session)
            case .failed(let failure): throw failure
            case .secretWanted: break
            }
        }
        return Connection(try LibrarySession.open(target, as: account, by: deadline))
    }

    /// Sends one or several statements in one round trip and collects each one's rows.
    ///
    /// - Throws: the first error; results before it are dropped.
    public func query(_ statements: String, by deadline: Deadline) throws(QueryFailure) -> [Rows] {
        defer { Trace.note("asked: \(firstLine(statements))") }
        return try session.query(statements, stopsAtCopy: false, by: deadline)
    }

    /// The rows that a statement gives before the server begins to send data, which BASE_BACKUP does.
    ///
    /// The connection is of no more use: what the server goes on to send is never read.
    public func rowsBeforeCopy(_ statement: String, by deadline: Deadline) throws(QueryFailure) -> [Rows] {
        try session.query(statement, stopsAtCopy: true, by: deadline)
    }

    /// The server's version as a number (150018 is 15.18).
    public var serverVersion: Int { session.serverVersion }

    /// The process that serves this connection, by the server's word.
    public var serverProcessID: Int32 { session.serverProcessID }
}

/// What both ways to a server have in common.
protocol Session: AnyObject {
    var serverVersion: Int { get }
    var serverProcessID: Int32 { get }
    func query(_ statements: String, stopsAtCopy: Bool, by deadline: Deadline) throws(QueryFailure) -> [Rows]
}

/// The rows of one statement's result, as text; nil is SQL's null.
public struct Rows: Sendable, Equatable {
    public let rows: [[String?]]

    public init(rows: [[String?]]) { self.rows = rows }
}

/// The first line of a text.
func firstLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).first.map { trimSpaces($0) } ?? ""
}

/// Waits until a socket can be read or written; false at the deadline.
func isReady(_ socket: Int32, events: Int32, by deadline: Deadline) -> Bool {
    var waiting = pollfd(fd: socket, events: Int16(events), revents: 0)
    while true {
        let count = poll(&waiting, 1, Int32(min(deadline.remainingMilliseconds, 3_600_000)))
        if count < 0 && errno == EINTR { continue }
        return count > 0
    }
}
