/// Counts, record by record, what the transactions did that the primary doesn't have.
///
/// WAL from before the fork may be read as well: what began there and was committed after it is counted whole then.
public struct LedgerTally: Sendable {
    private struct Work: Sendable {
        var changes: [RelationFile: RelationChange] = [:]
        var furtherRelations = 0
        var truncated = 0

        mutating func change(_ file: RelationFile, _ body: (inout RelationChange) -> Void) {
            guard changes[file] != nil || changes.count < LedgerTally.mostRelations else {
                furtherRelations += 1
                return
            }
            body(&changes[file, default: RelationChange(file: file)])
        }

        mutating func add(_ other: Work) {
            for (file, change) in other.changes { self.change(file) { $0.add(change) } }
            furtherRelations += other.furtherRelations
            truncated += other.truncated
        }
    }

    private struct Prepared: Sendable {
        let name: String
        let time: String
        let lsn: LSN
        let isWhole: Bool
        var work: Work
    }

    /// So many relations of one transaction are told apart.
    static let mostRelations = 200
    /// So many transactions are followed at once; the rows of any beyond aren't counted.
    static let mostTransactions = 20_000
    /// So many relations are summed up.
    static let mostTotals = 5000

    /// Where the history left the primary's.
    public let fork: LSN
    /// Records that begin at or after the fork.
    public private(set) var records: UInt64 = 0
    /// Where the last of them begins; of all that was read, while there is none.
    public private(set) var lastRecord: LSN?
    public private(set) var commits = 0
    public private(set) var preparedOnly = 0
    /// What the listed transactions did to each relation together.
    public private(set) var totals: [RelationFile: RelationChange] = [:]
    /// Files and databases that were made after the fork: the primary may use the same numbers for something else.
    public private(set) var created: Set<RelationFile> = []
    public private(set) var createdDatabases: Set<UInt32> = []
    /// Whether more was going on at once than is followed.
    public private(set) var isOverfull = false

    private var open: [UInt32: Work] = [:]
    private var prepared: [UInt32: Prepared] = [:]
    /// Every transaction from this number on began in the WAL that was read; nil while that isn't known of any.
    private var firstWhole: UInt32?

    public init(fork: LSN) { self.fork = fork }

    /// Takes the next record.
    ///
    /// - Returns: a transaction that it commits, at or after the fork.
    public mutating func take(_ record: WALRecord) -> LedgerCommit? {
        let isOwn = record.lsn >= fork
        if isOwn { records += 1 }
        lastRecord = record.lsn
        switch record.body {
        case .other: return nil
        case .rows(let action, let file, let count, let place):
            follow(record.transaction) { $0.change(file) { $0.add(action, count, at: place) } }
        case .truncated(let count): follow(record.transaction) { $0.truncated += count }
        case .running(let next): if firstWhole == nil { firstWhole = next }
        case .createdDatabase(let number): if isOwn { createdDatabases.insert(number) }
        case .created(let file):
            if isOwn { note(created: file) }
            follow(record.transaction) { $0.change(file) { $0.isCreated = true } }
        case .abort(let other, let subtransactions): forget(other ?? record.transaction, subtransactions)
        case .prepare(let name, let time, let subtransactions):
            let work = collect(record.transaction, subtransactions)
            let isWhole = isWhole(record.transaction)
            prepared[record.transaction] = Prepared(
                name: name,
                time: time,
                lsn: record.lsn,
                isWhole: isWhole,
                work: work
            )
        case .commit(let other, let time, let subtransactions, let dropped):
            return commit(record, other, time, subtransactions, dropped, isOwn: isOwn)
        }
        return nil
    }

    /// WAL is missing between the last record and the next one: no count of what was going on is whole.
    public mutating func noteGap() { firstWhole = nil }

    /// The transactions that are prepared at the end, and nothing more: asked once.
    public mutating func finish() -> [LedgerCommit] {
        let left = prepared.filter { $0.value.lsn >= fork }.sorted { $0.value.lsn < $1.value.lsn }
        prepared = [:]
        preparedOnly = left.count
        return left.map { transaction, prepared in
            make(.prepared, transaction, prepared.time, prepared.lsn, prepared.isWhole, prepared.name, prepared.work)
        }
    }

    private mutating func follow(_ transaction: UInt32, _ body: (inout Work) -> Void) {
        guard transaction != 0 else { return }
        guard open[transaction] != nil || open.count < LedgerTally.mostTransactions else {
            isOverfull = true
            return
        }
        body(&open[transaction, default: Work()])
    }

    private mutating func note(created file: RelationFile) {
        if created.count < LedgerTally.mostTotals * 10 { created.insert(file) }
    }

    private mutating func forget(_ transaction: UInt32, _ subtransactions: [UInt32]) {
        open[transaction] = nil
        prepared[transaction] = nil
        for number in subtransactions { open[number] = nil }
    }

    private mutating func collect(_ transaction: UInt32, _ subtransactions: [UInt32]) -> Work {
        var work = open.removeValue(forKey: transaction) ?? Work()
        for number in subtransactions {
            if let more = open.removeValue(forKey: number) { work.add(more) }
        }
        return work
    }

    private mutating func commit(
        _ record: WALRecord,
        _ other: UInt32?,
        _ time: String,
        _ subtransactions: [UInt32],
        _ dropped: [RelationFile],
        isOwn: Bool
    ) -> LedgerCommit? {
        let transaction = other ?? record.transaction
        let kept = prepared.removeValue(forKey: transaction)
        var work = collect(transaction, subtransactions)
        guard isOwn else { return nil }
        if let kept { work.add(kept.work) }
        for file in dropped { work.change(file) { $0.isDropped = true } }
        commits += 1
        let isWhole = other == nil ? isWhole(transaction) : kept?.isWhole ?? false
        let kind: LedgerCommit.Kind = other == nil ? .committed : .committedPrepared
        return make(kind, transaction, time, record.lsn, isWhole, kept?.name ?? "", work)
    }

    private func isWhole(_ transaction: UInt32) -> Bool {
        // Numbers are reused: one is later than another when it is less than half the circle ahead.
        guard let firstWhole, !isOverfull else { return false }
        return Int32(truncatingIfNeeded: Int64(transaction) - Int64(firstWhole)) >= 0
    }

    private mutating func make(
        _ kind: LedgerCommit.Kind,
        _ transaction: UInt32,
        _ time: String,
        _ lsn: LSN,
        _ isWhole: Bool,
        _ name: String,
        _ work: Work
    ) -> LedgerCommit {
        for change in work.changes.values where totals[change.file] != nil || totals.count < LedgerTally.mostTotals {
            var total = totals[change.file] ?? RelationChange(file: change.file)
            total.add(change)
            total.places = []
            totals[change.file] = total
        }
        let changes = work.changes.values.sorted { left, right in
            left.file.isOfSystem == right.file.isOfSystem ? left.file < right.file : right.file.isOfSystem
        }
        return LedgerCommit(
            kind,
            transaction: transaction,
            time: time,
            lsn: lsn,
            isWhole: isWhole,
            name: name,
            changes: changes,
            furtherRelations: work.furtherRelations,
            truncated: work.truncated
        )
    }
}
