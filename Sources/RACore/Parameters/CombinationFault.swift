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
        }
    }
}
