import RACore

/// Which slots of this server are the agent's, and since when nobody has used them.
///
/// Kept beside the agent's other files, as it is true of this server alone and outlives a restart of the machine.
struct SlotBook: Equatable {
    struct Entry: Equatable {
        let name: String
        /// Seconds since 1970; nil while it is used, and on a standby.
        var unusedSince: Int?
    }

    var entries: [Entry] = []

    var names: [String] { entries.map(\.name) }

    init() {}

    /// Reads it; empty where there is none, nil where it can't be read.
    init?(path: String) {
        let text: String
        do throws(SystemError) {
            text = try readText(path, limit: 65_536)
        } catch {
            guard error.isMissing else { return nil }
            text = ""
        }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2 else { continue }
            entries.append(Entry(name: String(words[0]), unusedSince: Int(words[1])))
        }
    }

    func unusedSince(_ name: String) -> Int? { entries.first { $0.name == name }?.unusedSince }

    /// Enters a slot, or what is new about it.
    mutating func note(_ name: String, isUsed: Bool, now: Int) {
        guard let index = entries.firstIndex(where: { $0.name == name }) else {
            return entries.append(Entry(name: name, unusedSince: isUsed ? nil : now))
        }
        entries[index].unusedSince = isUsed ? nil : entries[index].unusedSince ?? now
    }

    mutating func remove(_ name: String) { entries.removeAll { $0.name == name } }

    func write(_ path: String, owner: Account?) throws(SystemError) {
        if let owner { try ensureDirectory(parentDirectory(path), mode: 0o700, owner: owner) }
        let lines = entries.map { "\($0.name) \($0.unusedSince.map(String.init) ?? "-")\n" }
        try replaceFile(path, with: Array(lines.joined().utf8), owner: owner)
    }
}
