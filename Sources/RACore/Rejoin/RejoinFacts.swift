/// What `pgrex-tool rejoin` goes by.
public struct RejoinFacts: Sendable, Hashable {
    public var node: String
    /// The nodes that the cluster runs a primary on.
    public var primaries: [String]
    /// Every instance that says that it accepts writes, whatever the cluster thinks: node and position.
    public var claims: [PrimaryClaim] = []
    public var obstacle: RejoinObstacle = .none
    public var instance: RejoinInstance
    /// How each method would fare; one that isn't here wasn't looked at.
    public var methods: [RejoinMethod: MethodFinding] = [:]
    public var wish = RejoinWish()
    /// What a reader of the plan should know besides.
    public var remarks: [String] = []

    public init(
        node: String,
        primaries: [String],
        claims: [PrimaryClaim] = [],
        obstacle: RejoinObstacle = .none,
        instance: RejoinInstance,
        methods: [RejoinMethod: MethodFinding] = [:],
        wish: RejoinWish = RejoinWish()
    ) {
        self.node = node
        self.primaries = primaries
        self.claims = claims
        self.obstacle = obstacle
        self.instance = instance
        self.methods = methods
        self.wish = wish
    }
}

/// An instance that accepts writes.
public struct PrimaryClaim: Sendable, Hashable {
    public let node: String
    public let position: WALPosition
    /// When its postmaster started, in its own words; nil when it doesn't say.
    public let since: String?

    public init(node: String, position: WALPosition, since: String? = nil) {
        self.node = node
        self.position = position
        self.since = since
    }

    var text: String { "\(node) at \(position)" + (since.map { " since \($0)" } ?? "") }
}

/// What keeps the cluster from starting the instance on the node.
public enum RejoinObstacle: Sendable, Hashable {
    case none
    /// Pacemaker's standby mode of the node.
    case standbyMode
    case maintenance
    /// The resource isn't managed there.
    case unmanaged
    /// A constraint keeps it away: the constraint's id.
    case banned(String)
    /// The resource is to be stopped everywhere (target-role).
    case stopped
    /// The cluster acts without this partition.
    case noQuorum
    /// These nodes wait to be fenced: nothing is started before.
    case fencing([String])
}

/// How a method would fare.
public enum MethodFinding: Sendable, Hashable {
    /// - Parameter bytes: about how much would come over the network; nil when it isn't known.
    case possible(bytes: UInt64?)
    case impossible(why: String)
    /// It may work; trying does no harm.
    case unknown(why: String)
}

/// What was asked for.
public struct RejoinWish: Sendable, Hashable {
    /// nil: the cheapest.
    public var method: RejoinMethod?
    /// The methods that may be used at all.
    public var allowed: Set<RejoinMethod> = Set(RejoinMethod.allCases)
    /// The system identifier of data that may be given up though they are no part of the primary's history.
    public var discardedSystem: UInt64?
    /// Whether only what `auto_rejoin` allows may be done.
    public var isUnattended = false

    public init(
        method: RejoinMethod? = nil,
        allowed: Set<RejoinMethod> = Set(RejoinMethod.allCases),
        discardedSystem: UInt64? = nil
    ) {
        self.method = method
        self.allowed = allowed
        self.discardedSystem = discardedSystem
    }
}
