internal import Glibc

/// Replaces a file in one step: readers see the old text or the new one, also after a power cut.
///
/// The text goes to a temporary name beside the file, is synced, and renamed; then the directory is synced.
/// - Parameter owner: who owns the file; nil keeps the caller as owner.
public func replaceFile(
    _ path: String,
    with bytes: [UInt8],
    mode: UInt32 = 0o600,
    owner: Account? = nil
) throws(SystemError) {
    try replaceFile(path, with: bytes, mode: mode, ownerID: owner?.userID, groupID: owner?.groupID)
}

/// Replaces a file in one step, with an owner given by number.
public func replaceFile(
    _ path: String,
    with bytes: [UInt8],
    mode: UInt32,
    ownerID: UInt32?,
    groupID: UInt32?
) throws(SystemError) {
    let temporary = path + ".pgsql-swift.new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw SystemError("create \(temporary)") }
    do throws(SystemError) {
        defer { close(descriptor) }
        try writeAll(descriptor, bytes, path: temporary)
        try settle(descriptor, mode: mode, ownerID: ownerID, groupID: groupID, path: temporary)
    } catch {
        unlink(temporary)
        throw error
    }
    guard rename(temporary, path) == 0 else {
        let failure = SystemError("rename \(temporary) to \(path)")
        unlink(temporary)
        throw failure
    }
    try syncDirectory(parentDirectory(path))
}

private func settle(
    _ descriptor: Int32,
    mode: UInt32,
    ownerID: UInt32?,
    groupID: UInt32?,
    path: String
) throws(SystemError) {
    guard fchmod(descriptor, mode) == 0 else { throw SystemError("chmod \(path)") }
    if let ownerID, let groupID, geteuid() == 0 {
        guard fchown(descriptor, ownerID, groupID) == 0 else { throw SystemError("chown \(path)") }
    }
    guard fsync(descriptor) == 0 else { throw SystemError("fsync \(path)") }
}

/// Replaces a file only when its content differs.
///
/// - Returns: whether it was replaced.
@discardableResult
public func ensureFile(
    _ path: String,
    contains text: String,
    mode: UInt32 = 0o600,
    owner: Account? = nil
) throws(SystemError) -> Bool {
    let bytes = Array(text.utf8)
    if let present = try? readFile(path), present == bytes { return false }
    try replaceFile(path, with: bytes, mode: mode, owner: owner)
    return true
}

/// Gives a file another name, durably.
public func renameFile(_ path: String, to target: String) throws(SystemError) {
    guard rename(path, target) == 0 else { throw SystemError("rename \(path) to \(target)") }
    try syncDirectory(parentDirectory(target))
    if parentDirectory(path) != parentDirectory(target) { try syncDirectory(parentDirectory(path)) }
}

/// Makes a directory's entries durable.
public func syncDirectory(_ path: String) throws(SystemError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open directory \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemError("fsync \(path)") }
}

/// Makes a directory and its parents, and gives the last one its owner and mode.
public func ensureDirectory(_ path: String, mode: UInt32, owner: Account) throws(SystemError) {
    if let facts = FileFacts(path) {
        guard facts.isDirectory else { throw SystemError(code: ENOTDIR, "use \(path) as a directory") }
        guard facts.ownerID != owner.userID || facts.mode != mode else { return }
    } else {
        try makeParents(path)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError("create directory \(path)") }
    }
    guard geteuid() == 0 else { return }
    guard chown(path, owner.userID, owner.groupID) == 0 else { throw SystemError("chown \(path)") }
    guard chmod(path, mode) == 0 else { throw SystemError("chmod \(path)") }
}

private func makeParents(_ path: String) throws(SystemError) {
    let parent = parentDirectory(path)
    guard parent != path, FileFacts(parent) == nil else { return }
    try makeParents(parent)
    guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw SystemError("create directory \(parent)") }
}

func writeAll(_ descriptor: Int32, _ bytes: [UInt8], path: String) throws(SystemError) {
    var offset = 0
    while offset < bytes.count {
        let count = bytes.withUnsafeBytes {
            write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
        }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw SystemError("write \(path)") }
        offset += count
    }
}
