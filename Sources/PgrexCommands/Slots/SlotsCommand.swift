public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool slots`: what every server keeps for whom, and how long that lasts.
public struct SlotsCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "slots",
        abstract: "Shows every server's replication slots, what they keep, and when they are given up.",
        subcommands: [SlotsListCommand.self, SlotsDropCommand.self],
        defaultSubcommand: SlotsListCommand.self
    )

    public init() {}
}

/// `pgrex-tool slots`, without a further word.
public struct SlotsListCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows every server's replication slots.",
        usage: "pgrex-tool slots [--json] [--resource <id>]",
        discussion: """
            Every node keeps a slot for each other one. On the primary they hold the WAL that a standby hasn't got yet; on \
            a standby what the others will need should it be promoted, and no more.

            KEEPS FROM is the oldest WAL that the slot keeps, RETAINED how much that is, UNUSED for how long nobody \
            has read from it, UP TO how much it may keep before it is given up. FREE is the room in pg_wal's file system \
            and FULL IN how long that lasts at the present rate, as each node's agent last told.

            EXAMPLES:
              pgrex-tool slots
              pgrex-tool slots --json | jq '.nodes[].slots[] | select(.state != "in_use")'
              pgrex-tool slots drop --dry-run

            EXIT CODES:
              0  shown
              4  can't tell: not even the settings could be read

            JSON KEYS (what isn't known is null, and "unknown" says why; new ones may come):
              resource, slot_base
              limits: share_percent, bytes, age_seconds (0 is no limit)
              nodes: name, local, role, free_bytes, wal_bytes_per_second, seconds_until_full,
                server_limits, unknown, slots
              slots: name, kind (member, former, left, logical, foreign), owner, active,
                restart_lsn, retained_bytes, unused_seconds, limit_bytes,
                state (in_use, kept, near_limit, over_limit, unreserved, lost, missing, dropped), why
            """
    )

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func run() throws {
        let site = try choice.site(json: json)
        if json {
            printOutput(slotsJSON(site.report).text(isIndented: true) + "\n")
        } else {
            printOutput(renderSlots(site.report, takenAt: localTime(), style: .ofStandardOutput))
        }
    }
}

/// `pgrex-tool slots drop`.
public struct SlotsDropCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Drops slots that nobody uses.",
        usage: "pgrex-tool slots drop [<slot> ...] [--node <node>] [--dry-run] [--yes] [--json]",
        discussion: """
            Without a name, the one slot that heartbeat/pgsql made before its release 4.1.0, named as \
            replication_slot_name, wherever it is left. With a name, that slot: of a node that left node_list, or of one \
            that is away. The latter is dropped on the primary, isn't made again until its node is back, and the \
            standbys follow; the node then needs a rewind or a copy, unless an archive has the WAL.

            A slot in use is never dropped, nor a logical one, nor one that isn't the agent's.

            EXAMPLES:
              pgrex-tool slots drop --dry-run             say what would be dropped
              pgrex-tool slots drop                       what heartbeat/pgsql left
              pgrex-tool slots drop pgsql_slot_node3 --yes   give node3's WAL up

            EXIT CODES:
              0  dropped, or with --dry-run the plan is shown
              2  refused: nothing was dropped
              3  failed: something may be left
              64 wrong usage
            """
    )

    @Argument(help: ArgumentHelp("The slots to drop.", valueName: "slot"))
    var names: [String] = []

    @Option(name: .long, help: ArgumentHelp("Only on this node's server.", valueName: "node"))
    var node: String?

    @Flag(name: .long, help: "Only say what would be dropped.")
    var dryRun = false

    @Flag(name: .long, help: "Drop the slot of a node that is away without a question.")
    var yes = false

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func run() throws {
        let site = try choice.site(json: json)
        if let node, !site.report.nodes.contains(where: { sameName($0.node, node) }) {
            throw refuse(
                "no node \"\(node)\": there are \(site.report.nodes.map(\.node).joined(separator: ", "))",
                json: json
            )
        }
        switch site.report.planDrop(names, on: node) {
        case .failure(let refusal): throw refuse(refusal.text, json: json)
        case .success(let plan): try carryOut(plan, site)
        }
    }

    private func carryOut(_ plan: SlotDropPlan, _ site: SlotSite) throws {
        if !json { printOutput(plan.targets.map { explanation($0) + "\n" }.joined()) }
        if dryRun {
            if json { printOutput(planJSON(plan, outcome: "planned").text(isIndented: true) + "\n") }
            return
        }
        guard isConfirmed(plan) else {
            throw refuse("not confirmed: nothing was dropped. HINT: --yes confirms.", json: json)
        }
        for target in plan.targets {
            guard let failure = site.drop(target) else { continue }
            printError("pgrex-tool: slot \"\(target.slot.name)\" on \(target.node) wasn't dropped: \(failure)\n")
            throw ExitCode(3)
        }
        if json { printOutput(planJSON(plan, outcome: "dropped").text(isIndented: true) + "\n") }
    }

    /// What costs nobody anything needs no question.
    private func isConfirmed(_ plan: SlotDropPlan) -> Bool {
        guard !plan.owners.isEmpty, !yes else { return true }
        guard Style.isInputTerminal, !json else { return false }
        printOutput("Drop it? Type yes to go on: ")
        return readLine() == "yes"
    }
}

/// The resource that a command is about.
struct ResourceChoice: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The primitive or its clone, where several are configured.", valueName: "id")
    )
    var resource: String?

    func site(json: Bool) throws -> SlotSite {
        do throws(ContextProblem) {
            return try SlotSite.read(resource: resource)
        } catch {
            if json { printOutput(refusalJSON(error.description).text(isIndented: true) + "\n") }
            printError("pgrex-tool: \(error.description)\n")
            throw ExitCode(4)
        }
    }
}
