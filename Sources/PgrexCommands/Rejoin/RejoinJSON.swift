internal import RACore
internal import RAKit

/// The JSON form of a plan and what came of it.
func rejoinJSON(
    _ node: String,
    _ route: RejoinRoute?,
    outcome: String,
    report: RejoinRun.Report? = nil,
    why: String? = nil
) -> JSONValue {
    var members: [JSONValue.Member] = [
        .init("node", .string(node)),
        .init("plan", .string(route?.methods.first?.rawValue ?? "nothing")),
    ]
    if let route {
        members += [
            .init("primary", .string(route.primary)),
            .init("data", .string(route.data.word)),
            .init("finding", .string(route.data.finding(primary: route.primary))),
            .init("notes", .array(route.remarks.map { .string($0) })),
            .init("methods", .array(route.methods.map { .string($0.rawValue) })),
            .init(
                "rejected",
                .array(
                    route.rejected.map {
                        .object([.init("method", .string($0.method.rawValue)), .init("why", .string($0.why))])
                    }
                )
            ),
        ]
    }
    members.append(.init("outcome", .string(outcome)))
    if let report {
        members += [
            .init("method", .string(report.method.rawValue)),
            .init("milliseconds", .integer(report.milliseconds)),
            .init("former_data", report.former.map { .string($0) } ?? .null),
            .init("remarks", .array(report.remarks.map { .string($0) })),
        ]
    }
    members.append(.init("why", why.map { .string($0) } ?? .null))
    return .object(members)
}
