internal import RACore
internal import RAKit

/// Renders the table of entries, or says in one sentence that there is none.
func renderLedger(_ content: LedgerBook.Content, isAll: Bool, style: Style) -> String {
    let entries = isAll ? content.entries : content.open
    var blocks: [[String]] = []
    if entries.isEmpty {
        let acknowledged = content.entries.count
        let more = acknowledged == 0 ? "" : " (acknowledged: \(acknowledged), see 'pgrex-tool ledger list --all')"
        let what = isAll || acknowledged == 0 ? "Nothing was ever taken" : "Nothing is waiting for somebody to look"
        blocks.append(["\(what)\(isAll || acknowledged == 0 ? " from this node's data" : "")\(more)."])
    } else {
        blocks.append(ledgerTable(entries).lines(style))
        if let open = entries.last(where: \.isOpen) {
            blocks.append(["Next: pgrex-tool ledger show \(open.id)"])
        }
    }
    let unreadable = content.unreadable.map { style.paint("\($0) can't be read.", .bad) }
    blocks += unreadable.isEmpty ? [] : [unreadable]
    return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
}

private func ledgerTable(_ entries: [LedgerEntry]) -> Table {
    var table = Table([
        .init("ID"), .init("FORK"), .init("PRIMARY"), .init("COMMITS", .right), .init("INSERTED", .right),
        .init("UPDATED", .right), .init("DELETED", .right), .init("WAL", .right), .init("STATE"),
    ])
    for entry in entries {
        let counts = entry.counts
        let commits = counts.prepared == 0 ? "\(counts.commits)" : "\(counts.commits)+\(counts.prepared)"
        let isListed = entry.unlisted == nil
        let rows = [counts.inserted, counts.updated, counts.deleted].map { isListed ? "\($0)" : unknownCount }
        table.append([
            .init(entry.id), .init(entry.fork.map { "\($0.timeline) \($0.lsn)" } ?? "unknown"), .init(entry.primary),
            isListed ? .init(commits) : .init(unknownCount, .warning),
            .init(rows[0]), .init(rows[1]), .init(rows[2]),
            .init(entry.isWALDropped ? "dropped" : byteText(counts.bytes)), stateCell(entry.state),
        ])
    }
    return table
}

/// What stands for a number that nobody knows.
private let unknownCount = "?"

private func stateCell(_ state: LedgerEntry.State) -> Table.Cell {
    switch state {
    case .open: .init("open", .warning)
    case .acknowledged(let by, _, _): .init("acknowledged by \(by)")
    }
}

/// What the relations of an entry are called.
struct RelationNames {
    private let relations: [RelationFile: LedgerRelation]

    init(_ relations: [LedgerRelation]) {
        self.relations = Dictionary(relations.map { ($0.file, $0) }) { first, _ in first }
    }

    private func relation(_ file: RelationFile) -> LedgerRelation {
        relations[file] ?? LedgerRelation(change: RelationChange(file: file))
    }

    func title(_ file: RelationFile) -> String { relation(file).title }
    func kind(_ file: RelationFile) -> LedgerRelation.Kind { relation(file).kind }

    /// Users' tables first, then parts of values, then the system's.
    func sorted(_ changes: [RelationChange]) -> [RelationChange] {
        let order: [LedgerRelation.Kind] = [.user, .toast, .system]
        return order.flatMap { kind in changes.filter { self.kind($0.file) == kind } }
    }
}

/// Renders an entry's facts and sums, down to the title of its commits.
func renderEntry(_ entry: LedgerEntry, _ relations: [LedgerRelation], style: Style) -> String {
    var lines = [
        "\(entry.id): \(entry.summary)", "",
        "node: \(entry.node), resource \(entry.resource), system identifier "
            + (entry.systemIdentifier.map { "\($0)" } ?? "unknown"),
        "left \(entry.primary)'s history (timeline \(entry.primaryTimeline)) at "
            + (entry.fork.map { "\($0)" } ?? "a place that isn't known: all WAL is kept"),
        "last record: " + (entry.lastRecord.map { "\($0), \(entry.counts.records) records in all" } ?? "unknown"),
        "saved: \(entry.time), before \(entry.why)",
        entry.isWALDropped ? "WAL: dropped" : "WAL: \(byteText(entry.counts.bytes))",
    ]
    lines += gaps(entry).map { style.paint($0, .bad) }
    switch entry.state {
    case .open: lines.append(style.paint("state: open", .warning))
    case .acknowledged(let by, let time, let note):
        lines.append("state: acknowledged by \(by) at \(time)\(note.isEmpty ? "" : ": \(note)")")
    }
    let shown = relations.filter { $0.kind != .system && ($0.change.rows != 0 || $0.change.isDropped) }
    if !shown.isEmpty {
        var table = Table([
            .init("RELATION"), .init("INSERTED", .right), .init("UPDATED", .right), .init("DELETED", .right),
        ])
        for relation in shown.sorted(by: { $0.title < $1.title }) {
            let change = relation.change
            table.append([
                .init(relation.title), .init("\(change.inserted)"), .init("\(change.updated)"),
                .init("\(change.deleted)"),
            ])
        }
        lines += [""] + table.lines(style) + [style.paint("names: \(entry.names)", .faint)]
    }
    return lines.joined(separator: "\n") + "\n\n"
}

/// What of the WAL isn't there, or can't be read.
private func gaps(_ entry: LedgerEntry) -> [String] {
    var lines: [String] = []
    if entry.unlisted != nil {
        lines.append("what was committed isn't known: pg_waldump on the exported WAL may still read a part of it")
    }
    if !entry.missing.isEmpty {
        let names = entry.missing.joined(separator: " ")
        lines.append("WAL that the server had removed before: \(names); what was in it isn't known")
    }
    if !entry.unreadable.isEmpty {
        let places = entry.unreadable.map(\.description).joined(separator: " ")
        lines.append("WAL that can't be read, up to the next segment each: after \(places)")
    }
    return lines
}

/// Renders a transaction: a line, and one for each relation.
func renderCommit(_ commit: LedgerCommit, _ names: RelationNames) -> String {
    var head = "\(commit.time.isEmpty ? "time unknown" : commit.time)  xid \(commit.transaction)  LSN \(commit.lsn)"
    switch commit.kind {
    case .committed: break
    case .committedPrepared: head += "  COMMIT PREPARED"
    case .prepared: head += "  PREPARED, NOT COMMITTED"
    }
    if !commit.name.isEmpty { head += " \"\(commit.name)\"" }
    if !commit.isWhole { head += "  (may have done more, before the WAL that was read)" }
    var lines = [head]
    for change in names.sorted(commit.changes) where names.kind(change.file) != .system {
        var words = ["+\(change.inserted) ~\(change.updated) -\(change.deleted)", names.title(change.file)]
        if change.isCreated { words.append("created") }
        if change.isDropped { words.append("dropped or rewritten") }
        if !change.places.isEmpty { words.append("@ " + change.places.joined(separator: " ")) }
        lines.append("    " + words.joined(separator: "  "))
    }
    let system = commit.changes.filter { names.kind($0.file) == .system }
    if !system.isEmpty {
        lines.append("    system catalogs: \(system.reduce(0) { $0 + $1.rows }) rows in \(system.count)")
    }
    if commit.truncated > 0 { lines.append("    TRUNCATE of \(commit.truncated) tables") }
    if commit.furtherRelations > 0 { lines.append("    changes of further relations: \(commit.furtherRelations)") }
    return lines.joined(separator: "\n") + "\n"
}

/// What stands below the commits.
func renderEnd(_ entry: LedgerEntry) -> String {
    let rest = entry.counts.commits + entry.counts.prepared - entry.counts.listed
    let more = rest > 0 ? "and \(rest) more, counted but not listed: pg_waldump on the exported WAL shows them\n" : ""
    return more + (entry.isOpen ? "\nNext: pgrex-tool ledger ack \(entry.id) --note 'what came of it'\n" : "")
}
