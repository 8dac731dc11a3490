internal import Glibc

/// Bytes that users other than root may still write into the file system of a path; nil when it can't be asked.
public func freeBytes(_ path: String) -> UInt64? {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return nil }
    return UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
}
