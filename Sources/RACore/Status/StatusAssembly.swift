/// Puts together what each source knows: an instance's own word first, then the primary's, then the cluster's record.
public func assembleStatus(_ observation: StatusObservation) -> ClusterStatus {
    let roles = observation.members.map { ($0, role(of: $0, observation)) }
    let primary = PrimaryView(roles: roles, observation)
    let properties = observation.cluster.properties
    return ClusterStatus(
        resource: observation.resource,
        mode: observation.mode,
        source: observation.source,
        clusterName: properties.clusterName,
        hasQuorum: observation.ofRunningCluster(observation.cluster.hasQuorum),
        fencing: .known(
            !properties.isFencingEnabled ? .off : properties.hasFencingDevice ? .on : .withoutDevice
        ),
        isInMaintenance: .known(properties.isMaintenanceMode),
        recordedStates: primary.whyRecorded,
        waitsFor: observation.waitsFor,
        openLedgerEntries: observation.openLedgerEntries,
        nodes: observation.members.map { name in
            var status = NodeRow(name: name, observation: observation, primary: primary).status
            status.rejoin = observation.rejoins.first { sameName($0.key, name) }?.value
            return status
        }
    )
}

extension NodeAnswer {
    /// Whether the instance itself said what it is.
    var isFromInstance: Bool {
        switch self {
        case .server, .replication: true
        case .notRunning, .notServing, .silent, .none: false
        }
    }
}

extension StatusObservation {
    /// The instance's own word, or why there is none.
    func answer(of node: String) -> NodeAnswer {
        if let answer = answers[node] { return answer }
        guard case .cluster = source, let known = cluster.node(node), !known.isOnline else {
            return .none(why: "\(node) wasn't asked")
        }
        return .none(why: known.isUnclean ? "\(node) was lost and isn't confirmed fenced" : "\(node) is offline")
    }

    /// The record counts only while its writer works: the primary answers, and the cluster runs.
    fileprivate func whyRecorded(primary: String) -> String? {
        guard case .cluster = source else { return nil }
        switch answer(of: primary) {
        case .server(let facts, _):
            guard case .unknown(let why) = facts.senders else { return nil }
            return why
        case .replication: return onlyReplication(primary)
        case .notRunning, .notServing, .silent, .none: return nil
        }
    }

    /// A value that only a running cluster has.
    func ofRunningCluster<Value>(_ value: Value) -> Observed<Value> {
        switch source {
        case .cluster: .known(value)
        case .savedConfiguration(let why, _): .unknown(why: "the cluster can't be asked on this node: \(why)")
        }
    }
}

/// What an instance is by its own word or, when it has none, by the primary's connections and the cluster's record.
func role(of node: String, _ observation: StatusObservation) -> Observed<InstanceRole> {
    switch observation.answer(of: node) {
    case .server(let facts, _): .known(facts.isInRecovery ? .standby : .primary)
    case .replication(let isInRecovery, _): .known(isInRecovery ? .standby : .primary)
    case .notRunning: .known(.stopped)
    case .notServing(_, let why), .silent(let why), .none(let why): roleByOthers(node, observation, why)
    }
}

private func roleByOthers(_ node: String, _ observation: StatusObservation, _ why: String) -> Observed<InstanceRole> {
    let isConnected = observation.answers.values.contains { answer in
        guard case .server(let facts, _) = answer, !facts.isInRecovery else { return false }
        return PeerLink(node: node, senders: facts.senders.value ?? []) != .none
    }
    if isConnected { return .known(.standby) }
    guard case .cluster = observation.source else { return .unknown(why: why) }
    guard let known = observation.cluster.node(node) else {
        return .unknown(why: "the cluster has no node \"\(node)\"")
    }
    guard !known.isUnclean else { return .unknown(why: "\(node) was lost and isn't confirmed fenced") }
    guard known.isOnline else { return .known(.stopped) }
    switch known.resourceRole {
    case .promoted: return .known(.primary)
    case .unpromoted: return .known(observation.mode == .none ? .primary : .standby)
    case .stopped: return .known(.stopped)
    case .failed: return .known(.failed)
    case .unknown: return .unknown(why: why)
    }
}

/// Why a value is missing that only an ordinary session tells.
func onlyReplication(_ node: String) -> String { "\(node) lets only replication connections in from this node" }

/// What the one primary sees; unknown when there is none that answers, or more than one.
struct PrimaryView {
    let name: String?
    let lsn: Observed<LSN>
    let senders: Observed<[WALSender]>
    let slots: Observed<[ReplicationSlot]>
    /// Why the standbys' states are taken from what its agent recorded in the cluster; nil when they aren't.
    let whyRecorded: String?

    init(roles: [(String, Observed<InstanceRole>)], _ observation: StatusObservation) {
        let primaries = roles.filter { $0.1 == .known(.primary) }.map(\.0)
        let answering = primaries.filter { observation.answer(of: $0).isFromInstance }
        let recorded = answering.filter { observation.cluster.node($0)?.resourceRole == .promoted }
        let choice = [answering, recorded, answering.isEmpty ? primaries : []].first { $0.count == 1 }
        name = choice?.first
        whyRecorded = choice?.first.flatMap { observation.whyRecorded(primary: $0) }
        guard let name else {
            let why = primaries.isEmpty ? "no primary is known" : "there are several primaries"
            lsn = .unknown(why: why)
            senders = .unknown(why: why)
            slots = .unknown(why: why)
            return
        }
        switch observation.answer(of: name) {
        case .server(let facts, let extras):
            lsn = .known(facts.lsn)
            senders = facts.senders
            slots = extras.map(\.slots.slots)
        case .replication(_, let position):
            let why = onlyReplication(name)
            lsn = .known(position.lsn)
            senders = .unknown(why: why)
            slots = .unknown(why: why)
        case .notServing(_, let why), .silent(let why), .none(let why):
            lsn = .unknown(why: why)
            senders = .unknown(why: why)
            slots = .unknown(why: why)
        case .notRunning:
            // A role of primary comes from no such answer.
            lsn = .unknown(why: "\(name) isn't running")
            senders = .unknown(why: "\(name) isn't running")
            slots = .unknown(why: "\(name) isn't running")
        }
    }
}
