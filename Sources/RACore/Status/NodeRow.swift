/// One node's row in the making.
struct NodeRow {
    let name: String
    let observation: StatusObservation
    let primary: PrimaryView

    private var known: ClusterNode? { observation.cluster.node(name) }
    private var answer: NodeAnswer { observation.answer(of: name) }
    private var sender: WALSender? {
        let rows = (primary.senders.value ?? []).filter { sameName($0.applicationName, name) }
        return rows.first(where: \.isStreaming) ?? rows.first
    }

    var status: NodeStatus {
        let role = statusRole
        let isStandby = role == .known(.standby)
        let received = receivedLSN
        let replayed: Observed<LSN>? = isStandby ? replayedLSN : nil
        return NodeStatus(
            name: name,
            isLocal: observation.ownNode.map { sameName($0, name) } ?? false,
            membership: membership,
            recordedRole: known?.resourceRole ?? .unknown,
            role: role,
            activity: activity(role),
            synchronousState: isStandby ? synchronousState : nil,
            timeline: timeline,
            receivedLSN: received,
            replayedLSN: replayed,
            receivedLag: isStandby ? lag(received) : nil,
            replayedLag: replayed.map(lag),
            retainedWAL: retainedWAL(role),
            slotNote: role == .known(.primary) ? nil : slotNote,
            stopNote: stopNote,
            pendingRestart: pendingRestart(role),
            promotionScore: promotionScore
        )
    }

    private var slotNote: SlotNote? {
        attributeValue(.slot, node: name, in: observation.cluster, resource: observation.resource)
            .flatMap { SlotNote($0) }
    }

    /// One that nothing stands for any more doesn't count.
    private var stopNote: StopNote? {
        guard let known else { return nil }
        return RACore.stopNote(of: known, resource: observation.resource, scope: .all)
            ?? (known.isInStandbyMode ? RACore.stopNote(of: known, resource: observation.resource, scope: .node) : nil)
    }

    private var statusRole: Observed<InstanceRole> { role(of: name, observation) }

    private var membership: Observed<NodeMembership> {
        guard let known else { return .unknown(why: "the cluster has no node \"\(name)\"") }
        return observation.ofRunningCluster(
            known.isUnclean
                ? .lost
                : !known.isOnline
                    ? .offline
                    : known.isInStandbyMode
                        ? .standby
                        : known.isMaintenance ? .maintenance : .online
        )
    }

    private func activity(_ role: Observed<InstanceRole>) -> Observed<InstanceActivity> {
        switch (answer, role) {
        case (.notServing(let activity, _), _): .known(activity)
        case (_, .known(.stopped)): .known(.stopped)
        case (_, .known(.failed)): .known(.failed)
        case (.server(let facts, _), .known(.standby)): standbyActivity(facts)
        case (.replication, .known(.standby)), (.none, .known(.standby)): standbyActivity(nil)
        case (.server, .known(.primary)), (.replication, .known(.primary)): .known(.running)
        case (.none(let why), .known(.primary)), (.none(let why), .unknown): .unknown(why: why)
        case (.silent(let why), .known(.primary)), (.silent(let why), .unknown): .unknown(why: why)
        case (.silent(let why), .known(.standby)): silentStandby(why)
        // An instance that answers has a role, and one that isn't running is stopped.
        case (.server, .unknown(let why)), (.replication, .unknown(let why)), (.notRunning, .unknown(let why)):
            .unknown(why: why)
        case (.notRunning, .known(.primary)), (.notRunning, .known(.standby)): .known(.stopped)
        }
    }

    /// A primary counts a standby whose node died as streaming until wal_sender_timeout: its word isn't enough here.
    private func silentStandby(_ why: String) -> Observed<InstanceActivity> {
        guard case .known = primary.senders, sender == nil else { return .unknown(why: why) }
        return .known(.disconnected)
    }

    /// The primary's word, then the standby's own.
    private func standbyActivity(_ facts: ServerFacts?) -> Observed<InstanceActivity> {
        if let sender {
            switch sender.state {
            case "streaming": return .known(.streaming)
            case "catchup": return .known(.catchingUp)
            case _: return .known(.connecting)
            }
        }
        // A user who isn't shown senders isn't shown the receiver either.
        guard let facts, facts.senders.value != nil else {
            guard case .known = primary.senders else { return recordedActivity }
            return .known(.disconnected)
        }
        guard let receiver = facts.receiver else { return .known(.disconnected) }
        return .known(receiver.isStreaming ? .streaming : .connecting)
    }

    private var whyUnseen: String {
        switch (answer, primary.senders) {
        case (.none(let why), _), (.silent(let why), _), (.notServing(_, let why), _): why
        case (.server, .unknown(let why)), (.replication, .unknown(let why)), (.notRunning, .unknown(let why)): why
        case (.server, .known), (.replication, .known), (.notRunning, .known): "\(name) doesn't tell"
        }
    }

    /// What the primary's agent recorded of this node, where the primary itself can't be asked.
    private var record: DataStatus? {
        guard primary.whyRecorded != nil, let known, known.isOnline else { return nil }
        return DataStatus(known.permanentAttributes[NodeAttribute.dataStatus.name(resource: observation.resource)])
    }

    private var synchronousState: Observed<String>? {
        switch primary.senders {
        case .known: return sender.map { .known($0.syncState) }
        case .unknown(let why):
            switch record {
            case .synchronous?: return .known("sync")
            case .asynchronous?: return .known("async")
            case .other("STREAMING|POTENTIAL")?: return .known("potential")
            case .disconnected?: return nil
            case .none?, .latest?, .other?, nil: return .unknown(why: why)
            }
        }
    }

    /// The record may be as old as the primary's last monitor: it counts for an instance that answers now.
    private var recordedActivity: Observed<InstanceActivity> {
        switch answer.isFromInstance ? record : nil {
        case .synchronous?, .asynchronous?, .other("STREAMING|POTENTIAL")?: .known(.streaming)
        case .disconnected?: .known(.disconnected)
        case .other?: .known(.connecting)
        case .none?, .latest?, nil: .unknown(why: whyUnseen)
        }
    }

    private var timeline: Observed<TimelineID> {
        switch answer {
        case .server(let facts, _): .known(facts.timeline)
        case .replication(_, let position): .known(position.timeline)
        case .notRunning(let timeline, _): timeline
        case .notServing(_, let why), .silent(let why), .none(let why): .unknown(why: why)
        }
    }

    private var receivedLSN: Observed<LSN> {
        switch answer {
        case .server(let facts, _): return .known(facts.lsn)
        case .replication(_, let position): return .known(position.lsn)
        case .notRunning(_, let lsn): return lsn
        case .notServing(_, let why), .silent(let why), .none(let why):
            guard let flushed = sender?.flushedLSN else { return .unknown(why: why) }
            return .known(flushed)
        }
    }

    private var replayedLSN: Observed<LSN> {
        if case .server(let facts, _) = answer, let replayed = facts.replayedLSN { return .known(replayed) }
        guard let replayed = sender?.replayedLSN else { return .unknown(why: whyUnseen) }
        return .known(replayed)
    }

    private func lag(_ position: Observed<LSN>) -> Observed<UInt64> {
        switch (position, primary.lsn) {
        case (.known(let lsn), .known(let primary)): .known(primary.distance(from: lsn))
        case (.unknown(let why), _), (.known, .unknown(let why)): .unknown(why: why)
        }
    }

    private func retainedWAL(_ role: Observed<InstanceRole>) -> Observed<UInt64>? {
        guard let base = observation.slotBase, observation.mode.isReplicated, role != .known(.primary) else {
            return nil
        }
        let name = slotName(base: base, node: name)
        switch primary.slots {
        case .unknown(let why): return .unknown(why: why)
        case .known(let slots):
            guard let slot = slots.first(where: { $0.name == name }) else {
                return .unknown(why: "the primary has no slot \"\(name)\"")
            }
            guard slot.status != "lost" else { return .unknown(why: "slot \"\(name)\" has lost WAL that it needed") }
            return .known(slot.retained ?? 0)
        }
    }

    private func pendingRestart(_ role: Observed<InstanceRole>) -> Observed<Int>? {
        switch answer {
        case .server(_, let extras): return extras.map(\.pendingRestart)
        case .notRunning: return nil
        case .replication: return .unknown(why: onlyReplication(name))
        case .notServing(_, let why), .silent(let why), .none(let why):
            return role == .known(.stopped) ? nil : .unknown(why: why)
        }
    }

    private var promotionScore: Observed<PromotionScore?> {
        let text = known?.transientAttributes[NodeAttribute.score.name(resource: observation.resource)]
        return observation.ofRunningCluster(text.flatMap { PromotionScore($0) })
    }
}

extension Observed {
    /// A part of the value, unknown for the same reason.
    public func map<Part>(_ part: (Value) -> Part) -> Observed<Part> {
        switch self {
        case .known(let value): .known(part(value))
        case .unknown(let why): .unknown(why: why)
        }
    }
}
