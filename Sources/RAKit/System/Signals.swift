internal import CSystem
internal import Glibc

/// The signals that a PostgreSQL server understands (documentation, "Shutting Down the Server"), and the system's own.
public enum ServerSignal: Sendable, Hashable {
    /// SIGHUP: read the configuration again.
    case reload
    /// SIGINT to the postmaster: fast shutdown.
    case fastShutdown
    /// SIGQUIT: immediate shutdown; also ends one process of the server at once.
    case quit
    /// SIGTERM to one process of the server: end in order.
    case terminate
    case kill
    /// SIGCONT: go on after a halt.
    case resume

    fileprivate var number: Int32 {
        switch self {
        case .reload: SIGHUP
        case .fastShutdown: SIGINT
        case .quit: SIGQUIT
        case .terminate: SIGTERM
        case .kill: SIGKILL
        case .resume: SIGCONT
        }
    }
}

/// Sends a signal; a process that is gone counts as done.
public func send(_ signal: ServerSignal, to processID: Int32) throws(SystemError) {
    guard kill(processID, signal.number) == 0 || errno == ESRCH else {
        throw SystemError("signal process \(processID)")
    }
}

/// Makes this process the parent of whatever its children leave behind.
///
/// pg_ctl ends before the postmaster that it started: only the parent learns at once that the postmaster died.
public func adoptOrphans() { _ = csystem_adopt_orphans() }

/// Whether any child is left, after those that ended were reaped.
public func hasLiveChild() -> Bool {
    var status: Int32 = 0
    while true {
        let reaped = csystem_reap(&status)
        if reaped == 0 { return true }
        if reaped < 0 { return false }
    }
}

/// The name of this machine (uname(2), nodename).
public func machineName() -> String {
    var facts = utsname()
    guard uname(&facts) == 0 else { return "localhost" }
    return withUnsafePointer(to: &facts.nodename) {
        $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
    }
}

/// The effective user of this process.
public func effectiveUserID() -> UInt32 { geteuid() }

/// Ignores the signal that a closed pipe or connection sends: the failed write tells as much.
public func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

/// Seconds since 1970 in UTC, as "2026-11-21T05:50:24Z".
public func timestamp() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: buffer[0..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The file that this process runs; nil when it was replaced meanwhile.
public func ownProgram() -> String? {
    linkTarget("/proc/self/exe").flatMap { FileFacts($0) == nil ? nil : $0 }
}

/// Lets others have the processor first, from now on and also before the commands that this process starts.
func beModest() { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }

/// Gives the system back what a look has used: for processes that then wait for days.
func giveMemoryBack() { csystem_trim() }

/// The number of this process.
public func ownProcessID() -> Int32 { getpid() }
