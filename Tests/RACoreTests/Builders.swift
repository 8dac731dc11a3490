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

    /// Timeline 1 was left at 100, timeline 2 at 200 and so on, unless told otherwise.
    static func history(_ number: UInt32, left: [UInt64]? = nil) -> TimelineHistory {
        let points = left ?? (1..<max(1, UInt64(number))).map { $0 * 100 }
        let entries = points.enumerated().map { index, point in
            TimelineHistory.Entry(timeline: timeline(UInt32(index) + 1), switchPoint: LSN(bytes: point))
        }
        return TimelineHistory(timeline: timeline(number), ancestors: entries)
    }

    static func published(
        _ number: UInt32,
        _ bytes: UInt64,
        left: [UInt64]? = nil,
        system: UInt64 = systemIdentifier,
        seen: RecordStamp? = RecordStamp(term: 1, serial: 1)
    ) -> PublishedPosition {
        PublishedPosition(
            systemIdentifier: system,
            history: history(number, left: left),
            lsn: LSN(bytes: bytes),
            seen: seen
        )
    }

    static func record(
        _ primary: String = "alpha",
        _ count: Int = 0,
        of members: [String] = [],
        timeline number: UInt32 = 1,
        lsn: UInt64 = 0,
        term: UInt64 = 1,
        serial: UInt64 = 1,
        isPromoting: Bool = false
    ) -> ClusterRecord {
        ClusterRecord(
            primary: primary,
            systemIdentifier: systemIdentifier,
            history: history(number),
            lsn: LSN(bytes: lsn),
            term: term,
            serial: serial,
            guarantee: Guarantee(members: members, count: count),
            isPromoting: isPromoting
        )
    }

    static func set(
        own: String = "alpha",
        members: [String] = nodes,
        external: [String] = [],
        mode: ReplicationMode = .sync,
        policy: SynchronousPolicy = SynchronousPolicy()
    ) -> ReplicaSet {
        ReplicaSet(
            resource: resource,
            ownNode: own,
            members: members,
            external: external,
            mode: mode,
            policy: policy
        )
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
            history: history(1),
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

    static func ballot(_ node: String, _ position: PublishedPosition?, isAwaited: Bool = false) -> Ballot {
        Ballot(node: node, isAwaited: isAwaited, position: position)
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

    var isPromotable: Bool { self[.score].flatMap { PromotionScore($0) }?.isPromotable ?? false }
}

extension ClusterObservation {
    /// Writes an attribute as the cluster would.
    mutating func apply(_ effect: ClusterEffect) {
        switch effect {
        case .set(let attribute, let name, let value): write(attribute, name, value)
        case .delete(let attribute, let name): write(attribute, name, nil)
        case .record(let record): write(.record, record.primary, record.text)
        case .outrank(let epoch): adminEpoch = epoch
        case .waitFor, .publish, .withdrawPosition, .reconnectReceiver: break
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
        case .record(let record): record.primary
        case .waitFor, .publish, .withdrawPosition, .outrank, .reconnectReceiver: nil
        }
    }
}
