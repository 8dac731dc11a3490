internal import Glibc
import RACore

/// A server's socket on this machine that may let us in without a secret.
struct LocalTarget {
    let target: ConnectionTarget
    let path: String

    /// nil for what only libpq understands: other addresses, a password, settings of an operator.
    init?(_ target: ConnectionTarget) {
        guard target.host.hasPrefix("/"), target.password == nil, target.options.isEmpty, !target.user.isEmpty
        else { return nil }
        path = "\(target.host)/.s.PGSQL.\(target.port)"
        guard path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        self.target = target
    }
}

/// A session over a local socket, for a user whom the server lets in by `peer` or `trust`.
///
/// PostgreSQL documentation, "Frontend/Backend Protocol", version 3.0: the start of a session and simple queries.
final class LocalSession: Session {
    enum Opening {
        case opened(LocalSession)
        /// The server wants more than to know who we are.
        case secretWanted
        case failed(ConnectionFailure)
    }

    private let socket: Int32
    private var incoming = MessageBuffer()
    /// Between the server's first readiness and the first trouble; outside it an answer may belong to another question.
    private var isOpen = false
    private(set) var serverVersion = 0
    private(set) var serverProcessID: Int32 = 0

    private init(socket: Int32) { self.socket = socket }

    deinit {
        // Terminate; the server ends the session without it as well, but logs that. Not what it expects during the start.
        if isOpen { _ = Glibc.send(socket, [UInt8(ascii: "X"), 0, 0, 0, 4], 5, Int32(MSG_NOSIGNAL)) }
        close(socket)
    }

    static func open(_ local: LocalTarget, as account: Account?, by deadline: Deadline) -> Opening {
        let connected = account?.impersonate { connect(local.path, by: deadline) } ?? connect(local.path, by: deadline)
        let socket: Int32
        switch connected {
        case .success(let descriptor): socket = descriptor
        case .failure(.silent): return .failed(silence(local))
        case .failure(.lost(let why)):
            return .failed(.unreachable(why: "connection to server on socket \"\(local.path)\" failed: \(why)"))
        }
        let session = LocalSession(socket: socket)
        do throws(Trouble) {
            return try session.begin(local.target, by: deadline)
        } catch {
            switch error {
            case .silent: return .failed(silence(local))
            case .lost(let why):
                return .failed(.unreachable(why: "connection to server on socket \"\(local.path)\" lost: \(why)"))
            }
        }
    }

    private static func silence(_ local: LocalTarget) -> ConnectionFailure {
        .silent(why: "no answer from \(local.target.summary) before the deadline")
    }

    private func begin(_ target: ConnectionTarget, by deadline: Deadline) throws(Trouble) -> Opening {
        var body: [UInt8] = [0, 3, 0, 0]
        for (name, value) in target.startup { body += Array(name.utf8) + [0] + Array(value.utf8) + [0] }
        try send(framed(nil, body + [0]), by: deadline)
        while true {
            switch try receive(by: deadline) {
            case .authentication(let code):
                guard code == 0 else { return .secretWanted }
            case .parameter(let name, let value):
                if name == "server_version" { serverVersion = versionNumber(value) }
            case .keyData(let processID): serverProcessID = processID
            case .error(let state, let message): return .failed(.refused(state: state, message: message))
            case .ready:
                isOpen = true
                return .opened(self)
            case .aside: break
            case .description, .row, .complete, .copy, .unexpected: throw .unreadable
            }
        }
    }

    func query(
        _ statements: String,
        stopsAtCopy: Bool = false,
        by deadline: Deadline
    ) throws(QueryFailure) -> [Rows] {
        var results: [Rows] = []
        var problem: QueryFailure?
        guard isOpen else { throw .lost(why: "the session is over") }
        do throws(Trouble) {
            try send(framed(UInt8(ascii: "Q"), Array(statements.utf8) + [0]), by: deadline)
            if try collect(&results, &problem, by: deadline) == .copy {
                isOpen = false
                guard stopsAtCopy else { throw Trouble.unreadable }
            }
        } catch {
            isOpen = false
            switch error {
            case .silent: throw .silent(why: "no answer to a query before the deadline")
            // An error before the end of the session says why it ended.
            case .lost(let why): throw problem ?? .lost(why: why)
            }
        }
        if let problem { throw problem }
        return results
    }

    /// Takes every statement's rows and the first error until the server is ready for the next query, or begins to copy.
    private func collect(
        _ results: inout [Rows],
        _ problem: inout QueryFailure?,
        by deadline: Deadline
    ) throws(Trouble) -> ServerMessage.Meaning {
        var rows: [[String?]] = []
        while true {
            switch try receive(by: deadline) {
            case .row(let row): rows.append(row)
            case .complete:
                results.append(Rows(rows: rows))
                rows = []
            case .error(let state, let message): problem = problem ?? .failed(state: state, message: message)
            case .ready: return .ready
            case .copy: return .copy
            case .aside, .parameter, .description: break
            case .authentication, .keyData, .unexpected: throw .unreadable
            }
        }
    }

    // The socket

    private enum Trouble: Error {
        case silent
        case lost(why: String)

        static let unreadable = Trouble.lost(why: "the server's answer can't be read")
    }

    private static func connect(_ path: String, by deadline: Deadline) -> Result<Int32, Trouble> {
        let descriptor = Glibc.socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            0
        )
        guard descriptor >= 0 else { return .failure(.lost(why: errorText(errno))) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        while true {
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 { return .success(descriptor) }
            let number = errno
            // The queue of a server that accepts nobody is full.
            if number == EAGAIN, !deadline.isPast {
                pause(milliseconds: 10)
                continue
            }
            close(descriptor)
            return .failure(number == EAGAIN ? .silent : .lost(why: errorText(number)))
        }
    }

    /// A message as it is sent; the first of a session has no letter.
    private func framed(_ letter: UInt8?, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 4)
        return (letter.map { [$0] } ?? []) + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + body
    }

    private func send(_ bytes: [UInt8], by deadline: Deadline) throws(Trouble) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                guard isReady(socket, events: POLLOUT, by: deadline) else { throw .silent }
            } else if errno != EINTR {
                // What the server said before it closed is still to be read.
                return
            }
        }
    }

    private func receive(by deadline: Deadline) throws(Trouble) -> ServerMessage.Meaning {
        var chunk = [UInt8](repeating: 0, count: 8192)
        while true {
            do throws(MessageBuffer.Malformed) {
                if let message = try incoming.next() { return message.meaning }
            } catch {
                throw .lost(why: "the server's answer can't be read: \"\(error.seen)\"")
            }
            guard isReady(socket, events: POLLIN, by: deadline) else { throw .silent }
            let count = recv(socket, &chunk, chunk.count, 0)
            if count == 0 { throw .lost(why: "server closed the connection unexpectedly") }
            if count < 0 {
                guard errno == EINTR || errno == EAGAIN else { throw .lost(why: errorText(errno)) }
                continue
            }
            chunk.withUnsafeBytes { incoming.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        }
    }
}

/// `15.20 (Debian 15.20-0+deb12u1)` is 150020, `16beta1` 160000.
func versionNumber(_ text: String) -> Int {
    let numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0.prefix(4)) ?? 0 }
    return (numbers.first ?? 0) * 10_000 + (numbers.count > 1 ? numbers[1] : 0)
}
