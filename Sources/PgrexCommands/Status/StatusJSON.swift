internal import RACore

/// The form of `status` for programs; keys and words are stable, new ones may come.
///
/// What isn't known is null, and `unknown` names the key and says why; what has no meaning for a node is null too, and
/// isn't named there.
func statusJSON(_ snapshot: StatusSnapshot) -> JSONValue {
    let status = snapshot.status
    var unknown = UnknownValues()
    let cluster: [JSONValue.Member] = [
        .init("name", status.clusterName.map { .string($0) } ?? .null),
        .init("source", .string(sourceWord(status.source))),
        .init("saved_at", savedAt(status.source)),
        .init("quorum", unknown.value("quorum", status.hasQuorum) { .bool($0) }),
        .init("fencing", unknown.value("fencing", status.fencing) { .string(StatusWord.text($0)) }),
        .init("maintenance", unknown.value("maintenance", status.isInMaintenance) { .bool($0) }),
        .init("unknown", unknown.json),
    ]
    return .object([
        .init("version", .integer(1)), .init("taken_at", .string(snapshot.takenAt)),
        .init("resource", .string(status.resource)), .init("rep_mode", .string(status.mode.rawValue)),
        .init("cluster", .object(cluster)),
        .init("states_recorded_because", status.recordedStates.map { .string($0) } ?? .null),
        .init("open_ledger_entries", status.openLedgerEntries.value.map { .integer($0) } ?? .null),
        .init("ledger_note", status.ledgerNote.map { .string($0) } ?? .null),
        .init("nodes", .array(status.nodes.map(nodeJSON))),
        .init("verdict", verdictJSON(snapshot.verdict.level, snapshot.sentence)),
    ])
}

/// The form of a status that couldn't be taken.
func statusJSON(failure: String, takenAt: String) -> JSONValue {
    .object([
        .init("version", .integer(1)), .init("taken_at", .string(takenAt)),
        .init("verdict", verdictJSON(.cannotTell, failure)),
    ])
}

private func verdictJSON(_ level: HealthLevel, _ text: String) -> JSONValue {
    .object([
        .init("level", .string(StatusWord.text(level))), .init("exit_code", .integer(level.rawValue)),
        .init("text", .string(text)),
    ])
}

/// Collects why values are null.
private struct UnknownValues {
    private var members: [JSONValue.Member] = []

    var json: JSONValue { .object(members) }

    mutating func value<Value>(_ key: String, _ value: Observed<Value>?, _ json: (Value) -> JSONValue) -> JSONValue {
        switch value {
        case .none: return .null
        case .some(.known(let value)): return json(value)
        case .some(.unknown(let why)):
            members.append(.init(key, .string(why)))
            return .null
        }
    }
}

private func nodeJSON(_ node: NodeStatus) -> JSONValue {
    var unknown = UnknownValues()
    let lsn = { (lsn: LSN) -> JSONValue in .string(lsn.description) }
    return .object([
        .init("name", .string(node.name)), .init("local", .bool(node.isLocal)),
        .init("membership", unknown.value("membership", node.membership) { .string(StatusWord.text($0)) }),
        .init("role", unknown.value("role", node.role) { .string(StatusWord.text($0)) }),
        .init("sync_state", unknown.value("sync_state", node.synchronousState) { .string($0) }),
        .init("state", unknown.value("state", node.activity) { .string(StatusWord.text($0)) }),
        .init("timeline", unknown.value("timeline", node.timeline) { .integer(Int($0.number)) }),
        .init("received_lsn", unknown.value("received_lsn", node.receivedLSN, lsn)),
        .init("received_lag_bytes", unknown.value("received_lag_bytes", node.receivedLag) { .unsigned($0) }),
        .init("replayed_lsn", unknown.value("replayed_lsn", node.replayedLSN, lsn)),
        .init("replayed_lag_bytes", unknown.value("replayed_lag_bytes", node.replayedLag) { .unsigned($0) }),
        .init("slot_retained_bytes", unknown.value("slot_retained_bytes", node.retainedWAL) { .unsigned($0) }),
        .init("slot_note", node.slotNote.map { .string($0.sentence(node: node.name)) } ?? .null),
        .init("rejoin", node.rejoin.map(rejoinStatusJSON) ?? .null),
        .init("stopped_by", node.stopNote.map { .string($0.author) } ?? .null),
        .init("pending_restart", unknown.value("pending_restart", node.pendingRestart) { .integer($0) }),
        .init(
            "promotion_score",
            unknown.value("promotion_score", node.promotionScore) { score in score.map { .string($0.text) } ?? .null }
        ),
        .init("unknown", unknown.json),
    ])
}

func sourceWord(_ source: StatusSource) -> String {
    switch source {
    case .cluster: "cluster"
    case .savedConfiguration: "saved_configuration"
    }
}

private func savedAt(_ source: StatusSource) -> JSONValue {
    guard case .savedConfiguration(_, let asOf?) = source else { return .null }
    return .string(asOf)
}
