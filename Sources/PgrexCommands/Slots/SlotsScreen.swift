internal import RACore

/// Renders the screen of `slots`: limits, a row a slot, footnotes, what an operator should know.
func renderSlots(_ report: SlotReport, takenAt: String, style: Style) -> String {
    var footnotes = Footnotes()
    var header: [String]
    if let base = report.base {
        header = ["\(report.resource): slots \(base)_NODE, \(takenAt)", "given up at: \(limitsText(report))"]
    } else {
        header = [
            "\(report.resource), \(takenAt)",
            "The agent keeps and gives up no slot: replication_slot_name isn't set, or rep_mode isn't replicated.",
        ]
    }
    if case .savedConfiguration(_, let asOf) = report.source {
        header.append("The cluster isn't running on this node: settings as of \(asOf ?? "an unknown time").")
    }
    let table = slotTable(report, &footnotes).lines(style)
    let notes = footnotes.lines.map { style.paint($0, .faint) }
    let advice = advice(report).map { style.paint($0, .warning) }
    let blocks = [header, table, notes, advice].filter { !$0.isEmpty }
    return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
}

private func limitsText(_ report: SlotReport) -> String {
    let limits = report.limits
    var words: [String] = []
    if limits.share > 0 { words.append("\(limits.share)% of the room for WAL") }
    if limits.bytes > 0 { words.append(byteText(limits.bytes)) }
    if limits.age > 0 { words.append(durationText(limits.age) + " of disuse") }
    var text = words.isEmpty ? "no limit" : words.joined(separator: ", ")
    for node in report.nodes where !node.serverLimits.isEmpty {
        text += "; on \(node.node) also \(node.serverLimits.joined(separator: ", "))"
    }
    return text
}

private func slotTable(_ report: SlotReport, _ footnotes: inout Footnotes) -> Table {
    var table = Table([
        .init("NODE"), .init("ROLE"), .init("FREE", .right), .init("FULL IN", .right), .init("SLOT"), .init("FOR"),
        .init("STATE"), .init("KEEPS FROM", .right), .init("RETAINED", .right), .init("UP TO", .right),
        .init("UNUSED", .right),
    ])
    for node in report.nodes {
        let head = headCells(node, &footnotes)
        switch node.slots {
        case .unknown(let why): table.append(head + [.init(footnotes.mark(why))] + blanks(6))
        case .known(let slots):
            if slots.isEmpty { table.append(head + blanks(7)) }
            for (index, slot) in slots.enumerated() { table.append((index == 0 ? head : blanks(4)) + cells(slot)) }
        }
    }
    return table
}

private func blanks(_ count: Int) -> [Table.Cell] { Array(repeating: .init(""), count: count) }

private func headCells(_ node: NodeSlots, _ footnotes: inout Footnotes) -> [Table.Cell] {
    var role: Table.Cell
    switch node.role {
    case .known(let known): role = .init(StatusWord.text(known))
    case .unknown(let why): role = .init(footnotes.mark(why))
    }
    if node.role == .known(.primary) { role.colour = .good }
    var free: Table.Cell
    switch node.space {
    case .known(let space): free = .init(space.free.map(byteText) ?? "-")
    case .unknown(let why): free = .init(footnotes.mark(why))
    }
    return [
        .init(node.isLocal ? node.node + "*" : node.node), role, free,
        .init(node.secondsLeft.map(durationText) ?? "", .warning),
    ]
}

private func cells(_ slot: SlotLine) -> [Table.Cell] {
    let (word, colour) = SlotWord.screen(slot)
    return [
        .init(slot.name), .init(SlotWord.owner(slot.kind)), .init(word, colour),
        .init(slot.restartLSN?.description ?? ""), .init(slot.retained.map(byteText) ?? ""),
        .init(slot.limit.map(byteText) ?? ""), .init(slot.unusedSeconds.map(durationText) ?? ""),
    ]
}

/// What is to be done, a sentence each.
private func advice(_ report: SlotReport) -> [String] {
    var lines: [String] = []
    for node in report.nodes {
        for slot in node.slots.value ?? [] {
            switch (slot.kind, slot.state) {
            case (.former, _) where !slot.isActive && slot.restartLSN != nil:
                lines.append(
                    "\(slot.name) on \(node.node) is what heartbeat/pgsql left, and keeps WAL for ever. "
                        + "Next: pgrex-tool slots drop"
                )
            case (.left, _) where !slot.isActive:
                lines.append(
                    "\(slot.name) on \(node.node) is named like a node's, but node_list has no such other node. If nothing of "
                        + "yours uses it: pgrex-tool slots drop \(slot.name) --node \(node.node)"
                )
            case (.member(let owner), .dropped):
                let text =
                    "\(owner) needs a rewind or a copy, unless an archive has the WAL. Next, on \(owner): pgrex-tool rejoin"
                if !lines.contains(text) { lines.append(text) }
            case (.member, _), (.former, _), (.left, _), (.logical, _), (.foreign, _): continue
            }
        }
    }
    return lines
}

/// The words for a slot; the JSON form has them too, so they don't change.
enum SlotWord {
    static func state(_ state: SlotLineState) -> String {
        switch state {
        case .inUse: "in_use"
        case .dropped: "dropped"
        case .standing(.kept): "kept"
        case .standing(.near): "near_limit"
        case .standing(.over): "over_limit"
        case .standing(.unreserved): "reserves_nothing"
        case .standing(.lost): "lost"
        case .standing(.missing): "missing"
        }
    }

    /// The limit behind the state; nil without one.
    static func why(_ state: SlotLineState) -> String? {
        switch state {
        case .dropped(let limit), .standing(.near(let limit)), .standing(.over(let limit)): limit.words
        case .inUse, .standing(.kept), .standing(.unreserved), .standing(.lost), .standing(.missing): nil
        }
    }

    static func screen(_ slot: SlotLine) -> (String, Colour) {
        switch slot.state {
        case .inUse where slot.serverStatus == "unreserved": ("in use, about to be given up by the server", .bad)
        case .inUse: ("in use", .good)
        case .dropped(let limit): ("dropped (\(limit.words))", .bad)
        case .standing(.kept): ("kept", .none)
        case .standing(.near(let limit)): ("near its limit (\(limit.words))", .warning)
        case .standing(.over(let limit)): ("over its limit (\(limit.words))", .bad)
        case .standing(.unreserved): ("keeps nothing", .warning)
        case .standing(.lost): ("given up by the server (\(slot.serverStatus ?? "lost"))", .bad)
        case .standing(.missing): ("missing", .warning)
        }
    }

    static func kind(_ kind: SlotKind) -> String {
        switch kind {
        case .member: "member"
        case .former: "former"
        case .left: "left"
        case .logical: "logical"
        case .foreign: "foreign"
        }
    }

    static func owner(_ kind: SlotKind) -> String {
        switch kind {
        case .member(let node): node
        case .former: "(heartbeat/pgsql)"
        case .left: "(no node)"
        case .logical: "(logical)"
        case .foreign: "(not ours)"
        }
    }
}
