import RACore

/// What a person must know before acknowledged commits are given up.
func explanation(_ plan: LossPlan, _ record: ClusterRecord?) -> String {
    var lines = ["Nobody is promoted: \(describe(plan.obstacle, record: record))."]
    if let record {
        lines.append(
            "The last primary was \(record.primary), on \(record.position) when that was recorded"
                + (record.guarantee.count > 0
                    ? "; its commits waited for \(record.guarantee.count) of \(record.guarantee.members.joined(separator: ", "))."
                    : "; its commits waited for nobody.")
        )
    } else {
        lines.append("Who was the last primary isn't recorded.")
    }
    lines.append("\(plan.candidate) is on \(plan.position.position), and would be promoted from there.")
    lines.append(
        "LOST, as far as anybody knows: every commit after \(plan.position.position) that only "
            + "\(plan.givenUp.joined(separator: ", ")) may have, acknowledged ones included."
    )
    lines.append("The data of \(plan.givenUp.joined(separator: ", ")) stay as they are.")
    return lines.map { $0 + "\n" }.joined()
}

func planJSON(_ plan: LossPlan, outcome: String) -> JSONValue {
    .object([
        .init("candidate", .string(plan.candidate)),
        .init("timeline", .unsigned(UInt64(plan.position.timeline.number))),
        .init("lsn", .string(plan.position.lsn.description)),
        .init("given_up", .array(plan.givenUp.map { .string($0) })),
        .init("outcome", .string(outcome)),
    ])
}
