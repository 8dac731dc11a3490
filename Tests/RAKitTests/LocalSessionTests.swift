import Foundation
import RACore
import RATestSupport
import Testing

@testable import RAKit

/// A server that says what a test tells it to, in pieces of a size, to the one client that it accepts.
private final class ScriptedServer {
    /// What happens next on the server's side.
    enum Step {
        /// Waits for anything from the client.
        case awaitClient
        case say([UInt8])
    }

    let folder: String
    private let listener: Int32
    private var thread: Thread?

    init(backlog: Int32 = 5) throws {
        folder = NSTemporaryDirectory() + "session-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder)/.s.PGSQL.5432".utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(listener, backlog) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    deinit {
        close(listener)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// How many bytes the client sent each time when the server waited for it; 0 is its end.
    final class Heard: @unchecked Sendable {
        private var counts: [Int] = []
        private let done = DispatchSemaphore(value: 0)

        fileprivate func add(_ count: Int) { counts.append(count) }
        fileprivate func finish() { done.signal() }

        /// nil when the server isn't done within ten seconds.
        func wait() -> [Int]? { done.wait(timeout: .now() + 10) == .success ? counts : nil }
    }

    /// Plays the steps for the first client, then closes its connection.
    @discardableResult
    func play(_ steps: [Step], pieces: Int = Int.max) -> Heard {
        let listener = listener
        let heard = Heard()
        Thread.detachNewThread {
            let client = accept(listener, nil, nil)
            var buffer = [UInt8](repeating: 0, count: 4096)
            for step in steps {
                switch step {
                case .awaitClient: heard.add(recv(client, &buffer, buffer.count, 0))
                case .say(let bytes):
                    var rest = bytes[...]
                    while !rest.isEmpty {
                        let piece = Array(rest.prefix(pieces))
                        _ = send(client, piece, piece.count, Int32(MSG_NOSIGNAL))
                        rest = rest.dropFirst(pieces)
                    }
                }
            }
            close(client)
            heard.finish()
        }
        return heard
    }

    func open(milliseconds: Int = 10_000) -> LocalSession.Opening {
        let target = ConnectionTarget(host: folder, port: 5432, database: "db", user: "me")
        guard let local = LocalTarget(target) else { return .failed(.unreachable(why: "no local target")) }
        return LocalSession.open(local, as: nil, by: .after(milliseconds: milliseconds))
    }

    /// The session of a server that lets the client in and then plays the steps.
    func session(_ steps: [Step], pieces: Int = Int.max) throws -> LocalSession {
        play([.awaitClient, .say(Server.welcome)] + steps, pieces: pieces)
        guard case .opened(let session) = open() else { throw CocoaError(.fileReadUnknown) }
        return session
    }
}

/// What servers say, byte for byte (PostgreSQL documentation, "Message Formats").
private enum Server {
    static func message(_ letter: Character, _ body: [UInt8]) -> [UInt8] {
        [letter.asciiValue ?? 0] + number(UInt32(body.count + 4)) + body
    }

    static func number(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

    static func text(_ value: String) -> [UInt8] { Array(value.utf8) + [0] }

    static let welcome =
        message("R", number(0)) + message("S", text("server_version") + text("15.20 (Debian 15.20-0+deb12u1)"))
        + message("K", number(4711) + number(99)) + ready

    static let ready = message("Z", [UInt8(ascii: "I")])

    static func error(_ state: String, _ message: String) -> [UInt8] {
        Server.message("E", text("SFATAL") + text("C" + state) + text("M" + message) + [0])
    }

    static func row(_ values: [String?]) -> [UInt8] {
        message(
            "D",
            [0, UInt8(values.count)]
                + values.flatMap { value in
                    value.map { number(UInt32($0.utf8.count)) + Array($0.utf8) } ?? number(UInt32.max)
                }
        )
    }

    static func rows(_ rows: [[String?]]) -> [UInt8] {
        message("T", [0, 0]) + rows.flatMap { row($0) } + message("C", text("SELECT \(rows.count)"))
    }
}

@Suite struct LocalSessionTests {
    private let soon = Deadline.after(milliseconds: 10_000)

    private func failure(_ opening: LocalSession.Opening) -> ConnectionFailure? {
        guard case .failed(let failure) = opening else { return nil }
        return failure
    }

    @Test(arguments: [1, 3, Int.max])
    func understandsAnswersInAnyPieces(_ pieces: Int) throws {
        let server = try ScriptedServer()
        let answer =
            Server.message("N", Server.text("SNOTICE") + [0]) + Server.rows([["a", nil], ["", "\u{F6}"]])
            + Server.rows([])
            + Server.message("I", []) + Server.ready
        let session = try server.session([.awaitClient, .say(answer)], pieces: pieces)
        #expect(session.serverVersion == 150_020)
        #expect(session.serverProcessID == 4711)
        let results = try session.query("SELECT", by: soon)
        #expect(results.map(\.rows) == [[["a", nil], ["", "\u{F6}"]], [], []])
    }

    @Test func anErrorLeavesTheSessionUsable() throws {
        let server = try ScriptedServer()
        let wrong = Server.rows([["1"]]) + Server.error("42501", "permission denied\nmore") + Server.ready
        let session = try server.session([
            .awaitClient, .say(wrong), .awaitClient, .say(Server.rows([["2"]]) + Server.ready),
        ])
        #expect(throws: QueryFailure.failed(state: SQLState("42501"), message: "permission denied")) {
            try session.query("SELECT", by: soon)
        }
        #expect(try session.query("SELECT", by: soon).map(\.rows) == [[["2"]]])
    }

    @Test func theReasonOfALostSessionIsKept() throws {
        let server = try ScriptedServer()
        let session = try server.session([.awaitClient, .say(Server.error("57P01", "terminating connection"))])
        #expect(throws: QueryFailure.failed(state: SQLState("57P01"), message: "terminating connection")) {
            try session.query("SELECT", by: soon)
        }
    }

    @Test func aSessionWithoutAnAnswerEndsAtTheDeadline() throws {
        let server = try ScriptedServer()
        let session = try server.session([.awaitClient, .awaitClient])
        #expect(throws: QueryFailure.silent(why: "no answer to a query before the deadline")) {
            try session.query("SELECT", by: .after(milliseconds: 50))
        }
        // The answer may still come, and would be taken for the next question's.
        #expect(throws: QueryFailure.lost(why: "the session is over")) { try session.query("SELECT", by: soon) }
    }

    /// A server that awaits a password takes anything else for one, and logs that.
    @Test func aSessionThatNeverBeganSaysNothingAtItsEnd() throws {
        let server = try ScriptedServer()
        let heard = server.play([.awaitClient, .say(Server.message("R", Server.number(10))), .awaitClient])
        guard case .secretWanted = server.open() else {
            Issue.record("it went on")
            return
        }
        #expect(heard.wait()?.last == 0)
    }

    @Test(arguments: ["57P03", "53300", "28000"])
    func refusalsKeepTheirCode(_ code: String) throws {
        let server = try ScriptedServer()
        server.play([.awaitClient, .say(Server.error(code, "no"))])
        #expect(failure(server.open()) == .refused(state: SQLState(code), message: "no"))
    }

    /// Clear text, MD5, SCRAM: libpq's.
    @Test(arguments: [UInt32(3), 5, 10])
    func aWantedSecretIsLeftToTheLibrary(_ code: UInt32) throws {
        let server = try ScriptedServer()
        server.play([.awaitClient, .say(Server.message("R", Server.number(code)))])
        guard case .secretWanted = server.open() else {
            Issue.record("it went on")
            return
        }
    }

    @Test func aPostmasterThatCannotForkIsQuoted() throws {
        let server = try ScriptedServer()
        server.play([.awaitClient, .say(Server.text("Ecould not fork new process for connection: no memory"))])
        #expect(failure(server.open())?.text.contains("could not fork new process") == true)
    }

    @Test func whatNobodyListensToIsNamed() throws {
        let server = try ScriptedServer()
        try FileManager.default.removeItem(atPath: server.folder + "/.s.PGSQL.5432")
        let why = "connection to server on socket \"\(server.folder)/.s.PGSQL.5432\" failed: No such file or directory"
        #expect(failure(server.open()) == .unreachable(why: why))
    }

    @Test func aServerThatClosesIsUnreachable() throws {
        let server = try ScriptedServer()
        server.play([.awaitClient])
        guard case .unreachable = failure(server.open()) else {
            Issue.record("it was reached")
            return
        }
    }

    /// As a halted postmaster's: the kernel accepts a few, then nobody.
    @Test func aFullQueueEndsAtTheDeadline() throws {
        let server = try ScriptedServer(backlog: 0)
        for _ in 1...3 {
            guard case .silent = failure(server.open(milliseconds: 30)) else {
                Issue.record("something answered")
                return
            }
        }
    }

    @Test func whatOnlyTheLibraryKnowsIsNoLocalTarget() {
        func isLocal(host: String = "/run/postgresql", password: Secret? = nil, options: String = "") -> Bool {
            LocalTarget(
                ConnectionTarget(host: host, port: 1, database: "d", user: "u", password: password, options: options)
            ) != nil
        }
        #expect(isLocal())
        #expect(
            !isLocal(host: "localhost") && !isLocal(host: "@abstract")
                && !isLocal(host: "/" + String(repeating: "x", count: 120))
        )
        #expect(!isLocal(password: Secret("s")) && !isLocal(options: "sslmode=require"))
    }

    @Test(arguments: [
        ("15.20 (Debian 15.20-0)", 150_020), ("16beta1", 160_000), ("17.0", 170_000), ("19devel", 190_000),
    ])
    func readsVersions(_ text: String, _ number: Int) { #expect(versionNumber(text) == number) }
}
