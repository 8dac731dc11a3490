/// Parameters that don't go together, or don't go with the kind of resource.
public enum CombinationFault: Sendable, Hashable {
    case monitorPasswordWithoutUser
    case masterIPMissing(ReplicationMode)
    case nodeListMissing(ReplicationMode)
    /// A promotable clone in mode `slave`, whose only standby is never promoted.
    case promotableSlave
    /// An ordinary resource or clone in a mode that promotes.
    case notPromotable(ReplicationMode)
    case externalStandbysWithoutSync(ReplicationMode)
    /// Commits can't wait for more standbys than there are.
    case tooFewStandbys(wanted: Int, standbys: Int)
    /// The positions of all are compared before one of several is promoted, which notifications make possible in time.
    case quorumWithoutNotify
    /// A promotion without a new timeline leaves no trace by which an older position is known.
    case quorumWithRestart

    var statement: String {
        switch self {
        case .monitorPasswordWithoutUser: "monitor_password is set, but monitor_user isn't."
        case .masterIPMissing(let mode):
            "rep_mode is \(quoted(mode.rawValue)), but master_ip is empty, so a standby couldn't find its primary."
        case .nodeListMissing(let mode): "rep_mode is \(quoted(mode.rawValue)), but node_list is empty."
        case .promotableSlave:
            "rep_mode is 'slave', but the resource is a promotable clone; this mode never promotes."
        case .notPromotable(let mode):
            "rep_mode is \(quoted(mode.rawValue)), but the resource isn't a promotable clone."
        case .externalStandbysWithoutSync(let mode):
            "external_standby_node_list is set, but rep_mode is \(quoted(mode.rawValue)), not 'sync'."
        case .tooFewStandbys(let wanted, let standbys):
            "sync_num is '\(wanted)', but node_list has only \(standbys) other nodes to wait for."
        case .quorumWithoutNotify: "sync_method is 'any', but the clone's meta attribute notify isn't true."
        case .quorumWithRestart: "sync_method is 'any', and restart_on_promote is true, which don't go together."
        }
    }

    var nextStep: String {
        switch self {
        case .monitorPasswordWithoutUser: setting("monitor_user", to: "USER")
        case .masterIPMissing: setting("master_ip", to: "192.0.2.10")
        case .nodeListMissing: setting("node_list", to: "\"NODE1 NODE2\"")
        case .promotableSlave: setting("rep_mode", to: ReplicationMode.async.rawValue)
        case .notPromotable:
            "make it one with 'crm configure clone CLONE RESOURCE meta promotable=true notify=true'."
        case .externalStandbysWithoutSync:
            "remove it with 'crm resource param RESOURCE delete external_standby_node_list'."
        case .tooFewStandbys(_, let standbys): setting("sync_num", to: String(standbys))
        case .quorumWithoutNotify: "set it with 'crm resource meta CLONE set notify true'."
        case .quorumWithRestart: setting("restart_on_promote", to: "false")
        }
    }
}
