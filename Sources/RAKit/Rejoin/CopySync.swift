internal import CSystem
internal import Glibc
internal import Synchronization

/// Has the disks write what a copy brings while it comes, so that little is left to be written at its end.
final class CopySync: Sendable {
    private struct State {
        var isEnding = false
        var hasEnded = false
        var problem: SystemError?
    }

    private let paths: [String]
    /// Opened before anything comes: a disk's error is told to whoever had its file system open then.
    private let descriptors: [Int32]
    private let state = Mutex(State())

    /// Begins to sync the file systems of these directories.
    init(_ paths: [String]) throws(SystemError) {
        self.paths = paths
        var opened: [UInt64: Int32] = [:]
        for path in paths {
            guard let device = FileFacts(path)?.device, opened[device] == nil else { continue }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else {
                let failure = SystemError("open directory \(path)")
                opened.values.forEach { close($0) }
                throw failure
            }
            opened[device] = descriptor
        }
        descriptors = Array(opened.values)
        let isStarted = startThread { [self] in
            while !state.withLock({ $0.isEnding }) {
                syncOnce()
                pause(milliseconds: 200)
            }
            state.withLock { $0.hasEnded = true }
        }
        if !isStarted { state.withLock { $0.hasEnded = true } }
    }

    deinit { descriptors.forEach { close($0) } }

    private func syncOnce() {
        for descriptor in descriptors where csystem_syncfs(descriptor) != 0 {
            let failure = SystemError("sync the file system of \(paths.joined(separator: ", "))")
            state.withLock { $0.problem = $0.problem ?? failure }
        }
    }

    /// Ends the thread, as nobody is interested any more.
    func end() {
        state.withLock { $0.isEnding = true }
        _ = wait(until: .after(milliseconds: 3_600_000), everyMilliseconds: 2) { () -> Bool? in
            state.withLock { $0.hasEnded } ? true : nil
        }
    }

    /// Makes all that has come durable, and ends.
    func finish() throws(SystemError) {
        end()
        if CopySync.tellsErrors {
            syncOnce()
        } else {
            for path in paths { try syncTree(path) }
        }
        if let problem = state.withLock({ $0.problem }) { throw problem }
    }

    /// Whether syncfs tells of errors: since Linux 5.8 (syncfs(2)).
    static let tellsErrors: Bool = {
        var facts = utsname()
        guard uname(&facts) == 0 else { return false }
        let release = withUnsafePointer(to: &facts.release) {
            $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
        }
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (5, 8)
    }()
}
