/// What is wrong with the name of a node or standby in a list.
public enum NodeFault: Sendable, Hashable {
    /// Another name in the same list differs at most in letter case.
    case duplicate(of: String)
    /// A name in `external_standby_node_list` is a cluster node's too.
    case isClusterNode(String)
    /// A character that PostgreSQL changes in `application_name`, or takes for a wildcard or a quote.
    case unusableCharacter
    /// More bytes than PostgreSQL keeps of `application_name`.
    case nameTooLong
    /// Another node's slot would have the same name.
    case slotCollision(with: String, slot: String)
    /// The slot's name has more bytes than PostgreSQL keeps.
    case slotNameTooLong(slot: String)

    func statement(parameter: String, name: String) -> String {
        switch self {
        case .duplicate(let other): "\(parameter) names \(quoted(name)) after \(quoted(other))."
        case .isClusterNode(let node):
            "\(parameter) names \(quoted(name)), but node_list has \(quoted(node)) as a node of the cluster."
        case .unusableCharacter:
            "\(parameter) names \(quoted(name)), and PostgreSQL can't know a standby by such characters."
        case .nameTooLong:
            "\(parameter) names \(quoted(name)), which is \(name.utf8.count) bytes long, but PostgreSQL keeps "
                + "\(longestPostgreSQLName)."
        case .slotCollision(let other, let slot):
            "nodes \(quoted(other)) and \(quoted(name)) would share the replication slot \(quoted(slot))."
        case .slotNameTooLong(let slot):
            "the replication slot \(quoted(slot)) of node \(quoted(name)) has a name of \(slot.utf8.count) bytes, but "
                + "PostgreSQL allows \(longestPostgreSQLName)."
        }
    }

    func nextStep(parameter: String) -> String {
        switch self {
        case .duplicate: "name each node once; " + setting(parameter, to: "\"NODE1 NODE2\"")
        case .isClusterNode: "keep only standbys outside of the cluster; " + setting(parameter, to: "\"STANDBY1\"")
        case .unusableCharacter:
            "use names of printable ASCII characters without quotes and '*'; "
                + setting(parameter, to: "\"NODE1 NODE2\"")
        case .nameTooLong: "give the node a shorter name; \(parameter) must have it too."
        case .slotCollision:
            "rename one of the nodes, or do without slots: 'crm resource param RESOURCE delete replication_slot_name'."
        case .slotNameTooLong: "use a shorter base; " + setting("replication_slot_name", to: "pg")
        }
    }
}
