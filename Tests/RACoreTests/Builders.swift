import RACore

/// The only place where tests make the big values: a test states what differs from the plain case.
enum Build {
    static let resource = "pgsql"
    static let nodes = ["alpha", "beta", "gamma"]
    static let systemIdentifier: UInt64 = 7_000_000_000_000_000_001

    static func timeline(_ number: UInt32) -> TimelineID {
        guard let timeline = TimelineID(number) else { preconditionFailure("timeline 0") }
        return timeline
    }

    static func position(_ number: UInt32, _ bytes: UInt64) -> WALPosition {
        WALPosition(timeline: timeline(number), lsn: LSN(bytes: bytes))
    }

    static func published(_ number: UInt32, _ bytes: UInt64, system: UInt64 = systemIdentifier) -> PublishedPosition {
        PublishedPosition(systemIdentifier: system, position: position(number, bytes))
    }

    static func set(
        own: String = "alpha",
        members: [String] = nodes,
        external: [String] = [],
        mode: ReplicationMode = .sync
    ) -> ReplicaSet {
        ReplicaSet(resource: resource, ownNode: own, members: members, external: external, mode: mode)
    }

    static func node(
        _ name: String,
        record: String? = nil,
        score: String? = nil,
        status: StatusValue? = .alone,
        role: RecordedRole = .unpromoted,
        isOnline: Bool = true,
        isUnclean: Bool = false
    ) -> ClusterNode {
        var node = ClusterNode(name: name, isOnline: isOnline, isUnclean: isUnclean, resourceRole: role)
        node[.dataStatus] = record
        node[.score] = score
        node[.status] = status?.rawValue
        return node
    }

    /// The node of a primary that has recorded itself.
    static func primaryNode(_ name: String = "alpha") -> ClusterNode {
        node(name, record: "LATEST", score: "1000", status: .primary, role: .promoted)
    }

    static func cluster(_ nodes: [ClusterNode], hasQuorum: Bool = true, fences: Bool = true) -> ClusterObservation {
        ClusterObservation(
            nodes: nodes,
            hasQuorum: hasQuorum,
            properties: ClusterProperties(isFencingEnabled: fences, hasFencingDevice: fences)
        )
    }

    static func server(
        isInRecovery: Bool = false,
        waitingFor setting: String = "",
        senders: Observed<[WALSender]> = .known([]),
        lsn: UInt64 = 1000
    ) -> ServerFacts {
        ServerFacts(
            isInRecovery: isInRecovery,
            systemIdentifier: systemIdentifier,
            timeline: timeline(1),
            lsn: LSN(bytes: lsn),
            synchronousStandbyNames: setting,
            senders: senders
        )
    }

    static func sender(
        _ node: String,
        _ syncState: String,
        state: String = "streaming",
        flushed: UInt64? = 1000
    ) -> WALSender {
        WALSender(
            applicationName: node,
            state: state,
            syncState: syncState,
            flushedLSN: flushed.map { LSN(bytes: $0) },
            replayedLSN: flushed.map { LSN(bytes: $0) }
        )
    }

    static func postmaster(_ status: PostmasterStatus = .ready) -> PostmasterFile {
        PostmasterFile(
            processID: 4711,
            dataDirectory: "/pgdata",
            port: 5432,
            socketDirectory: "/run",
            listenAddress: nil,
            status: status
        )
    }

    static func ballot(
        _ node: String,
        _ record: DataStatus,
        _ position: PublishedPosition?,
        isOnline: Bool = true
    ) -> Ballot {
        Ballot(node: node, isOnline: isOnline, dataStatus: record, position: position)
    }
}

extension ClusterNode {
    /// One of the test resource's attributes.
    subscript(attribute: NodeAttribute) -> String? {
        get {
            let name = attribute.name(resource: Build.resource)
            return attribute.isPermanent ? permanentAttributes[name] : transientAttributes[name]
        }
        set {
            let name = attribute.name(resource: Build.resource)
            if attribute.isPermanent {
                permanentAttributes[name] = newValue
            } else {
                transientAttributes[name] = newValue
            }
        }
    }

    func holdsEverything(_ mode: ReplicationMode) -> Bool { DataStatus(self[.dataStatus]).holdsEverything(in: mode) }

    var isPromotable: Bool { self[.score].flatMap { PromotionScore($0) }?.isPromotable ?? false }
}

extension ClusterObservation {
    /// Writes an attribute as the cluster would.
    mutating func apply(_ effect: ClusterEffect) {
        switch effect {
        case .set(let attribute, let name, let value): write(attribute, name, value)
        case .delete(let attribute, let name): write(attribute, name, nil)
        case .waitFor, .reconnectReceiver: break
        }
    }

    private mutating func write(_ attribute: NodeAttribute, _ name: String, _ value: String?) {
        guard let index = nodes.firstIndex(where: { sameName($0.name, name) }) else { return }
        nodes[index][attribute] = value
    }
}

extension ClusterEffect {
    /// The node whose attribute it changes.
    var node: String? {
        switch self {
        case .set(_, let node, _), .delete(_, let node): node
        case .waitFor, .reconnectReceiver: nil
        }
    }

    /// Whether it makes a node promotable, or says that it holds everything.
    func isPositive(in mode: ReplicationMode) -> Bool {
        switch self {
        case .set(.score, _, let value): PromotionScore(value)?.isPromotable ?? false
        case .set(.dataStatus, _, let value): DataStatus(value).holdsEverything(in: mode)
        case .set, .delete, .waitFor, .reconnectReceiver: false
        }
    }
}
