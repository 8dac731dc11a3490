internal import Glibc

/// Reads a whole file of at most `limit` bytes.
public func readFile(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(path)") }
    defer { close(descriptor) }
    return try readAll(descriptor, path: path, limit: limit)
}

private func readAll(_ descriptor: Int32, path: String, limit: Int) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < limit {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw SystemError("read \(path)") }
        guard count > 0 else { break }
        bytes.append(contentsOf: buffer[0..<count])
    }
    return bytes
}

/// Reads a text file; bytes that aren't UTF-8 are replaced.
public func readText(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> String {
    String(decoding: try readFile(path, limit: limit), as: UTF8.self)
}

/// Reads a text whose encoding isn't known, a character a byte, so that writing it again changes none.
///
/// - Throws: also for a file above 16 MB, half of which must not be written back.
public func readByteText(_ path: String) throws(SystemError) -> String {
    let limit = 1 << 24
    let bytes = try readFile(path, limit: limit)
    guard bytes.count < limit else { throw SystemError(code: EFBIG, "read \(path)") }
    return byteText(bytes)
}

/// A text with a character a byte.
public func byteText(_ bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
}

/// The bytes of a text that has a character a byte.
public func bytes(ofByteText text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// What `stat` says of a path; nil when nothing is there.
public struct FileFacts: Sendable, Hashable {
    public let isDirectory: Bool
    public let isRegular: Bool
    public let ownerID: UInt32
    public let groupID: UInt32
    public let mode: UInt32
    public let device: UInt64
    public let inode: UInt64
    public let size: Int64
    /// When the content was changed last, in nanoseconds since 1970.
    public let modified: Int64

    public init?(_ path: String) {
        var facts = Glibc.stat()
        guard stat(path, &facts) == 0 else { return nil }
        isDirectory = facts.st_mode & S_IFMT == S_IFDIR
        isRegular = facts.st_mode & S_IFMT == S_IFREG
        ownerID = facts.st_uid
        groupID = facts.st_gid
        mode = facts.st_mode & 0o7777
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        modified = Int64(facts.st_mtim.tv_sec) * 1_000_000_000 + Int64(facts.st_mtim.tv_nsec)
    }

    public func isSameFile(as other: FileFacts) -> Bool { device == other.device && inode == other.inode }
}

/// Whether the current effective user may run the file.
public func isExecutable(_ path: String) -> Bool {
    guard let facts = FileFacts(path), facts.isRegular else { return false }
    return access(path, X_OK) == 0
}

/// The names in a directory, sorted, without "." and "..".
public func listDirectory(_ path: String) throws(SystemError) -> [String] {
    guard let directory = opendir(path) else { throw SystemError("open directory \(path)") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Where a symbolic link points; nil when the path is no link.
public func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { raw in
        guard let base = raw.baseAddress else { return -1 }
        return readlink(path, base.assumingMemoryBound(to: CChar.self), raw.count)
    }
    guard count > 0 else { return nil }
    return String(decoding: buffer[0..<count], as: UTF8.self)
}

/// Removes a file; that there was none is success.
public func removeFile(_ path: String) throws(SystemError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("remove \(path)") }
}

/// The directory part of a path.
public func parentDirectory(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Reads a text file from an offset in bytes to its end.
public func readTail(_ path: String, from offset: Int64) throws(SystemError) -> String {
    String(decoding: try readBytes(path, from: offset, limit: 1 << 20), as: UTF8.self)
}

/// Reads at least so many bytes of a file from an offset on, where there are so many.
func readBytes(_ path: String, from offset: Int64, limit: Int) throws(SystemError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(path)") }
    defer { close(descriptor) }
    guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw SystemError("seek in \(path)") }
    return try readAll(descriptor, path: path, limit: limit)
}

/// Whether the current effective user may write the file.
public func isWritable(_ path: String) -> Bool { faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 }
