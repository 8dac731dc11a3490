/// How the instances of one resource replicate: the parameter `rep_mode`.
public enum ReplicationMode: String, Sendable, Hashable, CaseIterable {
    /// A single instance.
    case none
    /// A single standby of a primary outside the cluster; never promoted.
    case slave
    /// A promotable clone whose commits don't wait for a standby.
    case async
    /// A promotable clone whose commits wait for a synchronous standby while there is one.
    case sync

    /// Whether Pacemaker promotes and demotes instances in this mode.
    public var isReplicated: Bool { self == .async || self == .sync }
}
