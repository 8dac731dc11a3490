public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool ledger`: what was taken from this node's data, and kept.
public struct LedgerCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Shows commits that a rejoin took from this node's data, and the WAL that was kept of them.",
        usage: "pgrex-tool ledger <list|show|export|ack> ...",
        discussion: """
            Before 'pgrex-tool rejoin' rewinds or replaces data that had gone their own way, it saves the WAL from \
            where they left the primary's history, and lists the commits in it: an entry of this node's ledger, in \
            <tmpdir>/ledger. Nothing is ever removed from it but by 'ack --drop-wal'. No running cluster is needed.

            EXAMPLES:
              pgrex-tool ledger list                          what nobody has looked at yet
              pgrex-tool ledger show latest
              pgrex-tool ledger export latest /mnt/lost       entry and WAL, verified
              pgrex-tool ledger ack latest --note 'orders 17 and 18 entered again'
            """,
        subcommands: [
            LedgerListCommand.self, LedgerShowCommand.self, LedgerExportCommand.self, LedgerAckCommand.self,
        ],
        defaultSubcommand: LedgerListCommand.self
    )

    public init() {}
}

let ledgerExitCodes = """
    EXIT CODES:
      0  done
      2  refused: nothing was done
      3  failed: the output says what
      4  can't tell: not even the settings could be read
      64 wrong usage
    """

/// `pgrex-tool ledger list`.
public struct LedgerListCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows the entries that nobody has acknowledged.",
        usage: "pgrex-tool ledger list [--all] [--json] [--resource <id>]",
        discussion: """
            FORK is where the data left the primary's history, COMMITS how many transactions that took from the \
            cluster, with those that were only prepared behind a plus; rows are those of users' tables. Where the data \
            couldn't be read, the WAL is kept as it was, and "?" stands for what isn't known.

            \(ledgerExitCodes)

            JSON KEYS: entries: id, node, resource, time, why, system_identifier, primary, primary_timeline,
              fork, last_record (timeline, lsn), unlisted (why commits couldn't be listed: counts are null then),
              records, commits, prepared, listed, inserted, updated, deleted, wal_bytes, wal (kept, dropped),
              missing, unreadable_after, names, state (open, acknowledged), acknowledged_by,
              acknowledged_at, note; unreadable: directories that can't be read
            """
    )

    @Flag(name: .long, help: "Also those that were acknowledged.")
    var all = false

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func run() throws {
        let book = try choice.ledger(json: json)
        let content = try orEnd(json) { () throws(LedgerProblem) in try book.content() }
        let entries = all ? content.entries : content.open
        if json {
            printOutput(ledgerJSON(entries, unreadable: content.unreadable).text(isIndented: true) + "\n")
        } else {
            printOutput(renderLedger(content, isAll: all, style: .ofStandardOutput))
        }
        guard content.unreadable.isEmpty else { throw ExitCode(3) }
    }
}

/// `pgrex-tool ledger show`.
public struct LedgerShowCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows an entry: the facts, and each commit.",
        usage: "pgrex-tool ledger show <id> [--json] [--resource <id>]",
        discussion: """
            Each commit is shown with the relations that it touched: users' tables first, then what long values and \
            the system's catalogs are kept in. "+2 ~1 -0" are rows inserted, updated and deleted; behind "@" are the \
            places (block,offset) of the first of them. The values are in the saved WAL, and aren't told.

            \(ledgerExitCodes)

            JSON KEYS: those of 'list', and commits: transaction, kind (commit, commit-prepared, prepared), name,
              time, lsn, whole, truncated, further_relations, relations: file, title, kind (user, system, toast),
              inserted, updated, deleted, created, dropped, places
            """
    )

    @Argument(help: ArgumentHelp("The entry; \"latest\" is the newest.", valueName: "id"))
    var id: String

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func run() throws {
        let book = try choice.ledger(json: json)
        let entry = try orEnd(json) { () throws(LedgerProblem) in try book.entry(id) }
        let relations = try orEnd(json) { () throws(LedgerProblem) in try book.relations(of: entry) }
        let names = RelationNames(relations)
        printOutput(json ? ledgerHead(entry) : renderEntry(entry, relations, style: .ofStandardOutput))
        var count = 0
        try orEnd(json) { () throws(LedgerProblem) in
            try book.commits(of: entry) { commit in
                let text = json ? commitJSON(commit, names).text(isIndented: false) : renderCommit(commit, names)
                printOutput(json && count > 0 ? ",\n    " + text : text)
                count += 1
            }
        }
        printOutput(json ? ledgerTail : renderEnd(entry))
    }
}

/// `pgrex-tool ledger export`.
public struct LedgerExportCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Copies an entry with its WAL to another directory.",
        usage: "pgrex-tool ledger export <id> <directory> [--json] [--resource <id>]",
        discussion: """
            The directory must be empty or absent. Every file is compared with what was saved, by size and checksum. \
            pg_waldump of the same release reads the WAL there.

            \(ledgerExitCodes)

            JSON KEYS: id, directory, wal_bytes; or refused: why nothing was done
            """
    )

    @Argument(help: ArgumentHelp("The entry; \"latest\" is the newest.", valueName: "id"))
    var id: String

    @Argument(help: ArgumentHelp("Where to; nothing is ever written over.", valueName: "directory"))
    var directory: String

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func run() throws {
        let book = try choice.ledger(json: json)
        let entry = try orEnd(json) { () throws(LedgerProblem) in try book.entry(id) }
        let bytes = try orEnd(json) { () throws(LedgerProblem) in try book.export(entry, to: directory) }
        guard !json else {
            let told = JSONValue.object([
                .init("id", .string(entry.id)), .init("directory", .string(directory)),
                .init("wal_bytes", .unsigned(bytes)),
            ])
            return printOutput(told.text(isIndented: true) + "\n")
        }
        let what = entry.isWALDropped ? "without WAL, which was dropped" : "with \(byteText(bytes)) of WAL, verified"
        printOutput("exported \(entry.id) to \(directory), \(what)\n")
    }
}

/// `pgrex-tool ledger ack`.
public struct LedgerAckCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Notes that somebody has looked at an entry.",
        usage: "pgrex-tool ledger ack <id> [--note <text>] [--drop-wal [--yes]] [--json] [--resource <id>]",
        discussion: """
            'pgrex-tool status' then no longer speaks of it. The WAL stays, unless --drop-wal is given: it can't be had \
            again then; what the entry says of commits stays in any case.

            \(ledgerExitCodes)

            JSON KEYS: those of an entry of 'list'; or refused: why nothing was done
            """
    )

    @Argument(help: ArgumentHelp("The entry; \"latest\" is the newest.", valueName: "id"))
    var id: String

    @Option(name: .long, help: ArgumentHelp("What came of it.", valueName: "text"))
    var note = ""

    @Flag(name: .long, help: "Remove the saved WAL.")
    var dropWal = false

    @Flag(name: .long, help: "Remove it without a question.")
    var yes = false

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func run() throws {
        let book = try choice.ledger(json: json)
        let entry = try orEnd(json) { () throws(LedgerProblem) in try book.entry(id) }
        if dropWal, !yes { try confirm(entry) }
        let changed = try orEnd(json) { () throws(LedgerProblem) in
            try book.acknowledge(entry, by: commandingUser(), note: note, dropWAL: dropWal)
        }
        if json { return printOutput(entryJSON(changed).text(isIndented: true) + "\n") }
        let wal = changed.isWALDropped ? "its WAL is removed" : "its WAL stays in \(book.directory)/\(changed.id)/wal"
        printOutput("acknowledged \(changed.id); \(wal)\n")
    }

    private func confirm(_ entry: LedgerEntry) throws {
        guard Style.isInputTerminal, !json else {
            throw refuse("not confirmed: nothing was done. HINT: --yes confirms.", json: json)
        }
        printOutput("\(entry.id): \(entry.summary)\n\(byteText(entry.counts.bytes)) of WAL are removed for good.\n")
        printOutput("Type yes to go on: ")
        guard readLine() == "yes" else { throw refuse("not confirmed: nothing was done.", json: json) }
    }
}

extension ResourceChoice {
    fileprivate func ledger(json: Bool) throws -> LedgerBook {
        do throws(ContextProblem) {
            return try LedgerBook.find(resource: resource)
        } catch {
            _ = refuse(error.description, json: json)
            throw ExitCode(4)
        }
    }
}

/// Ends the command with what is wrong.
private func orEnd<Value>(_ json: Bool, _ body: () throws(LedgerProblem) -> Value) throws -> Value {
    do throws(LedgerProblem) {
        return try body()
    } catch {
        let code = refuse(error.description, json: json)
        throw error.isRefusal ? code : ExitCode(3)
    }
}
