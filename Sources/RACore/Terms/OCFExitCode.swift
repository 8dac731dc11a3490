/// What an action tells Pacemaker: the exit codes of OCF 1.1, section "Return Codes".
public enum OCFExitCode: Int32, Sendable, Hashable, CaseIterable {
    /// The action succeeded; for `monitor`, the resource runs as unpromoted.
    case success = 0
    /// The action failed, and a retry or a move may help.
    case genericError = 1
    /// The caller's arguments are wrong on this node.
    case badArguments = 2
    /// The agent has no such action.
    case unimplemented = 3
    /// A permission is missing on this node.
    case insufficientPrivileges = 4
    /// A program, user or file is missing on this node.
    case notInstalled = 5
    /// The configuration is wrong on every node.
    case notConfigured = 6
    /// The resource is cleanly stopped.
    case notRunning = 7
    /// The resource runs in the promoted role.
    case runningPromoted = 8
    /// The resource failed in the promoted role.
    case failedPromoted = 9
}
