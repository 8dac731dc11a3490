internal import CSystem
internal import Glibc

/// Waits until one of some processes ends, at no cost meanwhile (pidfd_open(2)).
///
/// - Parameters:
///   - processes: any, not only children. One that is gone already counts as ended.
///   - deadline: nil to wait for as long as it takes.
///   - isMeant: whether a process is still the one that was meant, asked once it is held.
/// - Returns: the first that ended, in the order given; nil at the deadline.
func waitForEnd(of processes: [Int32], by deadline: Deadline?, isMeant: (Int32) -> Bool) -> Int32? {
    let descriptors = processes.map { csystem_pidfd_open($0) }
    defer { for descriptor in descriptors where descriptor >= 0 { close(descriptor) } }
    if let gone = processes.first(where: { !isMeant($0) }) { return gone }
    guard descriptors.allSatisfy({ $0 >= 0 }) else {
        return lookForEnd(of: processes, by: deadline, isMeant: isMeant)
    }
    while true {
        var waiting = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let milliseconds = deadline.map { Int32(min($0.remainingMilliseconds + 1, 3_600_000)) } ?? -1
        let isReady = poll(&waiting, UInt(waiting.count), milliseconds) > 0
        if isReady, let index = waiting.firstIndex(where: { $0.revents != 0 }) { return processes[index] }
        if deadline?.isPast ?? false { return nil }
    }
}

/// The same on kernels before 5.3, by looking again and again.
private func lookForEnd(of processes: [Int32], by deadline: Deadline?, isMeant: (Int32) -> Bool) -> Int32? {
    while true {
        if let gone = processes.first(where: { !isMeant($0) }) { return gone }
        if deadline?.isPast ?? false { return nil }
        pause(milliseconds: 50)
    }
}

/// Kills a process and all others of the group that it leads.
func killGroup(_ leader: Int32) {
    guard leader > 1 else { return }
    kill(-leader, SIGKILL)
    kill(leader, SIGKILL)
}
