/// Why nothing is done, with the next command.
public enum RejoinRefusal: Error, Sendable, Hashable {
    case noPrimary
    /// Instances that all say that they accept writes.
    case severalPrimaries([PrimaryClaim])
    /// Nodes that the cluster takes for primaries.
    case severalRecorded([String])
    /// An instance accepts writes on a node that isn't the cluster's primary.
    case otherPrimary(PrimaryClaim, String)
    case isThePrimary
    /// The node accepts writes, and the cluster runs its primary elsewhere.
    case isAnotherPrimary(than: String)
    case standbyMode(String)
    case maintenance
    case unmanaged(String)
    case banned(String, constraint: String)
    case resourceStopped
    case noQuorum
    case fencing([String])
    case busy(why: String)
    case notComparable(why: String)
    case incompatible(why: String)
    case foreign(ours: UInt64, theirs: UInt64, primary: String)
    case ahead(system: UInt64, of: WALPosition, primary: String)
    case noMethod(String, [RejectedMethod], wanted: RejoinMethod?)

    /// Unsafe where going on by hand could lose data, refused otherwise.
    public var exit: RejoinExit {
        switch self {
        case .severalPrimaries, .severalRecorded, .otherPrimary, .isAnotherPrimary, .ahead, .isThePrimary: .unsafe
        case .noPrimary, .standbyMode, .maintenance, .unmanaged, .banned, .resourceStopped, .noQuorum, .fencing, .busy,
            .notComparable, .incompatible, .foreign, .noMethod:
            .refused
        }
    }

    public var text: String {
        switch self {
        case .noPrimary:
            "no primary runs that this node could follow. HINT: 'pgrex-tool status' says what it waits for."
        case .severalPrimaries(let claims):
            "\(claims.map(\.text).joined(separator: " and ")) both accept writes. HINT: 'pgrex-tool status' says which is "
                + "the cluster's; stop the other before anything else."
        case .severalRecorded(let nodes):
            "\(nodes.joined(separator: " and ")) both run as primaries. HINT: 'pgrex-tool status' says which is the cluster's."
        case .otherPrimary(let claim, let primary):
            "\(claim.text) accepts writes, but the cluster's primary is \(primary). HINT: 'pgrex-tool status'; stop the "
                + "other before anything else."
        case .isThePrimary: "this node is the primary. HINT: 'pgrex-tool status' shows who doesn't follow it."
        case .isAnotherPrimary(let primary):
            "the instance here accepts writes, but the cluster's primary is \(primary). HINT: 'pgrex-tool status'."
        case .busy(let why): "the instance can't be judged now: \(why). HINT: Run it again when that is over."
        case .notComparable(let why):
            "the data can't be compared with the primary's: \(why). HINT: master_ip must reach the primary, and pg_hba.conf "
                + "there let repuser replicate."
        case .incompatible(let why): "\(why). HINT: Install the same release as on the primary."
        case .foreign(let ours, let theirs, let primary):
            "the data here are another database's: system identifier \(ours), but \(theirs) on \(primary). HINT: If they may "
                + "be given up: 'pgrex-tool rejoin --discard-system \(ours)'."
        case .ahead(let system, let position, let primary):
            "the data here are further than \(primary), which ends at \(position): \(primary) may be the stale one. HINT: Compare "
                + "both with 'pgrex-tool status'; if these may be given up: 'pgrex-tool rejoin --discard-system \(system)'."
        case .noMethod(let finding, let rejected, let wanted):
            "\(finding), and no way back is open: "
                + rejected.filter { wanted == nil || $0.method == wanted }
                .map { "\($0.method.rawValue): \($0.why)" }.joined(separator: "; ")
                + (wanted == nil ? "" : ". HINT: Without --method the cheapest way that is open is taken.")
        case .standbyMode, .maintenance, .unmanaged, .banned, .resourceStopped, .noQuorum, .fencing: clusterText
        }
    }

    /// What the cluster must be told first.
    private var clusterText: String {
        switch self {
        case .standbyMode(let node):
            "\(node) is in standby mode, and runs nothing. HINT: 'crm node online \(node)'."
        case .maintenance:
            "the cluster is in maintenance mode, and starts nothing. HINT: 'crm configure property maintenance-mode=false'."
        case .unmanaged(let node):
            "the cluster doesn't manage the resource on \(node). HINT: 'crm node ready \(node)', or is-managed=true."
        case .banned(let node, let constraint):
            "constraint \"\(constraint)\" keeps the resource away from \(node). HINT: 'crm configure delete \(constraint)'."
        case .resourceStopped:
            "the resource is to be stopped (target-role). HINT: 'crm resource start' or 'pgrex-tool primary-start'."
        case .noQuorum: "this part of the cluster has no quorum, and starts nothing. HINT: Bring the other nodes back."
        case .fencing(let nodes):
            "\(nodes.joined(separator: ", ")) waits to be fenced, and nothing is started before. HINT: 'crm_mon -1' shows why; "
                + "confirm it only when the node is off."
        case .noPrimary, .severalPrimaries, .severalRecorded, .otherPrimary, .isThePrimary, .isAnotherPrimary, .busy,
            .notComparable, .incompatible, .foreign, .ahead, .noMethod:
            ""
        }
    }
}
