import RACore

/// What a person must know before acknowledged commits are given up.
func explanation(_ plan: LossPlan, _ record: ClusterRecord?) -> String {
    var lines = ["Nobody is promoted: \(describe(plan.obstacle, record: record))."]
    if let record {
        lines.append(
            "The last primary was \(record.primary.isEmpty ? "recorded twice, differently" : record.primary), on \(record.position) when that was recorded"
                + (record.guarantee.count > 0
                    ? "; its commits waited for \(record.guarantee.count) of \(record.guarantee.members.joined(separator: ", "))."
                    : "; its commits waited for nobody.")
        )
    } else {
        lines.append("Who was the last primary isn't recorded.")
    }
    if let recorded = record?.systemIdentifier, recorded != plan.position.systemIdentifier {
        lines.append(
            "\(plan.candidate) has ANOTHER DATABASE than the one that the cluster ran: none of that one's data."
        )
    }
    lines.append("\(plan.candidate) is on \(plan.position.position), and would be promoted from there.")
    lines.append(
        "LOST, as far as anybody knows: every commit after \(plan.position.position) that only "
            + "\(plan.givenUp.joined(separator: ", ")) may have, acknowledged ones included."
    )
    lines += plan.told.map { "  " + whereabouts($0, than: plan.position) }
    lines.append("The data of \(plan.givenUp.joined(separator: ", ")) stay as they are.")
    return lines.map { $0 + "\n" }.joined()
}

/// Where a node that is given up ends: what is lost can be told only where both are on one timeline.
private func whereabouts(_ told: NodePosition, than position: PublishedPosition) -> String {
    let verb = told.position.isRunning ? "is on" : "is stopped, with data up to"
    let text = "\(told.node) \(verb) \(told.position.position)"
    guard told.position.systemIdentifier == position.systemIdentifier else {
        return text + ", of another database system."
    }
    guard told.position.timeline == position.timeline, told.position.lsn > position.lsn else { return text + "." }
    return text + ": \(told.position.lsn.bytes - position.lsn.bytes) bytes of WAL more."
}

func planJSON(_ plan: LossPlan, outcome: String) -> JSONValue {
    .object([
        .init("candidate", .string(plan.candidate)),
        .init("timeline", .unsigned(UInt64(plan.position.timeline.number))),
        .init("lsn", .string(plan.position.lsn.description)),
        .init("given_up", .array(plan.givenUp.map { .string($0) })),
        .init(
            "told",
            .array(
                plan.told.map { told in
                    .object([
                        .init("node", .string(told.node)),
                        .init("timeline", .unsigned(UInt64(told.position.timeline.number))),
                        .init("lsn", .string(told.position.lsn.description)),
                        .init("running", .bool(told.position.isRunning)),
                    ])
                }
            )
        ),
        .init("outcome", .string(outcome)),
    ])
}
