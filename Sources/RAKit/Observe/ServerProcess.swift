internal import Glibc
public import RACore

/// Looks whether a postmaster runs on a data directory, from postmaster.pid and the process table.
///
/// The number in the file alone proves nothing: after a crash it may belong to another process, and a zombie still
/// answers signal 0. The process must be alive, be a PostgreSQL server and work in this very directory.
public func observePostmaster(dataDirectory: String) -> PostmasterObservation {
    let path = dataDirectory + "/postmaster.pid"
    let text: String
    do throws(SystemError) {
        text = try readText(path, limit: 4096)
    } catch {
        return error.isMissing ? .absent(leftover: nil) : .unknown(why: error.description)
    }
    guard let file = PostmasterFile(text: text) else { return .absent(leftover: "\(path) without a process number") }
    guard let directory = FileFacts(dataDirectory) else { return .absent(leftover: nil) }
    switch observeProcess(file.processID) {
    case .gone: return .absent(leftover: "\(path) names process \(file.processID), which is gone")
    case .zombie: return .absent(leftover: "\(path) names process \(file.processID), which is dead but not reaped")
    case .alive(let state):
        guard isServer(file.processID, in: directory) else {
            return .absent(leftover: "\(path) names process \(file.processID), which is another program")
        }
        return state == .halted ? .halted(file) : .running(file)
    }
}

enum ProcessState: Equatable { case running, halted }

enum ProcessObservation: Equatable {
    case gone, zombie
    case alive(ProcessState)
}

/// What /proc/PID/stat tells of a process from its state on (proc(5)); nil when there is none.
func processStatus(_ processID: Int32) -> [Substring]? {
    // The name in parentheses may hold anything, parentheses too: the state follows the last one.
    guard let text = try? readText("/proc/\(processID)/stat", limit: 4096), let close = text.lastIndex(of: ")")
    else { return nil }
    return text[text.index(after: close)...].split(separator: " ")
}

func observeProcess(_ processID: Int32) -> ProcessObservation {
    guard let fields = processStatus(processID) else { return .gone }
    switch fields.first?.first {
    case "Z", "X", "x", nil: return .zombie
    case "T", "t": return .alive(.halted)
    case _: return .alive(.running)
    }
}

/// Whether a process is a PostgreSQL server that works in the directory.
private func isServer(_ processID: Int32, in directory: FileFacts) -> Bool {
    guard let program = linkTarget("/proc/\(processID)/exe"), isServerProgram(program) else { return false }
    guard let workingDirectory = FileFacts("/proc/\(processID)/cwd") else { return false }
    return workingDirectory.isSameFile(as: directory)
}

/// Whether a process is a server of the data directory: the postmaster, or what serves a connection.
func isServerProcess(_ processID: Int32, dataDirectory: String) -> Bool {
    FileFacts(dataDirectory).map { isServer(processID, in: $0) } ?? false
}

/// A package upgrade leaves " (deleted)" behind the path of a program that still runs.
func isServerProgram(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    let bare = name.hasSuffix(" (deleted)") ? String(name.dropLast(10)) : name
    return bare == "postgres" || bare == "postmaster"
}

/// All live server processes of a data directory: the postmaster and what it forked, or what a dead one left behind.
public func findServerProcesses(dataDirectory: String) -> [Int32] {
    guard let directory = FileFacts(dataDirectory), let names = try? listDirectory("/proc") else { return [] }
    return names.compactMap { Int32($0) }.filter { processID in
        guard isServer(processID, in: directory) else { return false }
        switch observeProcess(processID) {
        case .gone, .zombie: return false
        case .alive: return true
        }
    }
}
