internal import RACore
internal import RAKit

/// How a cleaning stands.
enum ArchiveOutcome {
    /// Nothing was touched.
    case planned
    case ended(ArchiveSite.Disposal, done: [ArchiveFile], failure: String?)

    var word: String {
        switch self {
        case .planned: "planned"
        case .ended(_, _, _?): "failed"
        case .ended(.remove, _, nil): "removed"
        case .ended(.move, _, nil): "moved"
        }
    }
}

/// A plan, or what became of it, for a person.
func archiveText(_ site: ArchiveSite, _ plan: ArchiveCleaningPlan, _ outcome: ArchiveOutcome) -> String {
    var lines = ["archive \(site.directory): WAL from \(plan.firstKept.fileName) on stays, for \(plan.oldest.who)"]
    lines += site.claims.sorted { $0.lsn < $1.lsn }.map { "  \($0.who) needs WAL from \($0.lsn) on" }
    if !plan.unknown.isEmpty { lines.append("left alone, as no names of PostgreSQL's: \(listed(plan.unknown))") }
    guard let first = plan.unneeded.first, let last = plan.unneeded.last else {
        lines.append("nothing to remove: all \(plan.kept) files are needed")
        return text(lines)
    }
    let range = plan.unneeded.count == 1 ? first.name : "\(first.name) to \(last.name)"
    switch outcome {
    case .planned:
        lines.append("to go: \(filesText(plan.unneeded)), \(range)")
        lines.append("Nothing was touched. Next: pgrex-tool archive clean -m (move) or -r (remove)")
    case .ended(let disposal, let done, let failure):
        let what =
            failure == nil ? "\(filesText(done)), \(range)" : "\(filesText(done)) of \(plan.unneeded.count) files"
        switch disposal {
        case .remove: lines.append("removed: \(what)")
        case .move(let target): lines.append("moved to \(target): \(what)")
        }
    }
    return text(lines)
}

private func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

private func listed(_ names: [String]) -> String {
    names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
}

private func filesText(_ files: [ArchiveFile]) -> String {
    let bytes = files.reduce(0) { $0 + $1.bytes }
    return "\(files.count) \(files.count == 1 ? "file" : "files"), \(byteText(bytes))"
}

/// The form for programs; keys and words are stable, new ones may come.
func archiveJSON(_ site: ArchiveSite, _ plan: ArchiveCleaningPlan, _ outcome: ArchiveOutcome) -> JSONValue {
    var done: [ArchiveFile] = []
    var target = JSONValue.null
    var why = JSONValue.null
    if case .ended(let disposal, let gone, let failure) = outcome {
        done = gone
        if case .move(let path) = disposal { target = .string(path) }
        if let failure { why = .string(failure) }
    }
    let claims = site.claims.map { claim in
        JSONValue.object([.init("who", .string(claim.who)), .init("lsn", .string(claim.lsn.description))])
    }
    let files = plan.unneeded.map { file in
        JSONValue.object([.init("name", .string(file.name)), .init("bytes", .unsigned(file.bytes))])
    }
    return .object([
        .init("outcome", .string(outcome.word)), .init("archive", .string(site.directory)), .init("moved_to", target),
        .init("first_kept", .string(plan.firstKept.fileName)), .init("needed_by", .string(plan.oldest.who)),
        .init("claims", .array(claims)), .init("files", .array(files)), .init("bytes", .unsigned(plan.bytes)),
        .init("done_bytes", .unsigned(done.reduce(0) { $0 + $1.bytes })), .init("kept", .integer(plan.kept)),
        .init("unknown", .array(plan.unknown.map { .string($0) })), .init("why", why),
    ])
}
