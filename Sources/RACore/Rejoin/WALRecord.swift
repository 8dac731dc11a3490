/// The file of a relation, as WAL names it (documentation, "Database File Layout"): numbers, no names.
public struct RelationFile: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 1663 is the default tablespace, 1664 that of what all databases share.
    public let tablespace: UInt32
    /// 0 for what all databases share.
    public let database: UInt32
    public let number: UInt32

    public init(tablespace: UInt32, database: UInt32, number: UInt32) {
        self.tablespace = tablespace
        self.database = database
        self.number = number
    }

    /// Parses "1663/5/16384"; nil for another form.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { UInt32($0) }
        guard parts.count == 3, let tablespace = parts[0], let database = parts[1], let number = parts[2] else {
            return nil
        }
        self.init(tablespace: tablespace, database: database, number: number)
    }

    /// Parses a path below the data directory: "base/5/16384", "global/1262", "pg_tblspc/16500/PG_15_.../5/16600".
    ///
    /// - Returns: nil for another form, also for other forks and temporary relations.
    public init?(path: some StringProtocol) {
        let parts = path.split(separator: "/")
        guard let number = parts.last.flatMap({ UInt32($0) }) else { return nil }
        switch (parts.first, parts.count) {
        case ("global", 2): self.init(tablespace: 1664, database: 0, number: number)
        case ("base", 3):
            guard let database = UInt32(parts[1]) else { return nil }
            self.init(tablespace: 1663, database: database, number: number)
        case ("pg_tblspc", 5):
            guard let tablespace = UInt32(parts[1]), let database = UInt32(parts[3]) else { return nil }
            self.init(tablespace: tablespace, database: database, number: number)
        case _: return nil
        }
    }

    public var description: String { "\(tablespace)/\(database)/\(number)" }

    /// Whether initdb made it: PostgreSQL gives lower numbers to nothing that a user creates.
    public var isOfSystem: Bool { number < 16_384 }

    public static func < (left: RelationFile, right: RelationFile) -> Bool {
        (left.tablespace, left.database, left.number) < (right.tablespace, right.database, right.number)
    }
}

/// What was done to rows by one WAL record.
public enum RowAction: Sendable, Hashable {
    case inserted, updated, deleted
    /// An INSERT ... ON CONFLICT took its own new row back.
    case withdrawn
}

/// Where a row version stands in its relation's file.
public struct RowPlace: Sendable, Hashable {
    public let block: UInt32
    public let offset: UInt32

    public init(block: UInt32, offset: UInt32) {
        self.block = block
        self.offset = offset
    }
}

/// One WAL record as pg_waldump prints it, as far as the ledger of lost commits needs it.
public struct WALRecord: Sendable, Hashable {
    /// Where the record begins.
    public let lsn: LSN
    /// 0 for a record of no transaction.
    public let transaction: UInt32
    public let body: Body

    /// What the record says.
    public enum Body: Sendable, Hashable {
        /// - Parameter place: of the new row version, or of a deleted one; nil when several rows are in the record.
        case rows(RowAction, RelationFile, count: Int, place: RowPlace?)
        /// TRUNCATE of so many tables; logged for logical decoding only.
        case truncated(Int)
        /// The end of a transaction, named when it isn't the record's own, as after PREPARE TRANSACTION.
        case commit(of: UInt32?, time: String, subtransactions: [UInt32], dropped: [RelationFile])
        case abort(of: UInt32?, subtransactions: [UInt32])
        case prepare(name: String, time: String, subtransactions: [UInt32])
        /// The transactions that ran at that moment are older than `next`.
        case running(next: UInt32)
        case created(RelationFile)
        case createdDatabase(UInt32)
        /// Anything else, also a form that isn't known here.
        case other
    }

    public init(lsn: LSN, transaction: UInt32, body: Body) {
        self.lsn = lsn
        self.transaction = transaction
        self.body = body
    }

    /// Parses a line; nil for a line that isn't a record.
    ///
    /// The texts of PostgreSQL 12 to 18 differ in small things: "off 1 flags 0x00" became "off: 1, flags: 0x00" in 16,
    /// "4 tuples" became "ntuples: 4".
    public init?(line: some StringProtocol) {
        var cursor = LineCursor(line)
        guard cursor.starts(with: "rmgr: ") else { return nil }
        cursor.skip(past: "rmgr:")
        let manager = cursor.word()
        guard cursor.skip(past: "tx:"), let transaction = cursor.number(), cursor.skip(past: "lsn:"),
            let lsn = LSN(cursor.word()), cursor.skip(past: "desc:")
        else { return nil }
        self.init(lsn: lsn, transaction: transaction, body: WALRecord.body(manager, &cursor) ?? .other)
    }

    private static func body(_ manager: String, _ cursor: inout LineCursor) -> Body? {
        switch manager {
        case "Heap", "Heap2": return rows(&cursor)
        case "Transaction": return end(&cursor)
        case "Standby":
            guard cursor.word() == "RUNNING_XACTS", cursor.skip(past: "nextXid"), let next = cursor.number() else {
                return nil
            }
            return .running(next: next)
        case "Storage":
            guard cursor.word() == "CREATE" else { return nil }
            return RelationFile(path: cursor.word()).map { .created($0) }
        case "Database":
            // "CREATE_WAL_LOG create dir 1663/16399", and before 15 "CREATE copy dir 1663/1 to 1663/16399".
            guard cursor.word().hasPrefix("CREATE") else { return nil }
            let path = cursor.rest.split(separator: " ").last ?? ""
            return path.split(separator: "/").last.flatMap { UInt32($0) }.map { .createdDatabase($0) }
        case _: return nil
        }
    }

    private static func rows(_ cursor: inout LineCursor) -> Body? {
        var verb = cursor.word()[...]
        if verb.hasSuffix("+INIT") { verb = verb.dropLast(5) }
        switch verb {
        case "INSERT": return row(.inserted, offset: "off", &cursor)
        // XLH_DELETE_IS_SUPER, heapam_xlog.h
        case "DELETE": return row(cursor.flags & 0x08 == 0 ? .deleted : .withdrawn, offset: "off", &cursor)
        case "UPDATE", "HOT_UPDATE":
            return row(.updated, offset: cursor.has("new_off") ? "new_off" : "new off", &cursor)
        case "MULTI_INSERT":
            let count = cursor.number() ?? (cursor.skip(past: "ntuples") ? cursor.number() : nil)
            guard let count, let file = cursor.relation() else { return nil }
            return .rows(.inserted, file, count: Int(count), place: nil)
        case "TRUNCATE":
            guard cursor.skip(past: "nrelids"), let count = cursor.number() else { return nil }
            return .truncated(Int(count))
        case _: return nil
        }
    }

    private static func row(_ action: RowAction, offset: StaticString, _ cursor: inout LineCursor) -> Body? {
        let number = cursor.skip(past: offset) ? cursor.number() : nil
        guard let file = cursor.relation() else { return nil }
        let block = cursor.skip(past: "blk") ? cursor.number() : nil
        let place = block.flatMap { block in number.map { RowPlace(block: block, offset: $0) } }
        return .rows(action, file, count: 1, place: place)
    }

    private static func end(_ cursor: inout LineCursor) -> Body? {
        let verb = cursor.word()
        switch verb {
        case "COMMIT", "COMMIT_PREPARED":
            let other = verb == "COMMIT" ? nil : cursor.number()
            let parts = cursor.parts
            let dropped = (parts["rels"] ?? []).compactMap { RelationFile(path: $0) }
            return .commit(
                of: other,
                time: cursor.time,
                subtransactions: numbers(parts["subxacts"]),
                dropped: dropped
            )
        case "ABORT", "ABORT_PREPARED":
            let other = verb == "ABORT" ? nil : cursor.number()
            return .abort(of: other, subtransactions: numbers(cursor.parts["subxacts"]))
        case "PREPARE":
            let text = cursor.rest
            let parts = cursor.parts
            let name = cursor.preparedName(in: text)
            return .prepare(name: name, time: cursor.time, subtransactions: numbers(parts["subxacts"]))
        case _: return nil
        }
    }

    private static func numbers(_ words: [Substring]?) -> [UInt32] { (words ?? []).compactMap { UInt32($0) } }
}
