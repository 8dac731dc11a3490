/// What a transaction did to one relation.
public struct RelationChange: Sendable, Hashable {
    public let file: RelationFile
    public var inserted = 0
    public var updated = 0
    public var deleted = 0
    /// The first rows that changed, as `show` prints them: "+0,7" was inserted, "~0,8" is an update's new version,
    /// "-0,3" was deleted; block and offset.
    public var places: [String] = []
    /// The transaction made the file: a new table or index, or a table rewritten by TRUNCATE, VACUUM FULL or ALTER TABLE.
    public var isCreated = false
    /// The transaction removed the file: DROP, or the former file of a rewritten table.
    public var isDropped = false

    /// So many places are kept of each relation and transaction.
    static let mostPlaces = 6

    public init(file: RelationFile) { self.file = file }

    public var rows: Int { inserted + updated + deleted }

    mutating func add(_ action: RowAction, _ count: Int, at place: RowPlace?) {
        switch action {
        case .inserted: inserted += count
        case .updated: updated += count
        case .deleted: deleted += count
        case .withdrawn: inserted -= count
        }
        guard let place, places.count < RelationChange.mostPlaces else { return }
        switch action {
        case .inserted: places.append("+\(place.block),\(place.offset)")
        case .updated: places.append("~\(place.block),\(place.offset)")
        case .deleted: places.append("-\(place.block),\(place.offset)")
        case .withdrawn: places.removeAll { $0 == "+\(place.block),\(place.offset)" }
        }
    }

    mutating func add(_ other: RelationChange) {
        inserted += other.inserted
        updated += other.updated
        deleted += other.deleted
        places = Array((places + other.places).prefix(RelationChange.mostPlaces))
        isCreated = isCreated || other.isCreated
        isDropped = isDropped || other.isDropped
    }

    /// "1663/5/16384 +1 ~0 -0 created @+0,7"
    public var text: String {
        var words = ["\(file)", "+\(inserted)", "~\(updated)", "-\(deleted)"]
        if isCreated { words.append("created") }
        if isDropped { words.append("dropped") }
        return (words + places.map { "@" + $0 }).joined(separator: " ")
    }

    /// nil for a text of another form.
    public init?(text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count >= 4, let file = RelationFile(words[0]) else { return nil }
        self.init(file: file)
        let numbers = zip(words[1...3], ["+", "~", "-"]).map { $0.hasPrefix($1) ? Int($0.dropFirst()) : nil }
        guard let inserted = numbers[0], let updated = numbers[1], let deleted = numbers[2] else { return nil }
        (self.inserted, self.updated, self.deleted) = (inserted, updated, deleted)
        isCreated = words.contains("created")
        isDropped = words.contains("dropped")
        places = words.filter { $0.hasPrefix("@") }.map { String($0.dropFirst()) }
    }
}

/// A transaction that the diverged WAL holds and the primary doesn't.
public struct LedgerCommit: Sendable, Hashable {
    /// How the transaction ended.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case committed = "commit"
        /// COMMIT PREPARED.
        case committedPrepared = "commit-prepared"
        /// PREPARE TRANSACTION, and neither a commit nor a rollback after it.
        case prepared
    }

    public var kind: Kind
    public var transaction: UInt32
    /// Of the commit, or of PREPARE TRANSACTION where that is all; "" when it can't be read.
    public var time: String
    /// Where the record of that begins.
    public var lsn: LSN
    /// Whether all that it did is counted: false for one that may have begun before the first WAL that was read.
    public var isWhole: Bool
    /// What PREPARE TRANSACTION called it; "" for an ordinary one.
    public var name: String
    /// Those of users before those of the system.
    public var changes: [RelationChange]
    /// So many more relations were changed.
    public var furtherRelations: Int
    /// Tables that TRUNCATE emptied, where the WAL tells it.
    public var truncated: Int

    public init(
        _ kind: Kind,
        transaction: UInt32,
        time: String,
        lsn: LSN,
        isWhole: Bool = true,
        name: String = "",
        changes: [RelationChange] = [],
        furtherRelations: Int = 0,
        truncated: Int = 0
    ) {
        self.kind = kind
        self.transaction = transaction
        self.time = time
        self.lsn = lsn
        self.isWhole = isWhole
        self.name = name
        self.changes = changes
        self.furtherRelations = furtherRelations
        self.truncated = truncated
    }

    /// A line of the file `commits`: fields between tabs, one for each relation at the end.
    public var text: String {
        let facts = [
            kind.rawValue, String(transaction), time, "\(lsn)", isWhole ? "whole" : "partial", escaped(name),
            String(furtherRelations), String(truncated),
        ]
        return (facts + changes.map(\.text)).joined(separator: "\t")
    }

    /// nil for a line of another form.
    public init?(text: some StringProtocol) {
        let fields = text.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count >= 8, let kind = Kind(rawValue: String(fields[0])), let transaction = UInt32(fields[1]),
            let lsn = LSN(fields[3]), let further = Int(fields[6]), let truncated = Int(fields[7])
        else { return nil }
        let changes = fields.dropFirst(8).compactMap { RelationChange(text: $0) }
        guard changes.count == fields.count - 8 else { return nil }
        self.init(
            kind,
            transaction: transaction,
            time: String(fields[2]),
            lsn: lsn,
            isWhole: fields[4] == "whole",
            name: unescaped(fields[5]),
            changes: changes,
            furtherRelations: further,
            truncated: truncated
        )
    }
}

/// A text without tabs and line ends, from which `unescaped` makes it again.
func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "\\": result += "\\\\"
        case "\t": result += "\\t"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case _: result.unicodeScalars.append(character)
        }
    }
    return result
}

func unescaped(_ text: some StringProtocol) -> String {
    var result = String.UnicodeScalarView()
    var isEscaped = false
    for character in text.unicodeScalars {
        guard isEscaped || character != "\\" else {
            isEscaped = true
            continue
        }
        switch (isEscaped, character) {
        case (true, "t"): result.append("\t")
        case (true, "n"): result.append("\n")
        case (true, "r"): result.append("\r")
        case _: result.append(character)
        }
        isEscaped = false
    }
    return String(result)
}
