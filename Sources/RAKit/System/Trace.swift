internal import Glibc
import RACore

/// What an action did and when, as OCF's parameter `trace_ra` asks for (`crm resource trace`).
///
/// A file for each run of the agent: milliseconds since its beginning, and what began or ended then. Parameters and SQL
/// results aren't in it.
enum Trace {
    /// -1 when nobody asked.
    private static let file: Int32 = {
        guard ["1", "yes", "true", "on"].contains(environmentValue("OCF_RESKEY_trace_ra") ?? "") else { return -1 }
        let folder =
            environmentValue("OCF_RESKEY_trace_dir")
            ?? (environmentValue("HA_VARLIB") ?? "/var/lib/heartbeat") + "/trace_ra/pgsql-swift"
        for end in folder.indices.dropFirst() where folder[end] == "/" { mkdir(String(folder[..<end]), 0o755) }
        mkdir(folder, 0o700)
        let action = CommandLine.arguments.dropFirst().first ?? ""
        let instance = environmentValue("OCF_RESOURCE_INSTANCE") ?? "pgsql"
        let path = "\(folder)/\(instance).\(action).\(timestamp()).\(getpid())"
        return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    }()
    private static let beginning = Moment.now()

    /// Notes something; the text is made only when it is wanted.
    static func note(_ text: @autoclosure () -> String) {
        guard file >= 0 else { return }
        let first = beginning
        let microseconds = (Moment.now().nanoseconds - first.nanoseconds) / 1000
        let fraction = String(1000 + microseconds % 1000).dropFirst()
        let line = Array("\(microseconds / 1000).\(fraction) \(redactingPasswords(text()))\n".utf8)
        _ = write(file, line, line.count)
    }
}
