internal import Glibc
import RACore

/// The WAL that pg_rewind reads: it removes it from the data directory before it copies anything, so that a second run
/// after a killed one would find none.
///
/// Not synced: after a power cut nothing that pg_rewind did can be built on either.
struct RewindWAL {
    let files: RejoinFiles
    let installation: Installation

    private var directory: String { files.rewindWAL }
    private var wal: String { installation.dataDirectory + "/pg_wal" }

    /// Copies it.
    ///
    /// - Parameters:
    ///   - start: the last checkpoint that both have.
    ///   - control: of the data, which were shut down: their WAL ends there.
    ///   - limit: the bytes above which another copy of all data is as good.
    /// - Returns: nil, or why it isn't kept.
    func keep(from start: LSN, _ control: ControlFile, limit: UInt64) -> String? {
        let size = control.segmentSize
        let numbers = (start.bytes / size)...max(start.bytes / size, control.checkpoint.lsn.bytes / size)
        do throws(SystemError) {
            let names = try listDirectory(wal).filter { name in
                name.hasSuffix(".history")
                    || WALSegment(name: name, size: size).map { numbers.contains($0.number) } ?? false
            }
            let need = UInt64(names.count) * size
            guard need <= limit else { return "\(need >> 20) MB of WAL are more than \(limit >> 20) MB" }
            try forget()
            try ensureDirectory(directory, mode: 0o700, owner: installation.account)
            if let free = freeBytes(directory), free < need + need / 10 + (64 << 20) {
                return "\(need >> 20) MB of WAL, and \(free >> 20) MB are free in \(directory)"
            }
            for name in names { try copy(wal + "/" + name, to: directory + "/" + name) }
            return nil
        } catch {
            try? forget()
            return error.description
        }
    }

    /// Puts it back.
    func putBack() throws(SystemError) {
        for name in try listDirectory(directory) { try copy(directory + "/" + name, to: wal + "/" + name) }
    }

    func forget() throws(SystemError) { try removeFlatDirectory(directory) }

    private func copy(_ source: String, to target: String) throws(SystemError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw SystemError("open \(source)") }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw SystemError("create \(target)") }
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(input, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read \(source)") }
            guard count > 0 else { break }
            try writeAll(output, count == buffer.count ? buffer : Array(buffer[..<count]), path: target)
        }
        guard geteuid() != 0 || fchown(output, installation.account.userID, installation.account.groupID) == 0 else {
            throw SystemError("chown \(target)")
        }
    }
}
