internal import CSystem
internal import Glibc

/// The bytes of the files in a directory, without its subdirectories.
public func directorySize(_ path: String) -> UInt64 {
    ((try? listDirectory(path)) ?? []).reduce(0) { sum, name in
        guard let facts = FileFacts(path + "/" + name), facts.isRegular else { return sum }
        return sum + UInt64(max(0, facts.size))
    }
}

/// Bytes that users other than root may still write into the file system of a path; nil when it can't be asked.
public func freeBytes(_ path: String) -> UInt64? {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return nil }
    return UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
}

/// Whether a directory is in memory, or will be made there, so that it is empty after a restart of the machine; false as
/// well when it can't be asked.
func isInMemory(_ path: String) -> Bool {
    var place = path
    while FileFacts(place) == nil, place.count > 1 { place = parentDirectory(place) }
    return csystem_is_in_memory(place) == 1
}

/// Makes all that was written to a path's file system durable.
///
/// Kernels before 5.8 don't tell of a disk's errors here (syncfs(2)).
public func syncFileSystem(_ path: String) throws(SystemError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(path)") }
    defer { close(descriptor) }
    guard csystem_syncfs(descriptor) == 0 else { throw SystemError("sync the file system of \(path)") }
}
