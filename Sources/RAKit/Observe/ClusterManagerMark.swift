internal import Glibc

/// What tells one run of the cluster manager from another: process and start time of the executor's parent, `pacemakerd`.
///
/// A node whose cluster services were started anew may have been left behind meanwhile, as one that has booted.
func clusterManagerMark() -> String {
    if let given = environmentValue(clusterManagerVariable) { return isCurrent(given) ? given : "gone" }
    guard let executor = ProcessStart(getppid()) else { return "unknown" }
    // On a Pacemaker Remote node the executor has no manager.
    guard executor.parent > 1, let manager = ProcessStart(executor.parent) else {
        return "\(getppid())@\(executor.began)"
    }
    return "\(executor.parent)@\(manager.began)"
}

/// In which a process that outlives an action is told under which run of the cluster manager it was started.
let clusterManagerVariable = "PGSQL_SWIFT_CLUSTER_MANAGER"

/// Whether the process of a mark still runs.
private func isCurrent(_ mark: String) -> Bool {
    let parts = mark.split(separator: "@")
    guard parts.count == 2, let processID = Int32(parts[0]), let process = ProcessStart(processID) else { return false }
    return String(process.began) == parts[1]
}

/// Parent and start time of a process.
private struct ProcessStart {
    let parent: Int32
    /// Clock ticks since the machine started.
    let began: UInt64

    init?(_ processID: Int32) {
        guard let fields = processStatus(processID), fields.count > 19, let parent = Int32(fields[1]),
            let began = UInt64(fields[19])
        else { return nil }
        (self.parent, self.began) = (parent, began)
    }
}
