/// Decides where a copy is made, and what is taken away for it.
///
/// - Throws: the first thing that an operator must mend; nothing has been changed.
public func decideLayout(_ facts: LayoutFacts) throws(LayoutRefusal) -> CopyLayout {
    let walMount = mountOfWAL(facts)
    if let mount = facts.mounts.first(where: { $0 != walMount }) { throw .mountedWithin(mount) }
    // A renamed directory takes what is mounted in it along.
    let data = place(.data, facts.data, isRenamable: facts.data.isRenamable && walMount == nil)
    try check(.data, facts.data, facts)
    var places = [data]
    switch facts.wal {
    case .plain: break
    case .mounted(let wal):
        try checkWAL(wal, facts)
        places.append(place(.wal, wal, isRenamable: false))
    case .linked(let wal):
        guard wal.exists else {
            throw .danglingWAL(link: facts.data.link + "/pg_wal", target: wal.link)
        }
        guard !isWithin(wal.directory, facts.data.directory) else {
            throw .nested(.wal, wal.directory, within: facts.data.directory)
        }
        try checkWAL(wal, facts)
        places.append(place(.wal, wal, isRenamable: wal.isRenamable))
    }
    places += try tablespacePlaces(facts, wal: places.dropFirst().first)
    return CopyLayout(major: facts.major, places: places, mounted: walMount == nil ? [] : ["pg_wal"])
}

private func mountOfWAL(_ facts: LayoutFacts) -> String? {
    guard case .mounted(let wal) = facts.wal else { return nil }
    return wal.directory
}

private func place(_ role: CopyRole, _ facts: PlaceFacts, isRenamable: Bool, source: String = "") -> CopyPlace {
    CopyPlace(role: role, link: facts.link, directory: facts.directory, isInside: !isRenamable, source: source)
}

/// Whether a path is a directory or below it.
func isWithin(_ path: String, _ directory: String) -> Bool {
    path == directory || path.hasPrefix(directory.hasSuffix("/") ? directory : directory + "/")
}

private func check(_ role: CopyRole, _ place: PlaceFacts, _ facts: LayoutFacts) throws(LayoutRefusal) {
    if let leftover = place.leftovers.first { throw .leftover(role, leftover) }
    guard place.exists else {
        guard place.isParentThere else { throw .noParent(role, place.directory) }
        return
    }
    guard place.owner == facts.account else {
        throw .foreignOwner(role, place.directory, owner: place.owner, account: facts.account)
    }
    if let user = place.user { throw .sharedWith(role, place.directory, instance: user) }
}

private func checkWAL(_ wal: PlaceFacts, _ facts: LayoutFacts) throws(LayoutRefusal) {
    try check(.wal, wal, facts)
    if let entry = wal.entries.first(where: { !isEntryOfWAL($0) }) {
        throw .foreignEntry(.wal, wal.directory, entry: entry)
    }
}

/// Whether a name is one that PostgreSQL gives in pg_wal (documentation, "WAL Internals", "Continuous Archiving"), or ours.
private func isEntryOfWAL(_ name: String) -> Bool {
    let known = [
        "archive_status", "summaries", "lost+found", "RECOVERYXLOG", "RECOVERYHISTORY", CopyPlace.newName,
        CopyPlace.oldName, CopyPlace.incrementName,
    ]
    let digits = name.utf8.prefix { isHexDigit($0) }.count
    return known.contains(name) || name.hasPrefix("xlogtemp.") || digits == 24
        || (digits == 8 && name.hasSuffix(".history"))
}

private func tablespacePlaces(_ facts: LayoutFacts, wal: CopyPlace?) throws(LayoutRefusal) -> [CopyPlace] {
    var places: [CopyPlace] = []
    for tablespace in facts.tablespaces where tablespace.source != nil {
        let role = CopyRole.tablespace(oid: tablespace.oid)
        let directory = tablespace.place.directory
        for outer in [facts.data.directory, wal?.directory].compactMap({ $0 }) where isWithin(directory, outer) {
            throw .nested(role, directory, within: outer)
        }
        try check(role, tablespace.place, facts)
        let place = place(role, tablespace.place, isRenamable: false, source: tablespace.source ?? "")
        let isOurs = facts.tablespaces.contains { $0.isLinkedHere && $0.place.directory == directory }
        if !isOurs, let entry = place.own(tablespace.place.entries, major: facts.major).first {
            throw .foreignEntry(role, directory, entry: entry)
        }
        if let other = places.first(where: { $0.directory == directory }) {
            throw .nested(role, directory, within: other.directory)
        }
        places.append(place)
    }
    for tablespace in facts.tablespaces where tablespace.source == nil && tablespace.isLinkedHere {
        let directory = tablespace.place.directory
        // What another instance uses, or what can't be told from the data directory's own, is left alone.
        let isApart =
            tablespace.place.exists && tablespace.place.leftovers.isEmpty && tablespace.place.owner == facts.account
            && tablespace.place.user == nil
            && !isWithin(directory, facts.data.directory) && !places.contains { $0.directory == directory }
        guard isApart else { continue }
        places.append(place(.formerTablespace(oid: tablespace.oid), tablespace.place, isRenamable: false))
    }
    return places
}
