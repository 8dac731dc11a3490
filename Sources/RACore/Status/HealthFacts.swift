/// Who serves writes, as far as is known.
public enum PrimaryFinding: Sendable, Hashable, CaseIterable {
    case one
    /// The resource is a standby of a primary outside the cluster, and runs.
    case outside
    /// Every node is known not to serve as one.
    case none
    case several
    /// None is seen to serve, and not every node could be judged.
    case unknown
}

/// How the standbys stand that are configured.
public enum StandbyFinding: Sendable, Hashable, CaseIterable {
    case notConfigured
    /// All are in place, and at least one could take over without losing an acknowledged commit that had to wait for it.
    case all
    /// At least one could take over; another is missing, held back or can't be judged.
    case some
    case none
    /// None is known to be able to take over, and not all could be judged.
    case unknown
}

/// Whether the cluster would promote a standby by itself once the primary's node is lost.
public enum TakeoverFinding: Sendable, Hashable, CaseIterable {
    case automatic
    case fencingOff
    case noFencingDevice
    case maintenance
    case noQuorum
    /// The cluster can't be asked on this node.
    case unknown
}

/// The finite reading of a status.
public struct HealthFacts: Sendable, Hashable {
    public var primary: PrimaryFinding
    public var standbys: StandbyFinding
    public var takeover: TakeoverFinding

    public init(primary: PrimaryFinding, standbys: StandbyFinding, takeover: TakeoverFinding) {
        self.primary = primary
        self.standbys = standbys
        self.takeover = takeover
    }
}

/// Reads a status as one of the cases that the verdict is decided over.
public func assessHealth(_ status: ClusterStatus) -> HealthFacts {
    HealthFacts(primary: primaryFinding(status), standbys: standbyFinding(status), takeover: takeoverFinding(status))
}

private func primaryFinding(_ status: ClusterStatus) -> PrimaryFinding {
    let count = status.serving.count
    if count > 1 { return .several }
    if count == 1 { return .one }
    if status.mode == .slave && status.nodes.contains(where: { $0.role == .known(.standby) }) { return .outside }
    return !status.nodes.isEmpty && status.nodes.allSatisfy(isKnownNotToServe) ? .none : .unknown
}

private func isKnownNotToServe(_ node: NodeStatus) -> Bool {
    switch (node.role, node.activity) {
    case (.unknown, _), (.known(.primary), .unknown), (.known(.primary), .known(.running)): false
    case (.known(.primary), .known), (.known(.standby), _), (.known(.stopped), _), (.known(.failed), _): true
    }
}

private func standbyFinding(_ status: ClusterStatus) -> StandbyFinding {
    let places = status.standbys.map { place(of: $0, mode: status.mode) }
    guard status.mode.isReplicated, !places.isEmpty else { return .notConfigured }
    let isAnyReady = places.contains(.ready)
    guard isAnyReady else { return places.contains(.unknown) ? .unknown : .none }
    let isInPlace = places.allSatisfy { $0 == .ready || ($0 == .following && status.mode == .sync) }
    return isInPlace ? .all : .some
}

private func takeoverFinding(_ status: ClusterStatus) -> TakeoverFinding {
    guard case .known(let hasQuorum) = status.hasQuorum, case .known(let fencing) = status.fencing,
        case .known(let isInMaintenance) = status.isInMaintenance
    else { return .unknown }
    guard hasQuorum else { return .noQuorum }
    guard !isInMaintenance else { return .maintenance }
    switch fencing {
    case .on: return .automatic
    case .off: return .fencingOff
    case .withoutDevice: return .noFencingDevice
    }
}

/// What a standby is good for at this moment.
enum StandbyPlace: Hashable, CaseIterable {
    /// It would be promoted, and lacks nothing that was acknowledged under the mode's promise.
    case ready
    /// It streams, but wouldn't be promoted.
    case following
    case missing
    case unknown
}

func place(of node: NodeStatus, mode: ReplicationMode) -> StandbyPlace {
    switch node.role {
    case .unknown: return .unknown
    case .known(.primary): return node.activity.value == nil ? .unknown : .missing
    case .known(.stopped), .known(.failed): return .missing
    case .known(.standby): break
    }
    switch node.membership {
    case .known(.offline), .known(.lost), .known(.standby): return .missing
    case .known(.online), .known(.maintenance), .unknown: break
    }
    guard case .known(let activity) = node.activity else { return .unknown }
    guard activity == .streaming, let word = node.synchronousState else { return .missing }
    guard case .known(let state) = word else { return .unknown }
    let keepsThePromise = mode == .async || state == "sync" || state == "quorum"
    guard case .known(let score) = node.promotionScore else { return keepsThePromise ? .ready : .following }
    return keepsThePromise && score?.isPromotable == true ? .ready : .following
}

extension ClusterStatus {
    /// The nodes whose instance accepts writes.
    public var serving: [NodeStatus] { nodes.filter { $0.role == .known(.primary) && $0.activity == .known(.running) } }

    /// The nodes that ought to have a standby.
    public var standbys: [NodeStatus] { nodes.filter { !serving.contains($0) } }
}
