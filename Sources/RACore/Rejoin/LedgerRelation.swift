/// One relation of a ledger entry: what was done to it in all, and what the primary calls it.
public struct LedgerRelation: Sendable, Hashable {
    /// What a relation is to whoever looks for lost rows.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A user's table, as far as is known.
        case user
        /// PostgreSQL's own.
        case system
        /// Where long values of a user's table are kept: its rows are parts of values.
        case toast
    }

    public var change: RelationChange
    public var kind: Kind
    /// nil when the primary wasn't asked or has no such database.
    public var database: String?
    /// Schema and name, quoted as SQL wants them; of a toast table the name of its table. nil when it isn't known.
    public var name: String?
    /// Made after the fork: no name of the primary's can be its own.
    public var isNew: Bool

    public init(change: RelationChange, database: String? = nil, isNew: Bool = false) {
        self.change = change
        self.database = database
        self.isNew = isNew
        kind = change.file.isOfSystem ? .system : .user
    }

    public var file: RelationFile { change.file }

    /// How a person is told of it.
    public var title: String {
        guard let name else {
            return isNew ? "\(file) (made after the fork)" : file.isOfSystem ? "system catalog \(file)" : "\(file)"
        }
        let table = kind == .toast ? "long values of \(name)" : name
        return database.map { "\(table) in \($0)" } ?? table
    }

    /// A line of the file `relations`.
    public var text: String {
        [
            change.text, kind.rawValue, isNew ? "new" : "old", escaped(database ?? ""), escaped(name ?? ""),
        ].joined(separator: "\t")
    }

    /// nil for a line of another form.
    public init?(text: some StringProtocol) {
        let fields = text.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 5, let change = RelationChange(text: fields[0]),
            let kind = Kind(rawValue: String(fields[1]))
        else { return nil }
        self.change = change
        self.kind = kind
        isNew = fields[2] == "new"
        database = fields[3].isEmpty ? nil : unescaped(fields[3])
        name = fields[4].isEmpty ? nil : unescaped(fields[4])
    }
}
