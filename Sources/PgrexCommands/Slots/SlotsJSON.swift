internal import RACore

/// The form of `slots` for programs; keys and words are stable, new ones may come.
func slotsJSON(_ report: SlotReport) -> JSONValue {
    .object([
        .init("version", .integer(1)), .init("resource", .string(report.resource)),
        .init("source", .string(sourceWord(report.source))),
        .init("slot_base", report.base.map { .string($0) } ?? .null),
        .init(
            "limits",
            .object([
                .init("share_percent", .unsigned(report.limits.share)), .init("bytes", .unsigned(report.limits.bytes)),
                .init("age_seconds", .unsigned(report.limits.age)),
            ])
        ),
        .init("nodes", .array(report.nodes.map(nodeJSON))),
    ])
}

private func nodeJSON(_ node: NodeSlots) -> JSONValue {
    var unknown: [JSONValue.Member] = []
    var role = JSONValue.null
    switch node.role {
    case .known(let known): role = .string(StatusWord.text(known))
    case .unknown(let why): unknown.append(.init("role", .string(why)))
    }
    var slots = JSONValue.null
    switch node.slots {
    case .known(let lines): slots = .array(lines.map(slotJSON))
    case .unknown(let why): unknown.append(.init("slots", .string(why)))
    }
    if case .unknown(let why) = node.space {
        for key in ["free_bytes", "wal_bytes_per_second"] { unknown.append(.init(key, .string(why))) }
    } else if node.space.value?.free == nil {
        unknown.append(.init("free_bytes", .string("the file system of pg_wal can't be asked")))
    }
    return .object([
        .init("name", .string(node.node)), .init("local", .bool(node.isLocal)), .init("role", role),
        .init("free_bytes", optional(node.space.value?.free)),
        .init("wal_bytes_per_second", optional(node.space.value?.rate)),
        .init("seconds_until_full", optional(node.secondsLeft)),
        .init("server_limits", .array(node.serverLimits.map { .string($0) })), .init("slots", slots),
        .init("unknown", .object(unknown)),
    ])
}

private func slotJSON(_ slot: SlotLine) -> JSONValue {
    var owner = JSONValue.null
    if case .member(let node) = slot.kind { owner = .string(node) }
    return .object([
        .init("name", .string(slot.name)), .init("kind", .string(SlotWord.kind(slot.kind))), .init("owner", owner),
        .init("active", .bool(slot.isActive)),
        .init("restart_lsn", slot.restartLSN.map { .string($0.description) } ?? .null),
        .init("retained_bytes", optional(slot.retained)), .init("kept_bytes", .unsigned(slot.keeps)),
        .init("unused_seconds", optional(slot.unusedSeconds)),
        .init("limit_bytes", optional(slot.limit)),
        .init("server_status", slot.serverStatus.map { .string($0) } ?? .null),
        .init("state", .string(SlotWord.state(slot.state))),
        .init("why", SlotWord.why(slot.state).map { .string($0) } ?? .null),
    ])
}

private func optional(_ number: UInt64?) -> JSONValue { number.map { .unsigned($0) } ?? .null }

/// A plan in words, a line a slot.
func explanation(_ plan: SlotDropPlan) -> String {
    var lines = plan.targets.map { target in
        let retained = target.slot.retained.map { ", which retains \(byteText($0))" } ?? ""
        return "to drop: \(target.slot.name) on \(target.node)\(retained): \(consequence(target.slot.kind))"
    }
    if !plan.unseen.isEmpty { lines.append("not seen: the slots on \(plan.unseen.joined(separator: ", "))") }
    return lines.map { $0 + "\n" }.joined()
}

private func consequence(_ kind: SlotKind) -> String {
    switch kind {
    case .member(let owner): "\(owner) then needs a rewind or a copy, unless an archive has the WAL"
    case .former: "heartbeat/pgsql left it"
    case .left, .logical, .foreign: "node_list has no such node; what else may use it is yours to know"
    }
}

/// The form of a plan, or of what became of it: how many slots were dropped, and why the next one wasn't.
func dropJSON(_ plan: SlotDropPlan, _ outcome: (done: Int, failure: String?)?) -> JSONValue {
    let slots = plan.targets.enumerated().map { index, target in
        var word = "planned"
        if let outcome {
            word = index < outcome.done ? "dropped" : index == outcome.done ? "failed" : "not_tried"
        }
        let why = word == "failed" ? outcome?.failure : nil
        return JSONValue.object([
            .init("node", .string(target.node)), .init("outcome", .string(word)),
            .init("why", why.map { .string($0) } ?? .null), .init("slot", slotJSON(target.slot)),
        ])
    }
    let word = outcome.map { $0.failure == nil ? "dropped" : "failed" } ?? "planned"
    return .object([
        .init("outcome", .string(word)), .init("slots", .array(slots)),
        .init("unseen", .array(plan.unseen.map { .string($0) })),
    ])
}
