internal import RACore

/// Renders the screen of `status`: header, a row a node, footnotes, what is to be told of slots and ledger, verdict.
func renderStatus(_ snapshot: StatusSnapshot, style: Style) -> String {
    var footnotes = Footnotes()
    let header = headerLines(snapshot, &footnotes, style)
    let table = nodeTable(snapshot.status, &footnotes).lines(style)
    let level = StatusWord.text(snapshot.verdict.level).uppercased().split(separator: "_").joined(separator: " ")
    let verdict = style.paint(level, colour(snapshot.verdict.level)) + ": " + snapshot.sentence
    let notes = footnotes.lines.map { style.paint($0, .faint) }
    let slots = snapshot.status.nodes.compactMap { node in node.slotNote.map { $0.sentence(node: node.name) } }
        .map { style.paint($0, .warning) }
    let rejoins = snapshot.status.nodes.compactMap { node in node.rejoin.map { rejoinSentence($0, node: node.name) } }
        .map { style.paint($0, .warning) }
    let ledger = [snapshot.status.ledgerNote].compactMap { $0 }.map { style.paint($0, .warning) }
    let blocks = [header, table, notes, slots, rejoins, ledger, [verdict]].filter { !$0.isEmpty }
    return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
}

/// Numbers the reasons why cells have no value; one reason has one number.
struct Footnotes {
    private var reasons: [String] = []

    /// What stands in a cell without a value.
    mutating func mark(_ why: String) -> String { "-" + number(why) }

    mutating func number(_ why: String) -> String {
        let known = reasons.firstIndex(of: why) ?? reasons.count
        if known == reasons.count { reasons.append(why) }
        return "(\(known + 1))"
    }

    var lines: [String] { reasons.enumerated().map { "(\($0.offset + 1)) \($0.element)" } }
}

private func colour(_ level: HealthLevel) -> Colour {
    switch level {
    case .healthy: .good
    case .degraded, .cannotTell: .warning
    case .unprotected, .down: .bad
    }
}

private func headerLines(_ snapshot: StatusSnapshot, _ footnotes: inout Footnotes, _ style: Style) -> [String] {
    let status = snapshot.status
    let cluster = status.clusterName.map { " in cluster \($0)" } ?? ""
    var lines = ["\(status.resource) (rep_mode \(status.mode.rawValue))\(cluster), \(snapshot.takenAt)"]
    let quorum = word(status.hasQuorum, &footnotes, style) { $0 ? ("yes", .none) : ("NO", .bad) }
    let fencing = word(status.fencing, &footnotes, style) { fencing in
        switch fencing {
        case .on: ("on", .none)
        case .off: ("OFF", .bad)
        case .withoutDevice: ("on, NO DEVICE", .bad)
        }
    }
    let maintenance = word(status.isInMaintenance, &footnotes, style) { $0 ? ("ON", .bad) : ("off", .none) }
    lines.append("quorum: \(quorum)   fencing: \(fencing)   maintenance mode: \(maintenance)")
    switch status.source {
    case .cluster:
        if status.hasQuorum == .known(false) {
            lines.append("This partition has no quorum: what it says of nodes outside it may be out of date.")
        }
    case .savedConfiguration(_, let asOf):
        lines.append(
            "The cluster isn't running on this node: local facts only, settings as of \(asOf ?? "an unknown time")."
        )
    }
    if let why = status.recordedStates {
        lines.append("SYNC and STATE are as the primary's agent last recorded them. \(footnotes.number(why))")
    }
    return lines
}

private func word<Value>(
    _ value: Observed<Value>,
    _ footnotes: inout Footnotes,
    _ style: Style,
    _ text: (Value) -> (String, Colour)
) -> String {
    switch value {
    case .known(let value):
        let (word, colour) = text(value)
        return style.paint(word, colour)
    case .unknown(let why): return footnotes.mark(why)
    }
}

private func nodeTable(_ status: ClusterStatus, _ footnotes: inout Footnotes) -> Table {
    var table = Table([
        .init("NODE"), .init("ROLE"), .init("SYNC"), .init("STATE"), .init("TL", .right), .init("RECEIVED", .right),
        .init("LAG", .right, gap: 1), .init("REPLAYED", .right), .init("LAG", .right, gap: 1), .init("SLOT", .right),
        .init("RESTART", .right),
    ])
    for node in status.nodes {
        table.append([
            .init(node.isLocal ? node.name + "*" : node.name), roleCell(node, status, &footnotes),
            cell(node.synchronousState, &footnotes) { .init($0) }, stateCell(node, &footnotes),
            cell(node.timeline, &footnotes) { .init($0.description) },
            cell(node.receivedLSN, &footnotes) { .init($0.description) }, lagCell(node.receivedLag, &footnotes),
            cell(node.replayedLSN, &footnotes) { .init($0.description) }, lagCell(node.replayedLag, &footnotes),
            cell(node.retainedWAL, &footnotes) { .init(byteText($0)) },
            cell(node.pendingRestart, &footnotes) { .init(String($0), $0 > 0 ? .warning : .none) },
        ])
    }
    return table
}

/// A cell without meaning for its row is empty; one whose value isn't known has a mark.
private func cell<Value>(
    _ value: Observed<Value>?,
    _ footnotes: inout Footnotes,
    _ text: (Value) -> Table.Cell
) -> Table.Cell {
    switch value {
    case .none: .init("")
    case .some(.known(let value)): text(value)
    case .some(.unknown(let why)): .init(footnotes.mark(why))
    }
}

private func roleCell(_ node: NodeStatus, _ status: ClusterStatus, _ footnotes: inout Footnotes) -> Table.Cell {
    let isOneOfSeveral = status.serving.count > 1 && status.serving.contains(node)
    return cell(node.role, &footnotes) { role in
        switch role {
        case .primary where isOneOfSeveral && node.recordedRole != .promoted: .init("STRAY PRIMARY", .bad)
        case .primary: .init("primary", isOneOfSeveral ? .bad : .good)
        case .standby: .init("standby")
        case .stopped: .init("stopped", .warning)
        case .failed: .init("failed", .bad)
        }
    }
}

private func stateCell(_ node: NodeStatus, _ footnotes: inout Footnotes) -> Table.Cell {
    switch node.membership {
    case .known(.offline): return .init("offline", .warning)
    case .known(.lost): return .init("LOST", .bad)
    case .known(.standby) where node.activity == .known(.stopped): return .init("node standby", .warning)
    case .known(.standby), .known(.online), .known(.maintenance), .unknown: break
    }
    return cell(node.activity, &footnotes) { activity in
        switch activity {
        case .running, .streaming: .init(StatusWord.text(activity), .good)
        case .catchingUp, .connecting, .starting, .stopping, .stopped: .init(StatusWord.text(activity), .warning)
        case .disconnected, .refusing, .hung, .failed: .init(StatusWord.text(activity), .bad)
        }
    }
}

private func lagCell(_ lag: Observed<UInt64>?, _ footnotes: inout Footnotes) -> Table.Cell {
    cell(lag, &footnotes) { .init(byteText($0)) }
}

/// A number of bytes in PostgreSQL's units (powers of 1024), at most four digits: "0", "512B", "16kB", "1.2GB".
func byteText(_ bytes: UInt64) -> String {
    guard bytes > 0 else { return "0" }
    guard bytes >= 1024 else { return "\(bytes)B" }
    var value = bytes
    var tenths: UInt64 = 0
    for unit in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        tenths = (value % 1024) * 10 / 1024
        value /= 1024
        if value < 1024 { return value < 10 && tenths > 0 ? "\(value).\(tenths)\(unit)" : "\(value)\(unit)" }
    }
    return "\(value)EB"
}
