/// What is to be done.
public enum RejoinPlan: Sendable, Hashable {
    /// It follows already.
    case nothing
    case go(RejoinRoute)
    case refuse(RejoinRefusal)
}

/// The way on which a node comes back.
public struct RejoinRoute: Sendable, Hashable {
    public var primary: String
    public var data: LocalData
    /// Whether a server that receives nothing runs on the data and must end first.
    public var stopsInstance: Bool
    /// What is tried, in this order: the first, and what takes its place when it fails.
    public var methods: [RejoinMethod]
    /// What isn't, and why.
    public var rejected: [RejectedMethod]
    /// What a reader should know besides.
    public var remarks: [String] = []

    public init(
        primary: String,
        data: LocalData,
        stopsInstance: Bool = false,
        methods: [RejoinMethod],
        rejected: [RejectedMethod] = []
    ) {
        self.primary = primary
        self.data = data
        self.stopsInstance = stopsInstance
        self.methods = methods
        self.rejected = rejected
    }
}

/// A method that isn't used.
public struct RejectedMethod: Sendable, Hashable {
    public let method: RejoinMethod
    public let why: String

    public init(_ method: RejoinMethod, _ why: String) {
        self.method = method
        self.why = why
    }
}

/// Decides how a node is brought back: by what runs, by what its data are, and by what each method needs.
public func decideRejoin(_ facts: RejoinFacts) -> RejoinPlan {
    guard facts.claims.count < 2 else { return .refuse(.severalPrimaries(facts.claims)) }
    guard facts.primaries.count < 2 else { return .refuse(.severalRecorded(facts.primaries)) }
    guard let primary = facts.primaries.first else { return .refuse(.noPrimary) }
    guard !sameName(primary, facts.node) else { return .refuse(.isThePrimary) }
    if let claim = facts.claims.first, !sameName(claim.node, primary) {
        return .refuse(
            sameName(claim.node, facts.node) ? .isAnotherPrimary(than: primary) : .otherPrimary(claim, primary)
        )
    }
    switch facts.instance {
    case .primary: return .refuse(.isAnotherPrimary(than: primary))
    case .following: return .nothing
    case .busy(let why): return .refuse(.busy(why: why))
    case .deaf(let data): return route(facts, primary, data, stopsInstance: true)
    case .stopped(let data): return route(facts, primary, data, stopsInstance: false)
    }
}

private func route(_ facts: RejoinFacts, _ primary: String, _ data: LocalData, stopsInstance: Bool) -> RejoinPlan {
    if let refusal = refusal(facts.obstacle, facts.node) { return .refuse(refusal) }
    if let refusal = refusal(data, primary, facts.wish) { return .refuse(refusal) }
    var methods: [RejoinMethod] = []
    var rejected: [RejectedMethod] = []
    for method in RejoinMethod.allCases.sorted() {
        // A server that receives nothing has shown that following as it is doesn't work.
        if stopsInstance, method == .follow {
            rejected.append(RejectedMethod(method, "the instance runs, and receives no WAL"))
        } else if let why = reason(against: method, data: data, facts) {
            rejected.append(RejectedMethod(method, why))
        } else {
            methods.append(method)
        }
    }
    guard !methods.isEmpty else {
        return .refuse(.noMethod(data.finding(primary: primary), rejected, wanted: facts.wish.method))
    }
    var route = RejoinRoute(
        primary: primary,
        data: data,
        stopsInstance: stopsInstance,
        methods: methods,
        rejected: rejected
    )
    route.remarks = facts.remarks
    return .go(route)
}

/// Why a method isn't used; nil when it is.
private func reason(against method: RejoinMethod, data: LocalData, _ facts: RejoinFacts) -> String? {
    if let why = unfitness(of: method, for: data) { return why }
    if let wanted = facts.wish.method, wanted != method { return "--method \(wanted.rawValue) was asked for" }
    guard facts.wish.allowed.contains(method) else { return "auto_rejoin doesn't allow it" }
    if case .unreadable = data, facts.wish.isUnattended { return "what can't be read is left to an operator" }
    switch facts.methods[method] {
    case .possible, .unknown: return nil
    case .impossible(let why): return why
    case nil: return "it wasn't looked at"
    }
}

/// Why a method can't make a standby of such data, whatever else is given; nil when it can.
private func unfitness(of method: RejoinMethod, for data: LocalData) -> String? {
    switch (method, data) {
    case (.follow, .ancestor), (.archive, .ancestor), (.rewind, .diverged), (.rewind, .tainted): nil
    case (.copy, .ancestor), (.copy, .diverged), (.copy, .absent), (.copy, .unreadable), (.copy, .tainted),
        (.copy, .foreign), (.copy, .ahead):
        nil
    case (.incremental, .ancestor), (.incremental, .diverged), (.incremental, .absent), (.incremental, .unreadable),
        (.incremental, .tainted), (.incremental, .foreign), (.incremental, .ahead):
        nil
    case (.follow, .diverged), (.archive, .diverged), (.follow, .ahead), (.archive, .ahead):
        "the data have records that the primary doesn't have"
    case (.rewind, .ancestor): "there is nothing to take back"
    case (.rewind, .ahead): "both are on one timeline"
    case (.follow, .absent), (.archive, .absent), (.rewind, .absent): "there are no data"
    case (.follow, .unreadable), (.archive, .unreadable), (.rewind, .unreadable): "the data can't be read"
    case (.follow, .tainted), (.archive, .tainted): "the data are only half of a server's"
    case (.follow, .foreign), (.archive, .foreign), (.rewind, .foreign): "the data are another database's"
    case (_, .incompatible(let why)), (_, .unknown(let why)): why
    }
}

/// Why data aren't worked on at all.
private func refusal(_ data: LocalData, _ primary: String, _ wish: RejoinWish) -> RejoinRefusal? {
    switch data {
    case .absent, .unreadable, .tainted, .ancestor, .diverged: nil
    case .incompatible(let why): .incompatible(why: why)
    case .unknown(let why): .notComparable(why: why)
    case .foreign(let ours, let theirs):
        wish.discardedSystem == ours ? nil : .foreign(ours: ours, theirs: theirs, primary: primary)
    case .ahead(let system, let position):
        wish.discardedSystem == system ? nil : .ahead(system: system, of: position, primary: primary)
    }
}

private func refusal(_ obstacle: RejoinObstacle, _ node: String) -> RejoinRefusal? {
    switch obstacle {
    case .none: nil
    case .standbyMode: .standbyMode(node)
    case .maintenance: .maintenance
    case .unmanaged: .unmanaged(node)
    case .banned(let constraint): .banned(node, constraint: constraint)
    case .stopped: .resourceStopped
    case .noQuorum: .noQuorum
    case .fencing(let nodes): .fencing(nodes)
    }
}
