/// What the cluster knows, read from one copy of the CIB.
public struct ClusterObservation: Sendable, Equatable {
    public var nodes: [ClusterNode]
    public var hasQuorum: Bool
    /// The name of the designated controller's node; nil while there is none.
    public var designatedController: String?
    public var properties: ClusterProperties
    /// The first part of the configuration's version: nothing but an administrator or this agent raises it.
    public var adminEpoch: Int

    public init(
        nodes: [ClusterNode],
        hasQuorum: Bool,
        designatedController: String? = nil,
        properties: ClusterProperties = ClusterProperties(),
        adminEpoch: Int = 0
    ) {
        self.nodes = nodes
        self.hasQuorum = hasQuorum
        self.designatedController = designatedController
        self.properties = properties
        self.adminEpoch = adminEpoch
    }

    /// Whether this partition may act: it has quorum, or its operator wants it to go on without.
    public var actsWithQuorum: Bool { hasQuorum || properties.ignoresQuorum }

    /// Whether more than half of the nodes are here: then no other partition acts, whatever gives it quorum.
    var hasMajority: Bool {
        let voters = nodes.filter { !$0.isRemote }
        return voters.filter(\.isOnline).count * 2 > voters.count
    }

    /// Those of some nodes that are here and have a copy of the CIB themselves, by which somebody may be promoted there. For
    /// Pacemaker Remote nodes any other node may decide.
    public func withOwnCopy(_ names: [String]) -> [String] {
        let deciders = names.contains { node($0)?.isRemote ?? false } ? nodes.map(\.name) : names
        return deciders.filter { node($0).map { $0.isOnline && !$0.isRemote } ?? false }
    }

    /// The nodes that are here and recorded as running a primary.
    public var promotedNodes: [String] {
        nodes.filter { $0.isOnline && $0.resourceRole == .promoted }.map(\.name)
    }

    /// The first of them, apart from one.
    public func promotedNode(otherThan node: String? = nil) -> String? {
        promotedNodes.first { candidate in node.map { !sameName(candidate, $0) } ?? true }
    }

    /// Finds a node by its name; letter case doesn't count, as host names have none.
    public func node(_ name: String) -> ClusterNode? {
        nodes.first { sameName($0.name, name) }
    }
}

/// Cluster options that an operator sees in `status`.
public struct ClusterProperties: Sendable, Equatable {
    /// nil when unset.
    public var clusterName: String?
    /// Pacemaker's default is true ("stonith-enabled", from 3.0.3 on also "fencing-enabled").
    public var isFencingEnabled: Bool
    public var isMaintenanceMode: Bool
    /// `no-quorum-policy=ignore`: a partition without quorum goes on as if it had it.
    public var ignoresQuorum: Bool
    /// Whether the configuration has any resource of class stonith.
    public var hasFencingDevice: Bool

    public init(
        clusterName: String? = nil,
        isFencingEnabled: Bool = true,
        isMaintenanceMode: Bool = false,
        ignoresQuorum: Bool = false,
        hasFencingDevice: Bool = false
    ) {
        self.clusterName = clusterName
        self.isFencingEnabled = isFencingEnabled
        self.isMaintenanceMode = isMaintenanceMode
        self.ignoresQuorum = ignoresQuorum
        self.hasFencingDevice = hasFencingDevice
    }
}

/// One node of the cluster.
public struct ClusterNode: Sendable, Equatable {
    public var name: String
    /// A member of the partition whose controller has joined.
    public var isOnline: Bool
    /// A Pacemaker Remote node: it has no vote, and no copy of the CIB.
    public var isRemote: Bool
    /// Lost and not yet confirmed fenced.
    public var isUnclean: Bool
    /// A member of the partition that was expected to be there and whose controller hasn't joined again: it goes by its own
    /// copy of the CIB still.
    public var isJoining: Bool
    /// Whether it may act by what it knows itself: nobody has ended it, and nobody can tell it anything yet.
    public var isUndecided: Bool { isUnclean || isJoining }
    /// Pacemaker's standby mode, in which a node runs no resource; nothing to do with a PostgreSQL standby.
    public var isInStandbyMode: Bool
    public var isMaintenance: Bool
    /// Attributes that survive a restart of the node's cluster services ("forever").
    public var permanentAttributes: [String: String]
    /// Where the CIB has them; nil where it has them in several sets, or only at times.
    public var place: AttributePlace?
    /// Attributes that go with the node ("reboot").
    public var transientAttributes: [String: String]
    /// The resource's role here as the operation history tells it.
    public var resourceRole: RecordedRole

    public init(
        name: String,
        isOnline: Bool = true,
        isRemote: Bool = false,
        isUnclean: Bool = false,
        isJoining: Bool = false,
        isInStandbyMode: Bool = false,
        isMaintenance: Bool = false,
        permanentAttributes: [String: String] = [:],
        place: AttributePlace? = nil,
        transientAttributes: [String: String] = [:],
        resourceRole: RecordedRole = .unknown
    ) {
        self.place = place
        self.name = name
        self.isOnline = isOnline
        self.isRemote = isRemote
        self.isUnclean = isUnclean
        self.isJoining = isJoining
        self.isInStandbyMode = isInStandbyMode
        self.isMaintenance = isMaintenance
        self.permanentAttributes = permanentAttributes
        self.transientAttributes = transientAttributes
        self.resourceRole = resourceRole
    }
}

/// The ids by which the CIB has a node's permanent attributes.
public struct AttributePlace: Sendable, Hashable {
    public var nodeID: String
    public var setID: String
    /// By the attribute's name.
    public var pairIDs: [String: String]

    public init(nodeID: String, setID: String, pairIDs: [String: String] = [:]) {
        self.nodeID = nodeID
        self.setID = setID
        self.pairIDs = pairIDs
    }
}

/// The role that Pacemaker's operation history records for the resource on a node.
public enum RecordedRole: Sendable, Hashable, CaseIterable {
    case promoted, unpromoted, stopped
    /// The last operation failed.
    case failed
    /// No operation is recorded.
    case unknown
}

/// Compares node names without regard to ASCII letter case.
public func sameName(_ left: String, _ right: String) -> Bool {
    left == right || left.utf8.elementsEqual(right.utf8, by: { lowerCased($0) == lowerCased($1) })
}

/// The ASCII lower case of a byte.
func lowerCased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 32 : byte }
