internal import CSystem
internal import Glibc

/// A command that runs while its starter does something else.
///
/// `finish` must be called; it kills what outlives the deadline and reaps it.
public struct RunningCommand: ~Copyable {
    private let processID: pid_t
    private let group: ProcessGroup
    private let output: Int32
    private let errors: Int32
    private let failure: String?

    fileprivate init(processID: pid_t, group: ProcessGroup, output: Int32, errors: Int32) {
        self.processID = processID
        self.group = group
        self.output = output
        self.errors = errors
        failure = nil
    }

    fileprivate init(failure: String) {
        processID = -1
        group = .callers
        output = -1
        errors = -1
        self.failure = failure
    }

    /// Collects what the command writes until it ends or the deadline is past.
    public consuming func finish(by deadline: Deadline) -> CommandResult {
        if let failure { return CommandResult(end: .notStarted(why: failure)) }
        var collected = Collected(descriptors: [output, errors])
        let isComplete = collected.read(until: deadline)
        if !isComplete { send(SIGKILL) }
        let end = reap(until: isComplete ? deadline : .after(milliseconds: 1000))
        close(output)
        close(errors)
        Trace.note("\(processID) ended: \(isComplete ? end : .timedOut)")
        return CommandResult(end: isComplete ? end : .timedOut, output: collected.texts[0], errors: collected.texts[1])
    }

    /// Hands over what the command writes, line by line, so that any amount of it needs little memory.
    ///
    /// - Parameter goesOn: asked at least every 100 ms; false has the command ended by SIGTERM, five seconds later by
    ///   SIGKILL, and counts as its time being over.
    /// - Returns: how it ended; of the errors the last 16 kB, and no output.
    public consuming func follow(
        output: (Substring) -> Void = { _ in },
        errors onError: (Substring) -> Void = { _ in },
        while goesOn: () -> Bool
    ) -> CommandResult {
        if let failure { return CommandResult(end: .notStarted(why: failure)) }
        var streams = [LineStream(descriptor: self.output), LineStream(descriptor: errors)]
        var lastErrors: [UInt8] = []
        var patience: Deadline?
        while streams.contains(where: \.isOpen) {
            var waiting = streams.map(\.pollEntry)
            _ = poll(&waiting, UInt(waiting.count), 100)
            if waiting[0].revents != 0 { streams[0].read(output) }
            if waiting[1].revents != 0 {
                streams[1].read { line in
                    lastErrors = (lastErrors + Array(line.utf8) + [UInt8(ascii: "\n")]).suffix(16_384)
                    onError(line)
                }
            }
            if patience == nil, !goesOn() {
                send(SIGTERM)
                patience = .after(milliseconds: 5000)
            } else if let end = patience, end.isPast {
                send(SIGKILL)
                break
            }
        }
        let end = reap(until: patience ?? .after(milliseconds: 60_000))
        close(self.output)
        close(errors)
        return CommandResult(end: patience == nil ? end : .timedOut, errors: lastErrors)
    }

    /// A group of its own ends as a whole: helpers that it started would go on without it.
    private func send(_ signal: Int32) {
        guard processID > 1 else { return }
        kill(group == .own ? -processID : processID, signal)
    }

    private func reap(until deadline: Deadline) -> CommandEnd {
        var status: Int32 = 0
        if !hasEnded(processID, by: deadline) {
            // It closed its output and went on: end it, so that nothing of this action stays behind.
            send(SIGKILL)
            waitpid(processID, &status, 0)
            return .timedOut
        }
        while waitpid(processID, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
    }
}

/// Waits for a child's end without reaping it; on kernels without pidfd by looking again and again.
private func hasEnded(_ processID: pid_t, by deadline: Deadline) -> Bool {
    let descriptor = csystem_pidfd_open(processID)
    guard descriptor >= 0 else {
        return wait(until: deadline, everyMilliseconds: 10) { () -> Bool? in
            var facts = siginfo_t()
            let looked = waitid(P_PID, id_t(processID), &facts, WEXITED | WNOHANG | WNOWAIT)
            return looked == 0 && csystem_child_of(&facts) == 0 ? nil : true
        } ?? false
    }
    defer { close(descriptor) }
    while true {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&waiting, 1, Int32(min(deadline.remainingMilliseconds, 3_600_000)))
        if ready < 0 && errno == EINTR { continue }
        return ready > 0
    }
}

/// Starts a command without waiting; its standard input is empty.
public func start(_ command: Command) -> RunningCommand {
    guard let path = findProgram(command.program) else {
        return RunningCommand(failure: "program \"\(command.program)\" not found in PATH")
    }
    var output: [Int32] = [-1, -1]
    var errors: [Int32] = [-1, -1]
    // Large enough that a CIB is written at once instead of in turns with the reader.
    guard csystem_pipe(&output, 1 << 20) == 0 else { return RunningCommand(failure: "pipe: \(errorText(errno))") }
    guard csystem_pipe(&errors, 1 << 16) == 0 else {
        let failure = errorText(errno)
        output.forEach { close($0) }
        return RunningCommand(failure: "pipe: \(failure)")
    }
    let processID = spawn(path, command, output: output[1], errors: errors[1])
    let failure = errno
    close(output[1])
    close(errors[1])
    guard processID > 0 else {
        close(output[0])
        close(errors[0])
        return RunningCommand(failure: "\(path): \(errorText(failure))")
    }
    Trace.note("\(processID) \(path) \(command.arguments.joined(separator: " "))")
    return RunningCommand(processID: processID, group: command.group, output: output[0], errors: errors[0])
}

/// Runs a command to its end or to the deadline.
public func run(_ command: Command, by deadline: Deadline) -> CommandResult {
    start(command).finish(by: deadline)
}

/// Starts a command in a session of its own that outlives this process; its output goes nowhere.
///
/// - Returns: nil, or why it wasn't started.
public func startDetached(_ command: Command) -> String? {
    guard let path = findProgram(command.program) else { return "program \"\(command.program)\" not found in PATH" }
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    let processID = spawn(path, command, output: null, errors: null, isDetached: true)
    return processID > 0 ? nil : "\(path): \(errorText(errno))"
}

/// A C string that lives as long as the process.
private nonisolated(unsafe) let rootDirectory = UnsafePointer<CChar>(strdup("/"))

private func spawn(
    _ path: String,
    _ command: Command,
    output: Int32,
    errors: Int32,
    isDetached: Bool = false
) -> pid_t {
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    let arguments = CStringArray([path] + command.arguments)
    let environment = CStringArray(childEnvironment(command))
    defer {
        arguments.free()
        environment.free()
    }
    return path.withCString { pathPointer in
        (command.account?.name ?? "").withCString { user in
            var child = csystem_child()
            child.path = pathPointer
            // Another user may not enter the directory that Pacemaker gives us.
            child.directory = command.account == nil ? nil : rootDirectory
            child.arguments = UnsafePointer(arguments.pointers)
            child.environment = UnsafePointer(environment.pointers)
            if let account = command.account, geteuid() == 0 {
                child.change_user = 1
                child.uid = account.userID
                child.gid = account.groupID
                child.user_name = user
            }
            child.input = null
            child.output = output
            child.error = errors
            child.death_signal = isDetached ? 0 : SIGKILL
            child.group = isDetached ? 2 : command.group == .own ? 1 : 0
            return csystem_spawn(&child)
        }
    }
}

/// The inherited environment with the command's changes; parsed output is always in the C locale.
private func childEnvironment(_ command: Command) -> [String] {
    var changes: [String: String?] = ["LC_ALL": "C"]
    if let account = command.account {
        // Another user's processes show their environment to that user: no parameter is in it.
        for name in environmentNames() where name.hasPrefix("OCF_RESKEY_") { changes[name] = .some(nil) }
        for (name, value) in [("HOME", account.home), ("USER", account.name), ("LOGNAME", account.name)] {
            changes[name] = value
        }
    }
    changes.merge(command.environment) { _, new in new }
    var entries: [String] = []
    var cursor = environ
    while let entry = cursor.pointee {
        let text = String(cString: entry)
        let name =
            text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        if changes.index(forKey: name) == nil { entries.append(text) }
        cursor += 1
    }
    for (name, value) in changes {
        if let value { entries.append("\(name)=\(value)") }
    }
    return entries
}

/// A NULL-terminated array of C strings.
struct CStringArray {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        pointers = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { pointers[index] = strdup(text) }
        pointers[count] = nil
    }

    func free() {
        for index in 0..<count { Glibc.free(pointers[index]) }
        pointers.deallocate()
    }
}

/// Reads several descriptors to their ends without blocking on one of them.
private struct Collected {
    var texts: [[UInt8]]
    private var open: [Int32?]

    init(descriptors: [Int32]) {
        texts = descriptors.map { _ in [] }
        open = descriptors
    }

    /// - Returns: whether all were read to their ends before the deadline.
    mutating func read(until deadline: Deadline) -> Bool {
        while open.contains(where: { $0 != nil }) {
            var waiting = open.map { pollfd(fd: $0 ?? -1, events: Int16(POLLIN), revents: 0) }
            let ready = poll(&waiting, UInt(waiting.count), Int32(min(deadline.remainingMilliseconds, 3_600_000)))
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { return false }
            for index in waiting.indices where waiting[index].revents != 0 { readOnce(index) }
        }
        return true
    }

    private mutating func readOnce(_ index: Int) {
        guard let descriptor = open[index] else { return }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count > 0 {
            texts[index].append(contentsOf: buffer[0..<count])
        } else if count == 0 || errno != EINTR {
            open[index] = nil
        }
    }
}
