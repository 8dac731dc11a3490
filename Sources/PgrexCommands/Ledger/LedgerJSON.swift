internal import RACore

/// The form of `ledger list` for programs; keys and words are stable, new ones may come.
func ledgerJSON(_ entries: [LedgerEntry], unreadable: [String]) -> JSONValue {
    .object([
        .init("version", .integer(1)), .init("entries", .array(entries.map(entryJSON))),
        .init("unreadable", .array(unreadable.map { .string($0) })),
    ])
}

func entryJSON(_ entry: LedgerEntry) -> JSONValue { .object(entryMembers(entry)) }

private func entryMembers(_ entry: LedgerEntry) -> [JSONValue.Member] {
    let counts = entry.counts
    // Where nothing could be listed, nothing was counted.
    let count = { (number: Int) -> JSONValue in entry.unlisted == nil ? .integer(number) : .null }
    var members: [JSONValue.Member] = [
        .init("id", .string(entry.id)), .init("node", .string(entry.node)),
        .init("resource", .string(entry.resource)), .init("time", .string(entry.time)),
        .init("why", .string(entry.why)),
        .init("system_identifier", entry.systemIdentifier.map { .string(String($0)) } ?? .null),
        .init("primary", .string(entry.primary)),
        .init("primary_timeline", .integer(Int(entry.primaryTimeline.number))),
        .init("fork", positionJSON(entry.fork)), .init("last_record", positionJSON(entry.lastRecord)),
        .init("unlisted", entry.unlisted.map { .string($0) } ?? .null),
        .init("records", count(Int(counts.records))), .init("commits", count(counts.commits)),
        .init("prepared", count(counts.prepared)), .init("listed", .integer(counts.listed)),
        .init("inserted", count(counts.inserted)), .init("updated", count(counts.updated)),
        .init("deleted", count(counts.deleted)), .init("wal_bytes", .unsigned(counts.bytes)),
        .init("wal", .string(entry.isWALDropped ? "dropped" : "kept")),
        .init("missing", .array(entry.missing.map { .string($0) })),
        .init("unreadable_after", .array(entry.unreadable.map { .string($0.description) })),
        .init("names", .string(entry.names)),
    ]
    switch entry.state {
    case .open:
        members += [
            .init("state", .string("open")), .init("acknowledged_by", .null), .init("acknowledged_at", .null),
            .init("note", .null),
        ]
    case .acknowledged(let by, let time, let note):
        members += [
            .init("state", .string("acknowledged")), .init("acknowledged_by", .string(by)),
            .init("acknowledged_at", .string(time)), .init("note", .string(note)),
        ]
    }
    return members
}

private func positionJSON(_ position: WALPosition?) -> JSONValue {
    guard let position else { return .null }
    return .object([
        .init("timeline", .integer(Int(position.timeline.number))), .init("lsn", .string(position.lsn.description)),
    ])
}

/// The beginning of an entry's form, up to its commits: they are printed one by one, as there may be thousands.
func ledgerHead(_ entry: LedgerEntry) -> String {
    let members = entryMembers(entry).map { member in
        "  \(JSONValue.string(member.key).text(isIndented: false)): \(member.value.text(isIndented: false)),\n"
    }
    return "{\n" + members.joined() + "  \"commits\": [\n    "
}

let ledgerTail = "\n  ]\n}\n"

func commitJSON(_ commit: LedgerCommit, _ names: RelationNames) -> JSONValue {
    let relations = names.sorted(commit.changes).map { change in
        JSONValue.object([
            .init("file", .string("\(change.file)")), .init("title", .string(names.title(change.file))),
            .init("kind", .string(names.kind(change.file).rawValue)), .init("inserted", .integer(change.inserted)),
            .init("updated", .integer(change.updated)), .init("deleted", .integer(change.deleted)),
            .init("created", .bool(change.isCreated)), .init("dropped", .bool(change.isDropped)),
            .init("places", .array(change.places.map { .string($0) })),
        ])
    }
    return .object([
        .init("transaction", .unsigned(UInt64(commit.transaction))), .init("kind", .string(commit.kind.rawValue)),
        .init("name", commit.name.isEmpty ? .null : .string(commit.name)),
        .init("time", commit.time.isEmpty ? .null : .string(commit.time)),
        .init("lsn", .string(commit.lsn.description)), .init("whole", .bool(commit.isWhole)),
        .init("truncated", .integer(commit.truncated)),
        .init("further_relations", .integer(commit.furtherRelations)), .init("relations", .array(relations)),
    ])
}
