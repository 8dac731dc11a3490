import Foundation
import RAKit
import RATestSupport

/// PostgreSQL as it is installed on this machine.
enum PostgreSQL {
    /// Why a test with real servers is skipped.
    static let need = "it needs root, the user postgres and PostgreSQL's server programs"

    static let isAvailable = effectiveUserID() == 0 && account != nil && newest != nil

    static let account = Account(name: "postgres")

    /// The programs of the newest version.
    static var programs: String { newest?.programs ?? "" }
    static var version: Int { newest?.version ?? 0 }

    private static let newest: (version: Int, programs: String)? = {
        let debian = ((try? listDirectory("/usr/lib/postgresql")) ?? []).compactMap { name in
            Int(name).map { ($0, "/usr/lib/postgresql/\(name)/bin") }
        }
        let redHat = ((try? listDirectory("/usr")) ?? []).compactMap { name in
            name.hasPrefix("pgsql-") ? Int(name.dropFirst(6)).map { ($0, "/usr/\(name)/bin") } : nil
        }
        return (debian + redHat).filter { isExecutable($0.1 + "/initdb") }.max { $0.0 < $1.0 }
    }()

    /// A data directory that every instance of the tests is a copy of: they are one system, as after base backups.
    static let template: Result<AgentFolder, TestFailure> = {
        do {
            let folder = try AgentFolder("template")
            let data = folder.path + "/data"
            try asOwner("/usr/bin/install", ["-d", "-m", "0700", data], as: nil)
            try asOwner("/bin/chown", ["postgres:postgres", data], as: nil)
            try asOwner(
                programs + "/initdb",
                [
                    "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--wal-segsize=1", "-U",
                    "postgres",
                ]
            )
            try append(settings, to: data + "/postgresql.conf")
            try append("host all,replication all 127.0.0.0/8 trust\n", to: data + "/pg_hba.conf")
            // Once up: a standby wants the WAL to have the settings that it starts with.
            let socket = "-c listen_addresses= -c unix_socket_directories=\(folder.path)"
            try asOwner("/bin/chown", ["postgres", folder.path], as: nil)
            try asOwner(programs + "/pg_ctl", ["-D", data, "-l", "/dev/null", "-o", socket, "-w", "start"])
            try asOwner(programs + "/psql", ["-h", folder.path, "-c", content, "postgres"])
            try asOwner(programs + "/pg_ctl", ["-D", data, "-w", "stop"])
            return .success(folder)
        } catch let failure as TestFailure {
            return .failure(failure)
        } catch {
            return .failure(TestFailure("\(error)"))
        }
    }()

    /// Small and quick; a segment size that isn't the default, as nothing may assume that.
    private static let settings = """
        fsync = off
        dynamic_shared_memory_type = mmap
        shared_buffers = 8MB
        max_connections = 20
        wal_keep_size = 32MB
        max_wal_size = 32MB
        wal_retrieve_retry_interval = 100ms
        log_line_prefix = '%m [%p] '
        hot_standby_feedback = on

        """

    /// A table to write to, a user that may only monitor, and one that may nothing.
    private static let content = """
        CREATE TABLE public.t (id int); CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher; CREATE ROLE nobody LOGIN
        """

    static func append(_ text: String, to path: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    /// Runs a program to its end as the database user.
    @discardableResult
    static func asOwner(_ program: String, _ arguments: [String], as user: Account? = account) throws -> String {
        let result = run(Command(program, arguments, as: user), by: .after(milliseconds: 60_000))
        guard result.isSuccess else { throw TestFailure("\(program) \(arguments): \(result.summary)") }
        return String(decoding: result.output, as: UTF8.self)
    }
}

/// What keeps a test from getting to its point.
struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Waits for a condition; the test fails with `what` when it doesn't come about.
func waitFor(_ what: String, seconds: Int = 20, _ look: () -> Bool) throws {
    guard wait(until: .after(milliseconds: seconds * 1000), { look() ? true : nil }) == true else {
        throw TestFailure("not within \(seconds) s: \(what)")
    }
}
