import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// Postmasters that are dead, hung, on their way, or too busy, and what only looks like one.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct ProcessStateTests {
    /// A leftover of a crash names a number that another process of the same user has by now.
    @Test func stalePidFileOfAnotherProcess() throws {
        try withInstance { instance in
            let other = try BackgroundProcess("exec sleep 600")
            defer { other.end() }
            try instance.write("\(other.processID)\n\(instance.data)\n1\n", to: "postmaster.pid")
            let call = instance.call()
            #expect(call.run("monitor").code == 7)
            #expect(call.run("status").code == 7)
            #expect(call.run("stop").code == 0)
            try instance.write(
                "\(other.processID)\n\(instance.data)\n1\n\(instance.port)\n\n\n",
                to: "postmaster.pid"
            )
            let start = call.run("start")
            #expect(start.code == 0, "\(start)")
            #expect(call.run("monitor").code == 0)
            #expect(other.isRunning)
        }
    }

    /// Another instance of the same user on the same machine has the number.
    @Test func stalePidFileOfAnotherPostmaster() throws {
        try withInstance { instance in
            let other = try TestInstance("n2", in: instance.folder, address: "127.0.1.2", port: Ports.next())
            #expect(other.call().run("start").code == 0)
            try instance.write(other.text("postmaster.pid"), to: "postmaster.pid")
            #expect(instance.call().run("monitor").code == 7)
            #expect(instance.call().run("stop").code == 0)
            #expect(other.call().run("monitor").code == 0)
            #expect(instance.call().run("start").code == 0)
        }
    }

    /// Its parent doesn't reap it, as without an init in a container: signal 0 still finds it.
    @Test func zombiePostmaster() throws {
        try withInstance { instance in
            let server = "\(PostgreSQL.programs)/postgres -D \(instance.data) -c unix_socket_directories="
            let arguments = "-p \(instance.port) -h \(instance.address)"
            let parent = try BackgroundProcess("\(server) \(arguments) & exec sleep 600")
            defer { parent.end() }
            try waitFor("a running server") { instance.isInRecovery == false }
            guard let postmaster = instance.processID else { throw TestFailure("no postmaster.pid") }
            try send(.kill, to: postmaster)
            try waitFor("the zombie") {
                (try? readText("/proc/\(postmaster)/stat", limit: 4096))?.contains(") Z ") ?? false
            }
            let call = instance.call()
            #expect(call.run("monitor").code == 7)
            #expect(call.run("status").code == 7)
            #expect(call.run("stop").code == 0)
            let start = call.run("start")
            #expect(start.code == 0, "\(start)")
        }
    }

    @Test func hungPostmaster() throws {
        try withInstance { instance in
            var call = instance.call()
            call.meta["timeout"] = "10000"
            #expect(call.run("start").code == 0)
            guard let postmaster = instance.processID else { throw TestFailure("no postmaster runs") }
            kill(postmaster, SIGSTOP)
            let monitor = call.run("monitor")
            #expect(monitor.code == 1, "\(monitor)")
            #expect(monitor.milliseconds < 5000, "\(monitor)")
            #expect(monitor.reason.contains("\(postmaster)"), "\(monitor)")
            #expect(call.run("status").code == 0)
            let stop = call.run("stop")
            #expect(stop.code == 0, "\(stop)")
            #expect(stop.milliseconds < 10000)
            #expect(!instance.hasProcesses)
        }
    }

    /// It accepts connections and says nothing: not halted, but as good as.
    @Test func silentPostmaster() throws {
        try withInstance { instance in
            var call = instance.call()
            call.meta["timeout"] = "6000"
            #expect(call.run("start").code == 0)
            let listener = try SilentListener(address: "127.0.1.9", port: instance.port)
            defer { listener.close() }
            call.parameters["pghost"] = "127.0.1.9"
            let monitor = call.run("monitor")
            #expect(monitor.code == 1, "\(monitor)")
            #expect(monitor.milliseconds < 3300, "\(monitor)")
            #expect(monitor.reason.contains("127.0.1.9"), "\(monitor)")
            #expect(call.run("stop").code == 0)
        }
    }

    /// A server that recovers from a crash lets nobody in; it isn't hung, and a monitor waits for it.
    @Test func startingUpServer() throws {
        try withInstance { instance in
            let call = instance.call()
            try instance.append("restore_command = 'test -e \(instance.folder)/go'\n")
            try instance.write("", to: "recovery.signal")
            var impatient = call
            impatient.meta["timeout"] = "3000"
            // No archive and so no consistent state: the server is starting for as long as restore_command blocks.
            try instance.append(
                "restore_command = 'while ! test -e \(instance.folder)/go; do sleep 0.1; done; false'\n"
            )
            let start = impatient.run("start")
            #expect(start.code == 1, "\(start)")
            #expect(start.reason.contains("still starting"), "\(start)")
            #expect(start.milliseconds < 3000)
            let monitor = impatient.run("monitor")
            #expect(monitor.code == 1)
            #expect(monitor.reason.contains("starting"), "\(monitor)")
            #expect(call.run("stop").code == 0)
            #expect(!instance.hasProcesses)
        }
    }

    /// A smart shutdown waits for clients, and meanwhile rejects all others.
    @Test func shuttingDownServer() throws {
        try withInstance { instance in
            var call = instance.call()
            call.meta["timeout"] = "3000"
            #expect(call.run("start").code == 0)
            let client = try instance.connect()
            guard let postmaster = instance.processID else { throw TestFailure("no postmaster runs") }
            kill(postmaster, SIGTERM)
            try waitFor("the rejection of clients") { (try? instance.connect()) == nil }
            let monitor = call.run("monitor")
            #expect(monitor.code == 1, "\(monitor)")
            #expect(monitor.reason.contains("shutting down"), "\(monitor)")
            withExtendedLifetime(client) {}
            #expect(call.run("stop").code == 0)
            #expect(call.run("monitor").code == 7)
        }
    }

    @Test func noConnectionIsLeft() throws {
        try withInstance { instance in
            try instance.append("max_connections = 5\nsuperuser_reserved_connections = 0\n")
            let call = instance.call()
            #expect(call.run("start").code == 0)
            var clients: [Connection] = []
            while let client = try? instance.connect() { clients.append(client) }
            let monitor = call.run("monitor")
            #expect(monitor.code == 0, "\(monitor)")
            #expect(monitor.errors.contains("warning") && monitor.errors.contains("too many clients"), "\(monitor)")
            #expect(monitor.exitReasons.isEmpty)
            #expect(call.run("start").code == 0)
            clients = []
            #expect(call.run("stop").code == 0)
        }
    }

    /// Backends live on for a while after their postmaster was killed, with its shared memory.
    @Test func orphansOfAKilledPostmaster() throws {
        try withInstance { instance in
            let call = instance.call()
            #expect(call.run("start").code == 0)
            let client = try instance.connect()
            _ = try client.query("SELECT 1", by: .after(milliseconds: 5000))
            for processID in findServerProcesses(dataDirectory: instance.data) where processID != instance.processID {
                kill(processID, SIGSTOP)
            }
            try instance.killPostmaster()
            #expect(call.run("monitor").code == 7)
            #expect(instance.hasProcesses)
            let stop = call.run("stop")
            #expect(stop.code == 0, "\(stop)")
            #expect(!instance.hasProcesses)
            #expect(call.run("start").code == 0)
        }
    }

    @Test func crashedServerStartsAgain() throws {
        try withInstance { instance in
            let call = instance.call()
            #expect(call.run("start").code == 0)
            try instance.killPostmaster()
            #expect(call.run("monitor").code == 7)
            let start = call.run("start")
            #expect(start.code == 0, "\(start)")
        }
    }
}

/// A shell script of the database user's that runs beside the test.
private final class BackgroundProcess {
    private let process = Process()

    var processID: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    init(_ script: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = ["--reuid", "postgres", "--clear-groups", "sh", "-c", script]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// By force: the test's own threads block the polite signals, and children inherit that.
    func end() { kill(processID, SIGKILL) }
}

/// Accepts connections and never says anything.
private final class SilentListener {
    private let descriptor: Int32

    init(address: String, port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = in_port_t(port).bigEndian
        place.sin_addr.s_addr = inet_addr(address)
        let bound = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 5) == 0 else { throw TestFailure("can't listen on \(address):\(port)") }
    }

    func close() { Glibc.close(descriptor) }
}
