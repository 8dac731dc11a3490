internal import RACore

/// A decision table as a reader sees it: one row for every combination of the facts that it is decided from.
public struct DecisionTable: Sendable {
    /// The file's name under docs/tables, without its ending.
    public let name: String
    let introduction: String
    let columns: [String]
    let rows: [[String]]

    /// The table as a Markdown page; the columns are as wide as their widest cell, so that a change is one line.
    public var text: String {
        let widths = columns.indices.map { column in (rows + [columns]).map { $0[column].count }.max() ?? 0 }
        let line = { (cells: [String]) in
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return "| " + padded.joined(separator: " | ") + " |\n"
        }
        let rule = line(widths.map { String(repeating: "-", count: $0) })
        return "# \(name)\n\n\(introduction)\n\nPrinted from the code; `make metadata` prints it again.\n\n"
            + line(columns) + rule + rows.map(line).joined()
    }

    /// All tables, in the order of an instance's life.
    public static let all = [monitor, start, stop, promote, demote, notify, sentinel]
}

extension DecisionTable {
    static let monitor = DecisionTable(
        name: "monitor",
        introduction:
            "What `monitor` makes of an instance's state, in the replicated modes (async, sync) and outside them.",
        columns: ["state", "replicated", "answer", "reason"],
        rows: InstanceState.allCases.flatMap { state in
            [true, false].map { isReplicated in
                [describe(state), yes(isReplicated)] + cells(decideMonitor(state, isReplicated: isReplicated))
            }
        }
    )

    static let start = DecisionTable(
        name: "start",
        introduction: "What `start` does next. Attempted: this action has started the postmaster already.",
        columns: ["state", "role", "attempted", "step", "reason"],
        rows: InstanceState.allCases.flatMap { state in
            StartRole.allCases.flatMap { role in
                [false, true].map { isAttempted in
                    [describe(state), describe(role), yes(isAttempted)]
                        + cells(decideStart(state, role: role, isAttempted: isAttempted))
                }
            }
        }
    )

    static let stop = DecisionTable(
        name: "stop",
        introduction:
            "What `stop`, and the first half of `demote`, does next. Processes: some of the instance are left.",
        columns: ["state", "processes", "patience", "step", "reason"],
        rows: InstanceState.allCases.flatMap { state in
            [true, false].flatMap { hasProcesses in
                ShutdownPatience.allCases.map { patience in
                    [describe(state), yes(hasProcesses), describe(patience)]
                        + cells(decideStop(state, hasProcesses: hasProcesses, patience: patience))
                }
            }
        }
    )

    static let promote = DecisionTable(
        name: "promote",
        introduction:
            "What `promote` does next, once the record lets this node be promoted. Attempted: this action has asked "
            + "the server to promote. Restarts: parameter `restart_on_promote`. Recorded: the cluster shows what it must "
            + "know before.",
        columns: ["state", "attempted", "restarts", "recorded", "step", "reason"],
        rows: InstanceState.allCases.flatMap { state in
            [false, true].flatMap { isAttempted in
                [false, true].flatMap { restarts in
                    [false, true].map { isRecorded in
                        [describe(state), yes(isAttempted), yes(restarts), yes(isRecorded)]
                            + cells(
                                decidePromote(
                                    state,
                                    isAttempted: isAttempted,
                                    restarts: restarts,
                                    records: isRecorded ? [] : records
                                )
                            )
                    }
                }
            }
        }
    )

    static let demote = DecisionTable(
        name: "demote",
        introduction: "What `demote` does next; its shutdown is the table `stop`, its start the table `start`.",
        columns: ["phase", "state", "step", "reason"],
        rows: DemotionPhase.allCases.flatMap { phase in
            InstanceState.allCases.map { state in
                [describe(phase), describe(state)] + cells(decideDemote(state, phase: phase))
            }
        }
    )

    static let notify = DecisionTable(
        name: "notify",
        introduction:
            "What a notification makes an instance do. Affected: the operation is carried out on this node.",
        columns: ["notification", "operation", "state", "affected", "does"],
        rows: [NotificationType.pre, .post].flatMap { type in
            NotificationOperation.allCases.flatMap { operation in
                InstanceState.allCases.flatMap { state in
                    [true, false].map { isAffected in
                        let verdict = decideNotification(type, operation, state: state, isAffected: isAffected)
                        return [type.rawValue, operation.rawValue, describe(state), yes(isAffected), describe(verdict)]
                    }
                }
            }
        }
    )

    static let sentinel = DecisionTable(
        name: "sentinel",
        introduction:
            "What the sentinel, the process that waits beside a postmaster, does when something has ended. A postmaster "
            + "that was shut down in order has had the time to be started again. Cluster: whether it acts on the instance.",
        columns: ["event", "postmaster", "cluster", "step"],
        rows: SentinelEvent.allCases.flatMap { event in
            PostmasterPresence.allCases.flatMap { presence in
                Stewardship.allCases.map { stewardship in
                    let step = decideSentinel(event, presence, stewardship)
                    return [describe(event), describe(presence), describe(stewardship), describe(step)]
                }
            }
        }
    )
}

/// Stands for everything that is recorded before a promotion.
private let records: [ClusterEffect] = [.withdrawPosition]

private func yes(_ value: Bool) -> String { value ? "yes" : "no" }

/// A case's name as words: "fullPrimary" is "full primary".
private func describe(_ value: some Sendable) -> String {
    String(describing: value).reduce(into: "") { text, character in
        if character.isUppercase { text += " " }
        text += character.lowercased()
    }
}

private func cells(_ verdict: MonitorVerdict) -> [String] {
    switch verdict {
    case .report(let code, let reason): ["\(code.rawValue) \(describe(code))", reason.text]
    case .supervisePrimary: ["8 running promoted", "supervises the replication first"]
    case .superviseStandby: ["0 success", "looks at the cluster first"]
    case .lookAgain(let reason): ["look again", reason.text]
    }
}

private func cells(_ verdict: DemotionVerdict) -> [String] {
    switch verdict {
    case .finish(let code, let reason): ["finish: \(code.rawValue) \(describe(code))", reason.text]
    case .shutDown: ["shut down", "as `stop` does"]
    case .comeUp: ["come up as standby", "as `start` does"]
    }
}

private func cells(_ step: Step<InstanceEffect>) -> [String] {
    switch step {
    case .perform(let effects, let reason): [effects.map(describe).joined(separator: ", "), reason.text]
    case .wait(let reason): ["wait", reason.text]
    case .finish(let code, let reason): ["finish: \(code.rawValue) \(describe(code))", reason.text]
    }
}

private func describe(_ effect: InstanceEffect) -> String {
    switch effect {
    case .cluster: "record the promotion"
    case .configureStandby: "configure as standby"
    case .configureAlone: "configure alone"
    case .startPostmaster: "start the postmaster"
    case .shutDown(let mode): "shut down, \(mode.rawValue)"
    case .writeLock: "write PGSQL.lock"
    case .promote: "promote"
    case .restartAsPrimary: "restart as primary"
    }
}
