internal import Glibc

/// A file that is being written, in the end of its holder closed.
final class NewFile {
    private let descriptor: Int32
    private let path: String

    /// Makes the file, or empties the one that is there.
    init(_ path: String, owner: Account) throws(SystemError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError("create \(path)") }
        if geteuid() == 0, fchown(descriptor, owner.userID, owner.groupID) != 0 { throw SystemError("chown \(path)") }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ bytes: [UInt8]) throws(SystemError) { try writeAll(descriptor, bytes, path: path) }

    func sync() throws(SystemError) {
        guard fsync(descriptor) == 0 else { throw SystemError("fsync \(path)") }
    }
}
