internal import Glibc
public import RACore

/// The ledger of a node: what was taken from its data, an entry a directory.
///
/// An entry holds `entry` (facts), `commits` (a line a transaction), `relations` (sums and names), `wal` (copies of the
/// files) and `files` (their sizes and checksums).
public struct LedgerBook: Sendable {
    /// `OwnedFiles.ledger`.
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// The ledger of the node that this is, by the settings of the cluster or those that it saved.
    public static func find(resource: String?) throws(ContextProblem) -> LedgerBook {
        let context = try ConfigurationReader(resource: resource).read(by: .after(milliseconds: 10_000))
        return LedgerBook(context.configuration.reading.parameters)
    }

    init(_ parameters: Parameters) {
        let folder = findTemporaryDirectory(parameters, account: Account(name: parameters.pgdba))
        self.init(directory: OwnedFiles(directory: folder).ledger)
    }

    /// Where an entry is made before it is one.
    var temporary: String { directory + "/.new" }

    func removeTemporary() throws(SystemError) { try removeTree(temporary) }

    /// What is in the ledger.
    public struct Content: Sendable, Equatable {
        /// Oldest first.
        public var entries: [LedgerEntry] = []
        /// Directories whose entry can't be read.
        public var unreadable: [String] = []

        public var open: [LedgerEntry] { entries.filter(\.isOpen) }
    }

    /// Reads all entries; a node without a ledger has none.
    public func read() throws(SystemError) -> Content {
        var content = Content()
        let names: [String]
        do throws(SystemError) {
            names = try listDirectory(directory)
        } catch {
            guard error.isMissing else { throw error }
            return content
        }
        for name in names where !name.hasPrefix(".") {
            if let entry = present(name) { content.entries.append(entry) } else { content.unreadable.append(name) }
        }
        content.entries.sort { ($0.time, $0.id) < ($1.time, $1.id) }
        return content
    }

    /// Reads all entries, for a command.
    public func content() throws(LedgerProblem) -> Content {
        try LedgerProblem.of { () throws(SystemError) in try read() }
    }

    /// How many entries nobody has acknowledged; one that can't be read counts.
    var openCount: Observed<Int> {
        do throws(SystemError) {
            let content = try read()
            return .known(content.open.count + content.unreadable.count)
        } catch {
            return .unknown(why: error.description)
        }
    }

    /// One entry by its id; "latest" is the newest.
    public func entry(_ id: String) throws(LedgerProblem) -> LedgerEntry {
        let content = try content()
        if id == "latest" {
            guard let last = content.entries.last else { throw .empty }
            return last
        }
        if let found = content.entries.first(where: { $0.id == id }) { return found }
        throw content.unreadable.contains(id) ? .unreadable(directory + "/" + id) : .unknown(id)
    }

    private func present(_ name: String) -> LedgerEntry? {
        guard let text = try? readText(directory + "/" + name + "/entry"), let entry = LedgerEntry(text: text),
            entry.id == name
        else { return nil }
        return entry
    }

    /// The entry that holds a divergence already.
    func find(system: UInt64, fork: WALPosition, lastRecord: WALPosition) -> LedgerEntry? {
        (try? read())?.entries.last { $0.isSame(system: system, fork: fork, lastRecord: lastRecord) }
    }

    /// The entry that holds all transactions of a divergence, and all its WAL but what a recovery has added since.
    func find(system: UInt64, fork: WALPosition, lastRecord: WALPosition, transactions: Int) -> LedgerEntry? {
        (try? read())?.entries.last { $0.hasAll(transactions, system: system, fork: fork, through: lastRecord) }
    }

    /// A name that no entry has: the time, then the node.
    func freeName(node: String) -> String {
        let stamp = timestamp().filter { $0 != "-" && $0 != ":" }
        let safe = String(node.map { $0 == "/" ? "_" : $0 })
        var (name, number) = ("\(stamp)-\(safe)", 1)
        while FileFacts(directory + "/" + name) != nil {
            number += 1
            name = "\(stamp)-\(safe)-\(number)"
        }
        return name
    }

    /// Hands over the transactions that are listed, oldest first.
    public func commits(of entry: LedgerEntry, _ take: (LedgerCommit) -> Void) throws(LedgerProblem) {
        try lines(of: entry, "commits") { line in
            guard let commit = LedgerCommit(text: line) else { return false }
            take(commit)
            return true
        }
    }

    /// What was done to each relation in all.
    public func relations(of entry: LedgerEntry) throws(LedgerProblem) -> [LedgerRelation] {
        var relations: [LedgerRelation] = []
        try lines(of: entry, "relations") { line in
            guard let relation = LedgerRelation(text: line) else { return false }
            relations.append(relation)
            return true
        }
        return relations
    }

    private func lines(of entry: LedgerEntry, _ name: String, _ take: (Substring) -> Bool) throws(LedgerProblem) {
        let path = directory + "/" + entry.id + "/" + name
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(SystemError("open \(path)")) }
        defer { close(descriptor) }
        var stream = LineStream(descriptor: descriptor)
        var isGood = true
        while stream.isOpen { stream.read { if !take($0) { isGood = false } } }
        guard isGood else { throw .unreadable(path) }
    }
}

/// Why something of the ledger can't be had or done.
public enum LedgerProblem: Error, Sendable, Hashable, CustomStringConvertible {
    case unknown(String)
    case empty
    case unreadable(String)
    case system(SystemError)
    /// There is something where an entry is to be exported to.
    case occupied(String)
    case noRoom(String, needed: UInt64, free: UInt64)
    /// A file isn't what it was when it was saved.
    case changed(String)
    case notRemoved(SystemError)

    static func of<Value>(_ body: () throws(SystemError) -> Value) throws(LedgerProblem) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .system(error)
        }
    }

    /// Whether nothing was tried, as the words were wrong or there is something in the way.
    public var isRefusal: Bool {
        switch self {
        case .unknown, .empty, .occupied: true
        case .unreadable, .system, .noRoom, .changed, .notRemoved: false
        }
    }

    public var description: String {
        switch self {
        case .unknown(let id):
            "no ledger entry \"\(id)\" is on this node. HINT: 'pgrex-tool ledger list --all' shows what there is."
        case .empty: "the ledger of this node has no entry"
        case .unreadable(let path): "\(path) can't be read: it isn't what pgrex-tool wrote"
        case .system(let error): error.description
        case .occupied(let path):
            "\"\(path)\" isn't an empty directory, and nothing is ever written over. HINT: Name another one."
        case .noRoom(let path, let needed, let free):
            "\"\(path)\" has \(free) bytes of room, and \(needed) are needed. HINT: Name a directory with more room."
        case .changed(let path): "\"\(path)\" isn't what was saved: size or checksum differ"
        case .notRemoved(let error):
            "it is acknowledged, but its WAL wasn't removed: \(error.description). HINT: The same command again."
        }
    }
}
