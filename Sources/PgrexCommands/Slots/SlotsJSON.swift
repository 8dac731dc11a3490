internal import RACore

/// The form of `slots` for programs; keys and words are stable, new ones may come.
func slotsJSON(_ report: SlotReport) -> JSONValue {
    .object([
        .init("version", .integer(1)), .init("resource", .string(report.resource)),
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
    return .object([
        .init("name", .string(node.node)), .init("local", .bool(node.isLocal)), .init("role", role),
        .init("free_bytes", optional(node.space?.free)), .init("wal_bytes_per_second", optional(node.space?.rate)),
        .init("seconds_until_full", optional(node.space?.secondsLeft)),
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
        .init("retained_bytes", optional(slot.retained)), .init("unused_seconds", optional(slot.unusedSeconds)),
        .init("limit_bytes", optional(slot.limit)), .init("state", .string(SlotWord.state(slot.state))),
        .init("why", SlotWord.why(slot.state).map { .string($0) } ?? .null),
    ])
}

private func optional(_ number: UInt64?) -> JSONValue { number.map { .unsigned($0) } ?? .null }

/// A planned target in words.
func explanation(_ target: SlotDropPlan.Target) -> String {
    let kept = target.slot.retained.map { ", which keeps \(byteText($0))" } ?? ""
    switch target.slot.kind {
    case .member(let owner):
        return
            "drop \(target.slot.name) on \(target.node)\(kept): \(owner) then needs a rewind or a copy, unless an archive "
            + "has the WAL"
    case .former: return "drop \(target.slot.name) on \(target.node)\(kept): heartbeat/pgsql left it"
    case .left, .logical, .foreign:
        return "drop \(target.slot.name) on \(target.node)\(kept): no node of node_list uses it"
    }
}

func planJSON(_ plan: SlotDropPlan, outcome: String) -> JSONValue {
    .object([
        .init("outcome", .string(outcome)),
        .init(
            "slots",
            .array(
                plan.targets.map { target in
                    .object([.init("node", .string(target.node)), .init("slot", slotJSON(target.slot))])
                }
            )
        ),
    ])
}
