internal import Glibc

/// A lock on a file that ends with its holder, however that ends (flock(2)).
///
/// The file's text says who holds it; it stays when the lock is released, and says nothing then.
public final class FileLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// What came of an attempt.
    public enum Attempt: Sendable {
        case held(FileLock)
        /// Somebody else has it.
        /// - Parameter holder: what the holder wrote of itself; "" when it wrote nothing.
        case busy(holder: String)
        case failed(SystemError)
    }

    /// Takes the lock without waiting.
    ///
    /// - Parameters:
    ///   - holder: who holds it, for whoever is told that it is busy; nil for a shared lock, which others may share.
    public static func take(_ path: String, holder: String?) -> Attempt {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return .failed(SystemError("open \(path)")) }
        guard flock(descriptor, (holder == nil ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
            let failure = SystemError("lock \(path)")
            defer { close(descriptor) }
            guard failure.code == EWOULDBLOCK else { return .failed(failure) }
            return .busy(holder: (try? readText(path, limit: 4096)).map { firstLine($0) } ?? "")
        }
        let lock = FileLock(descriptor: descriptor)
        guard let holder else { return .held(lock) }
        guard lock.describe(holder) else { return .failed(SystemError("write \(path)")) }
        return .held(lock)
    }

    /// Says anew who holds it: only for who holds it alone.
    ///
    /// Whoever reads meanwhile finds the former line or this one.
    /// - Returns: whether it could be written.
    @discardableResult
    public func describe(_ holder: String) -> Bool {
        let line = Array("\(holder)\n".utf8)
        return pwrite(descriptor, line, line.count, 0) == line.count && ftruncate(descriptor, off_t(line.count)) == 0
    }
}
