/// How a stopped node's data stand to the primary's: judged by system, timelines and records, never by a lock file's presence.
public enum LocalData: Sendable, Hashable {
    /// There is no data directory, or an empty one.
    case absent
    case unreadable(why: String)
    /// initdb made the two apart.
    case foreign(ours: UInt64, theirs: UInt64)
    /// WAL from the primary continues what is here.
    case ancestor
    /// The node has records of its own from here on.
    case diverged(at: WALPosition)
    /// The primary couldn't be compared with.
    case unknown(why: String)
}

/// What runs on the node.
public enum RejoinInstance: Sendable, Hashable {
    case stopped(LocalData)
    /// A standby that receives WAL.
    case following
    /// A standby that receives nothing.
    case deaf
    /// It accepts writes.
    case primary
    /// It starts, stops or refuses us.
    case busy(why: String)
}

/// What `pgrex-tool rejoin` goes by.
public struct RejoinFacts: Sendable, Hashable {
    public var node: String
    /// The nodes that the cluster runs a primary on.
    public var primaries: [String]
    public var isInStandbyMode: Bool
    public var isInMaintenance: Bool
    public var instance: RejoinInstance

    public init(
        node: String,
        primaries: [String],
        isInStandbyMode: Bool = false,
        isInMaintenance: Bool = false,
        instance: RejoinInstance
    ) {
        self.node = node
        self.primaries = primaries
        self.isInStandbyMode = isInStandbyMode
        self.isInMaintenance = isInMaintenance
        self.instance = instance
    }
}

/// What is to be done.
public enum RejoinPlan: Sendable, Hashable {
    /// It follows already.
    case nothing
    /// The cluster forgets the node's failures and starts the instance, which goes on from where it stands.
    case follow(primary: String)
    /// The data can't go on: another copy takes their place.
    case copy(primary: String, LocalData)
    case refuse(RejoinRefusal)
}

/// Why nothing is done, with the next command.
public enum RejoinRefusal: Error, Sendable, Hashable {
    case noPrimary
    case severalPrimaries([String])
    case isThePrimary
    /// The node accepts writes, and the cluster runs its primary elsewhere.
    case isAnotherPrimary(than: String)
    case standbyMode(String)
    case maintenance
    case deaf(String, primary: String)
    case busy(why: String)
    case notComparable(why: String)

    /// Whether going on by hand could lose data.
    public var isUnsafe: Bool {
        switch self {
        case .severalPrimaries, .isAnotherPrimary: true
        case .noPrimary, .isThePrimary, .standbyMode, .maintenance, .deaf, .busy, .notComparable: false
        }
    }

    public var text: String {
        switch self {
        case .noPrimary:
            "no primary runs that this node could follow. HINT: 'pgrex-tool status' says what it waits for."
        case .severalPrimaries(let nodes):
            "\(nodes.joined(separator: " and ")) both run as primaries. HINT: 'pgrex-tool status' says which is the cluster's."
        case .isThePrimary: "this node is the primary"
        case .isAnotherPrimary(let primary):
            "the instance here accepts writes, but the cluster's primary is \(primary). HINT: 'pgrex-tool status'."
        case .standbyMode(let node): "\(node) is in standby mode, and runs nothing. HINT: 'crm node online \(node)'."
        case .maintenance:
            "the cluster is in maintenance mode, and starts nothing. HINT: 'crm configure property maintenance-mode=false'."
        case .deaf(let node, let primary):
            "the instance runs, but receives no WAL from \(primary). HINT: The server's log says why. If WAL that it needs has "
                + "been removed, it needs a copy: 'crm node standby \(node)', move the data directory aside, pg_basebackup, "
                + "'crm node online \(node)'."
        case .busy(let why): "the instance can't be judged now: \(why). HINT: Run it again when that is over."
        case .notComparable(let why):
            "the data can't be compared with the primary's: \(why). HINT: master_ip must reach the primary, and pg_hba.conf "
                + "there let repuser replicate."
        }
    }
}

/// Decides how a node is brought back.
public func decideRejoin(_ facts: RejoinFacts) -> RejoinPlan {
    guard let primary = facts.primaries.first else { return .refuse(.noPrimary) }
    guard facts.primaries.count == 1 else { return .refuse(.severalPrimaries(facts.primaries)) }
    guard !sameName(primary, facts.node) else { return .refuse(.isThePrimary) }
    switch facts.instance {
    case .primary: return .refuse(.isAnotherPrimary(than: primary))
    case .following: return .nothing
    case .deaf: return .refuse(.deaf(facts.node, primary: primary))
    case .busy(let why): return .refuse(.busy(why: why))
    case .stopped(let data):
        // A copy may be made meanwhile, but nobody would start it.
        if facts.isInStandbyMode { return .refuse(.standbyMode(facts.node)) }
        if facts.isInMaintenance { return .refuse(.maintenance) }
        switch data {
        case .ancestor: return .follow(primary: primary)
        case .absent, .unreadable, .foreign, .diverged: return .copy(primary: primary, data)
        case .unknown(let why): return .refuse(.notComparable(why: why))
        }
    }
}

extension LocalData {
    /// What was found, for people.
    public func finding(primary: String) -> String {
        switch self {
        case .absent: "there are no data here"
        case .unreadable(let why): "the data here can't be read: \(why)"
        case .foreign(let ours, let theirs):
            "the data here are another database's: system identifier \(ours), but \(theirs) on \(primary)"
        case .ancestor: "the data here have no record that \(primary) doesn't have"
        case .diverged(let position):
            "the data here have records of their own from \(position) on, which \(primary) doesn't have"
        case .unknown(let why): why
        }
    }
}
