internal import Glibc

/// Ends what a killed rejoin has left: pg_basebackup receives WAL in a second process, which outlives the first one, holds
/// the node's slot on the primary, and goes on writing into the copy.
///
/// - Parameter directory: the new data directory that only a copy of ours is made in.
func endOrphanedCopies(into directory: String) {
    let orphans = processesWriting(into: directory)
    for process in orphans { kill(process, SIGKILL) }
    guard !orphans.isEmpty else { return }
    _ = wait(until: .after(milliseconds: 5000)) { processesWriting(into: directory).isEmpty ? true : nil }
}

private func processesWriting(into directory: String) -> [Int32] {
    let names = (try? listDirectory("/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { process in
        guard process != getpid(), let text = try? readText("/proc/\(process)/cmdline", limit: 65_536) else {
            return false
        }
        let words = text.split(separator: "\0")
        let program = words.first?.split(separator: "/").last
        return program == "pg_basebackup" && words.contains { $0 == "--pgdata=" + directory }
    }
}
