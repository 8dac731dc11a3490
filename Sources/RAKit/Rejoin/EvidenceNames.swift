import RACore

/// Asks the primary what it calls the relations that the diverged WAL changed.
///
/// The relation at the same file number is the same one, unless the primary rewrote it or the node made it after the
/// fork; of those no name is told.
struct EvidenceNames {
    let source: RejoinSource
    let account: Account?

    /// Names what can be named.
    ///
    /// - Returns: nil, or why some database couldn't be asked.
    func name(_ relations: inout [LedgerRelation], newDatabases: Set<UInt32>, by deadline: Deadline) -> String? {
        let wanted = Set(relations.map(\.file.database)).subtracting(newDatabases)
        guard !wanted.isEmpty else { return nil }
        let databases: [UInt32: String]
        switch list(by: deadline) {
        case .unknown(let why): return why
        case .known(let names): databases = names
        }
        var problem: String?
        for number in wanted.sorted() {
            // What all databases share is in each one's catalog.
            guard let database = number == 0 ? databases.values.sorted().first : databases[number] else { continue }
            let files = relations.filter { $0.file.database == number && !$0.isNew }.map(\.file)
            guard !files.isEmpty else { continue }
            switch ask(database, files, by: deadline) {
            case .unknown(let why): problem = problem ?? "\(database): \(why)"
            case .known(let names):
                for index in relations.indices where !relations[index].isNew {
                    guard let found = names[relations[index].file] else { continue }
                    relations[index].kind = found.kind
                    relations[index].name = found.name
                    if number != 0 { relations[index].database = database }
                }
            }
        }
        return problem
    }

    private func list(by deadline: Deadline) -> Observed<[UInt32: String]> {
        var why = ""
        for database in ["postgres", "template1"] {
            switch query(database, "SELECT oid, datname FROM pg_database WHERE datallowconn", by: deadline) {
            case .unknown(let reason): why = reason
            case .known(let rows):
                var names: [UInt32: String] = [:]
                for row in rows where row.count == 2 {
                    if let number = row[0].flatMap({ UInt32($0) }), let name = row[1] { names[number] = name }
                }
                return .known(names)
            }
        }
        return .unknown(why: why)
    }

    private func ask(
        _ database: String,
        _ files: [RelationFile],
        by deadline: Deadline
    ) -> Observed<[RelationFile: (kind: LedgerRelation.Kind, name: String)]> {
        let numbers = files.map { String($0.number) }.joined(separator: ",")
        // A relation of tablespace 0 is in its database's.
        let text = """
            SELECT CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END,
                CASE WHEN c.relisshared THEN 0 ELSE d.oid END, pg_relation_filenode(c.oid),
                CASE WHEN o.oid IS NULL THEN c.oid ELSE o.oid END < 16384, o.oid IS NOT NULL,
                quote_ident(n.nspname) || '.' || quote_ident(CASE WHEN o.oid IS NULL THEN c.relname ELSE o.relname END)
            FROM pg_class c LEFT JOIN pg_class o ON o.reltoastrelid = c.oid
                JOIN pg_namespace n ON n.oid = CASE WHEN o.oid IS NULL THEN c.relnamespace ELSE o.relnamespace END
                CROSS JOIN (SELECT oid, dattablespace FROM pg_database WHERE datname = current_database()) d
            WHERE pg_relation_filenode(c.oid) IN (\(numbers))
            """
        return query(database, text, by: deadline).map { rows in
            var found: [RelationFile: (kind: LedgerRelation.Kind, name: String)] = [:]
            for row in rows where row.count == 6 {
                guard let file = RelationFile(row[0...2].map { $0 ?? "" }.joined(separator: "/")), let name = row[5]
                else { continue }
                found[file] = (row[3] == "t" ? .system : row[4] == "t" ? .toast : .user, name)
            }
            return found
        }
    }

    private func query(_ database: String, _ text: String, by deadline: Deadline) -> Observed<[[String?]]> {
        let end = deadline.capped(milliseconds: 5000)
        do throws(ConnectionFailure) {
            let connection = try Connection.open(source.session(database), as: account, by: end)
            do throws(QueryFailure) {
                return .known(try connection.query(text, by: end).last?.rows ?? [])
            } catch {
                return .unknown(why: redactingPasswords(error.text))
            }
        } catch {
            return .unknown(why: redactingPasswords(error.text))
        }
    }
}
