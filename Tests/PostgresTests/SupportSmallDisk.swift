import Glibc
import RAKit
import RATestSupport
import Synchronization

/// A file system of little room over a data directory that is already there.
struct SmallDisk {
    private let path: String

    init(over path: String, megabytes: Int) throws {
        self.path = path
        let aside = path + ".aside"
        try PostgreSQL.asOwner("/bin/mv", [path, aside], as: nil)
        try PostgreSQL.asOwner(
            "/usr/bin/install",
            ["-d", "-o", "postgres", "-g", "postgres", "-m", "700", path],
            as: nil
        )
        let options = "size=\(megabytes)m,mode=700,uid=\(PostgreSQL.account?.userID ?? 0)"
        try PostgreSQL.asOwner("/bin/mount", ["-t", "tmpfs", "-o", options, "small", path], as: nil)
        try PostgreSQL.asOwner("/bin/cp", ["-a", aside + "/.", path], as: nil)
        try PostgreSQL.asOwner("/bin/rm", ["-r", aside], as: nil)
    }

    /// Ends what works in it, and takes it away.
    func remove() {
        endServers(path)
        umount2(path, Int32(MNT_DETACH))
    }
}

/// Takes all the room of a file system, by a file without a name that nobody can remove.
final class Filler: Sendable {
    private let descriptor = Mutex<Int32>(-1)

    /// Whether it did.
    func fill(_ directory: String) -> Bool {
        guard let free = freeBytes(directory) else { return false }
        let path = directory + "/filler"
        let opened = open(path, O_WRONLY | O_CREAT, 0o600)
        guard opened >= 0 else { return false }
        descriptor.withLock { $0 = opened }
        unlink(path)
        return posix_fallocate(opened, 0, off_t(free)) == 0
    }

    func release() {
        descriptor.withLock { descriptor in
            close(descriptor)
            descriptor = -1
        }
    }
}
