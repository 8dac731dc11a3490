internal import Glibc

/// Removes a directory with everything in it, or a file; that nothing is there is success.
///
/// No symbolic link is followed and no mount point is entered, whoever may write in there meanwhile. A process that ends
/// while it still writes is given five seconds.
/// - Parameter keeping: names of entries of the directory itself that stay, and the directory with them.
public func removeTree(_ path: String, keeping: [String]? = nil) throws(SystemError) {
    let end = Deadline.after(milliseconds: 5000)
    while true {
        do throws(SystemError) {
            return try removeOnce(path, keeping: keeping)
        } catch {
            guard error.code == ENOTEMPTY, !end.isPast else { throw error }
            pause(milliseconds: 50)
        }
    }
}

private func removeOnce(_ path: String, keeping: [String]?) throws(SystemError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
        switch errno {
        case ENOENT: return
        case ENOTDIR, ELOOP: return try removeFile(path)
        case _: throw SystemError("open directory \(path)")
        }
    }
    defer { close(descriptor) }
    try empty(descriptor, path, device: deviceOf(descriptor), keeping: keeping ?? [])
    guard keeping == nil else { return }
    guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove directory \(path)") }
}

private func empty(_ descriptor: Int32, _ path: String, device: dev_t, keeping: [String] = []) throws(SystemError) {
    for name in try names(in: descriptor, path) where !keeping.contains(name) {
        if unlinkat(descriptor, name, 0) == 0 || errno == ENOENT { continue }
        guard errno == EISDIR || errno == EPERM else { throw SystemError("remove \(path)/\(name)") }
        let child = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard child >= 0 else { throw SystemError("open directory \(path)/\(name)") }
        defer { close(child) }
        guard deviceOf(child) == device else {
            throw SystemError(code: EBUSY, "remove \(path)/\(name), where a file system is mounted")
        }
        try empty(child, path + "/" + name, device: device)
        guard unlinkat(descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw SystemError("remove directory \(path)/\(name)")
        }
    }
}

private func deviceOf(_ descriptor: Int32) -> dev_t {
    var facts = Glibc.stat()
    return fstat(descriptor, &facts) == 0 ? facts.st_dev : 0
}

/// The names in a directory that is open, without "." and "..".
private func names(in descriptor: Int32, _ path: String) throws(SystemError) -> [String] {
    // fdopendir takes the descriptor over, and closedir closes it.
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let directory = fdopendir(copy) else { throw SystemError("open directory \(path)") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// Hands over every file and directory below a path, without following symbolic links; what can't be read is left out.
///
/// - Parameter visit: gets a descriptor of the directory, its path, a name in it and what stat says; false keeps out of a
///   directory.
func walkTree(_ path: String, _ visit: (Int32, String, String, stat) -> Bool) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    walk(descriptor, path, visit)
}

private func walk(_ descriptor: Int32, _ path: String, _ visit: (Int32, String, String, stat) -> Bool) {
    for name in (try? names(in: descriptor, path)) ?? [] {
        var facts = Glibc.stat()
        guard fstatat(descriptor, name, &facts, AT_SYMLINK_NOFOLLOW) == 0,
            visit(descriptor, path, name, facts), facts.st_mode & S_IFMT == S_IFDIR
        else { continue }
        let child = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard child >= 0 else { continue }
        walk(child, path + "/" + name, visit)
        close(child)
    }
}

/// The bytes that a directory's files take up on its disk.
///
/// - Parameter isCounted: whether an entry of the directory itself counts.
func allocatedBytes(_ path: String, where isCounted: (String) -> Bool = { _ in true }) -> UInt64 {
    var sum: UInt64 = 0
    walkTree(path) { _, parent, name, facts in
        guard parent != path || isCounted(name) else { return false }
        sum += UInt64(max(0, facts.st_blocks)) * 512
        return true
    }
    return sum
}

/// Makes everything below a path durable, file by file: for kernels whose syncfs tells of no error.
func syncTree(_ path: String) throws(SystemError) {
    var problem: SystemError?
    walkTree(path) { directory, parent, name, facts in
        let kind = facts.st_mode & S_IFMT
        guard problem == nil, kind == S_IFREG || kind == S_IFDIR else { return false }
        let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if descriptor < 0 || fsync(descriptor) != 0 { problem = SystemError("fsync \(parent)/\(name)") }
        close(descriptor)
        return true
    }
    if let problem { throw problem }
    try syncDirectory(path)
}

/// Whether something has this name, be it a symbolic link that leads nowhere.
func isNamed(_ path: String) -> Bool {
    var facts = Glibc.stat()
    return lstat(path, &facts) == 0
}

/// Makes an empty directory with its owner; one that is there already is an error.
///
/// By its descriptor: whoever may write in the parent can't have another file given away.
func makeDirectory(_ path: String, mode: UInt32, owner: Account) throws(SystemError) {
    guard mkdir(path, 0o700) == 0 else { throw SystemError("create directory \(path)") }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open directory \(path)") }
    defer { close(descriptor) }
    if geteuid() == 0 {
        guard fchown(descriptor, owner.userID, owner.groupID) == 0 else { throw SystemError("chown \(path)") }
    }
    guard fchmod(descriptor, mode) == 0 else { throw SystemError("chmod \(path)") }
}

/// Where file systems are mounted (proc(5), mountinfo): a bind mount has its parent's device number.
func mountPoints() -> Set<String> {
    let text = (try? readText("/proc/self/mountinfo", limit: 1 << 22)) ?? ""
    var points: Set<String> = []
    for line in text.split(separator: "\n") {
        let fields = line.split(separator: " ")
        if fields.count > 4 { points.insert(withoutOctal(fields[4])) }
    }
    return points
}

/// The kernel writes spaces and the like as a backslash and three octal digits.
private func withoutOctal(_ text: Substring) -> String {
    let bytes = Array(text.utf8)
    var plain: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.count,
            let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 3)], as: UTF8.self), radix: 8)
        {
            plain.append(byte)
            index += 4
        } else {
            plain.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: plain, as: UTF8.self)
}
