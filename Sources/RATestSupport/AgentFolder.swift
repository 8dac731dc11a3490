internal import Foundation
internal import Glibc
internal import RACore
internal import RAKit
internal import Synchronization

/// A folder of one test, away when the test ends.
public final class AgentFolder: Sendable {
    public let path: String

    /// The folder of this process's tests, whose name tells a later run whose leftovers it holds.
    private static let base: String = {
        sweepLeftovers()
        let path = "\(parent)/\(prefix)\(getpid())"
        mkdir(path, 0o755)
        atexit { AgentFolder.removeAll() }
        return path
    }()

    /// Memory where there is enough of it: data directories are copied a hundred times.
    private static let parent: String = {
        var facts = statvfs()
        guard statvfs("/dev/shm", &facts) == 0 else { return "/tmp" }
        return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) > 2 << 30 ? "/dev/shm" : "/tmp"
    }()

    private static let prefix = "pgsql-swift-test."
    private static let counter = Counter()

    public init(_ name: String = "t") throws {
        path = "\(AgentFolder.base)/\(name)\(AgentFolder.counter.next())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        chmod(path, 0o755)
    }

    /// Ends every server that works in the folder, then removes it.
    public func remove() { AgentFolder.remove(path) }

    private static func remove(_ path: String) {
        for directory in [path] + subdirectories(path) where FileFacts(directory + "/PG_VERSION") != nil {
            endServers(directory)
            removeSharedMemory(directory)
        }
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func subdirectories(_ path: String) -> [String] {
        ((try? listDirectory(path)) ?? []).map { path + "/" + $0 }.filter { FileFacts($0)?.isDirectory ?? false }
    }

    /// What an interrupted run left: its process is gone, its servers may not be.
    private static func sweepLeftovers() {
        for name in (try? listDirectory(parent)) ?? [] where name.hasPrefix(prefix) {
            guard let processID = pid_t(name.dropFirst(prefix.count)), kill(processID, 0) != 0 else { continue }
            removeRun(parent + "/" + name)
        }
    }

    private static func removeRun(_ path: String) {
        for test in subdirectories(path) { remove(test) }
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func removeAll() { removeRun(base) }
}

/// Ends what works in a data directory, and only that: by an immediate shutdown, which leaves no shared memory behind,
/// then by force.
public func endServers(_ dataDirectory: String) {
    if case .running(let file) = observePostmaster(dataDirectory: dataDirectory) {
        try? send(.quit, to: file.processID)
        _ = wait(until: .after(milliseconds: 2000), everyMilliseconds: 5) { () -> Bool? in
            findServerProcesses(dataDirectory: dataDirectory).isEmpty ? true : nil
        }
    }
    _ = wait(until: .after(milliseconds: 5000)) { () -> Bool? in
        let left = findServerProcesses(dataDirectory: dataDirectory)
        for processID in left { try? send(.kill, to: processID) }
        return left.isEmpty ? true : nil
    }
}

/// Removes the segment that a killed postmaster left: the next start would, and there is none.
private func removeSharedMemory(_ dataDirectory: String) {
    // Documentation, "Database File Layout": the seventh line of postmaster.pid has the segment's key and number.
    guard let text = try? readText(dataDirectory + "/postmaster.pid") else { return }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count > 6, let segment = lines[6].split(separator: " ").last.flatMap({ Int32($0) }) else { return }
    _ = shmctl(segment, IPC_RMID, nil)
}

/// Numbers that no two tests share.
public final class Counter: Sendable {
    private let state = Mutex(0)

    public init() {}

    public func next() -> Int {
        state.withLock { number in
            number += 1
            return number
        }
    }
}
