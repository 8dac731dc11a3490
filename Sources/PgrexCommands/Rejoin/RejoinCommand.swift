public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool rejoin`: brings a failed node back.
public struct RejoinCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "rejoin",
        abstract: "Brings a failed node back as a standby.",
        usage: "pgrex-tool rejoin [<node>] [--dry-run] [--method <method>] [--wait <seconds>] [--json]",
        discussion: """
            Run it on the failed node. It compares the data here with the primary's, by system identifier, timelines \
            and the last records, says what it found, and brings the node back the cheapest way: as it is; with WAL \
            fetched from an archive; by pg_rewind; from a kept backup; by a base backup that is made beside and \
            verified before it takes the place of the former data. WAL that is given up is saved first ('pgrex-tool \
            ledger'). Then the cluster forgets the node's failures and starts the instance, and the command waits \
            until that receives WAL.

            For another node, name it: its agent does the work, if its instance is down, and this command watches.

            It may be interrupted at any time: the same command goes on from there.

            EXAMPLES:
              pgrex-tool rejoin --dry-run           say what would be done, and why
              pgrex-tool rejoin                     do it
              pgrex-tool rejoin --method copy       by a base backup, whatever else is possible
              pgrex-tool rejoin --max-rate 50M      with at most 50 MB a second

            EXIT CODES:
              0  it follows the primary, or with --dry-run the plan is shown
              1  wrong usage
              2  refused: nothing was changed, an operator must decide or mend something first
              3  failed, and everything is as it was
              4  failed or interrupted on the way: the same command goes on
              5  unsafe: two primaries, or this node has more than its primary
            """,
        aliases: ["standby-start"]
    )

    @Argument(help: ArgumentHelp("The node to bring back, if it isn't this one.", valueName: "node"))
    var node: String?

    @Flag(name: .long, help: "Only say what would be done.")
    var dryRun = false

    @Option(name: .long, help: ArgumentHelp("follow, archive, rewind, incremental or copy.", valueName: "method"))
    var method: RejoinMethod?

    @Option(name: .long, help: ArgumentHelp("Copy from this node's standby, not from the primary.", valueName: "node"))
    var source: String?

    @Option(name: .long, help: ArgumentHelp("Most of a copy that comes in a second: 32MB.", valueName: "rate"))
    var maxRate: String?

    @Flag(name: .long, help: "Remove the former data before the copy is made: only where both don't fit.")
    var inPlace = false

    @Option(
        name: .long,
        help: ArgumentHelp("A kept base backup to start from (PostgreSQL 17).", valueName: "directory")
    )
    var incrementalFrom: String?

    @Option(name: .long, help: ArgumentHelp("Where the primary archives WAL.", valueName: "directory"))
    var archive: String?

    @Option(name: .long, help: ArgumentHelp("Fetches an archived file %f to %p.", valueName: "command"))
    var fetchCommand: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Give up data that are no part of the primary's history: their system.",
            valueName: "identifier"
        )
    )
    var discardSystem: UInt64?

    @Flag(name: .long, help: "Don't ask before data are given up.")
    var yes = false

    @Option(name: .long, help: ArgumentHelp("Seconds to wait until it follows.", valueName: "seconds"))
    var wait = 60

    @Flag(name: .long, help: "Print what was found and done as JSON.")
    var json = false

    @Flag(name: .long, help: .hidden)
    var unattended = false

    @Flag(name: .long, help: .hidden)
    var requested = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func validate() throws {
        if let maxRate, rate == nil {
            throw ValidationError("--max-rate takes 32kB to 1GB, a number with a unit, and not \"\(maxRate)\"")
        }
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait takes 0 to 86400 seconds") }
    }

    /// kB a second; nil without a limit, or with one that pg_basebackup doesn't take.
    var rate: Int? {
        guard let maxRate else { return nil }
        let text = maxRate.hasSuffix("M") || maxRate.hasSuffix("k") ? maxRate + "B" : maxRate
        guard let bytes = QuantityKind.size.read(text), (32 << 10...1 << 30).contains(bytes) else { return nil }
        return bytes >> 10
    }

    /// Whether something was chosen that only the node itself can do.
    var hasLocalOptions: Bool {
        inPlace || discardSystem != nil
            || [source, maxRate, incrementalFrom, archive, fetchCommand].contains { $0 != nil }
    }

    public func run() throws {
        let dialogue = RejoinDialogue(command: self)
        let code = dialogue.run()
        guard code == .done else { throw ExitCode(code.rawValue) }
    }
}

extension RejoinMethod: ExpressibleByArgument {}

extension RejoinCommand {
    /// As which it may be called.
    static let names = ["rejoin", "standby-start"]
    /// The exit code of wrong usage.
    static let usageCode = RejoinExit.usage.rawValue
}
