public import ArgumentParser
internal import RACore
internal import RAKit

private let slotsDiscussion = """
    Every node keeps a slot for each other one. On the primary they hold the WAL that a standby hasn't got yet; on a \
    standby what the others will need should it be promoted, and no more.

    KEEPS FROM is the oldest WAL that the slot keeps, RETAINED how much that is, UP TO how much it may retain before \
    it is given up, UNUSED for how long nobody has read from it. FREE is the room in pg_wal's file system as the \
    node's agent last told, FULL IN how long that lasts at the present rate while a slot keeps more and more.

    EXAMPLES:
      pgrex-tool slots
      pgrex-tool slots --json | jq '.nodes[].slots[]? | select(.state != "in_use")'
      pgrex-tool slots drop --dry-run        more: pgrex-tool slots drop --help

    EXIT CODES:
      0  shown
      4  can't tell: not even the settings could be read

    JSON KEYS (what isn't known is null, and "unknown" beside it says why; new ones may come):
      version, resource, source (cluster, saved_configuration), slot_base (null: none are kept)
      limits: share_percent, bytes, age_seconds (0 is no limit)
      nodes: name, local, role, free_bytes, wal_bytes_per_second, seconds_until_full (null
        also while no slot keeps more and more), server_limits, slots, unknown
      slots: name, kind (member, former, left, logical, foreign), owner, active,
        restart_lsn, retained_bytes, kept_bytes (there for this slot alone),
        unused_seconds, limit_bytes, server_status (PostgreSQL's word), state (in_use,
        kept, near_limit, over_limit, reserves_nothing, lost, missing, dropped), why
    """

/// `pgrex-tool slots`: what every server keeps for whom, and how long that lasts.
public struct SlotsCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "slots",
        abstract: "Shows every server's replication slots, what they keep, and when they are given up.",
        usage: "pgrex-tool slots [--json] [--resource <id>]",
        discussion: slotsDiscussion,
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
        discussion: slotsDiscussion
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
            replication_slot_name, wherever it is left. With a name, that slot: of a node that is away, or one that is \
            named like a node's while node_list has no such node. The former is dropped on the primary, isn't made again \
            until its node is back, and the standbys follow; the node then needs a rewind or a copy, unless an archive \
            has the WAL. WAL goes with the next checkpoint.

            A slot in use is never dropped, nor a logical one, nor one with another name.

            EXAMPLES:
              pgrex-tool slots drop --dry-run             say what would be dropped
              pgrex-tool slots drop                       what heartbeat/pgsql left
              pgrex-tool slots drop pgsql_slot_node3 --yes   give up what is kept for node3

            EXIT CODES:
              0  dropped, or with --dry-run the plan is shown
              2  refused: nothing was dropped
              3  failed: the output says what was dropped and what wasn't
              4  can't tell: not even the settings could be read
              64 wrong usage

            JSON KEYS: outcome (planned, dropped, failed), slots: node, outcome (planned,
              dropped, failed, not_tried), why, slot (as of 'slots'); unseen: nodes that can't be
              asked; or refused: why nothing was done
            """
    )

    @Argument(help: ArgumentHelp("The slots to drop.", valueName: "slot"))
    var names: [String] = []

    @Option(name: .long, help: ArgumentHelp("Only on this node's server.", valueName: "node"))
    var node: String?

    @Flag(name: .long, help: "Only say what would be dropped.")
    var dryRun = false

    @Flag(name: .long, help: "Drop without a question.")
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
        case .success(let plan): try agree(plan, site)
        }
    }

    private func agree(_ plan: SlotDropPlan, _ site: SlotSite) throws {
        if !json { printOutput(explanation(plan)) }
        if dryRun {
            if json { printOutput(dropJSON(plan, nil).text(isIndented: true) + "\n") }
            return
        }
        // What heartbeat/pgsql left nobody can miss.
        guard !plan.isHarmless, !yes else { return try carryOut(plan, site) }
        guard Style.isInputTerminal, !json else {
            throw refuse("not confirmed: nothing was dropped. HINT: --yes confirms.", json: json)
        }
        printOutput("Type yes to go on: ")
        guard readLine() == "yes" else { throw refuse("not confirmed: nothing was dropped.", json: json) }
        // It may have taken hours to answer.
        let now = try choice.site(json: json)
        guard case .success(let again) = now.report.planDrop(names, on: node), again.isSame(as: plan) else {
            throw refuse(SlotDropRefusal.changed.text, json: json)
        }
        try carryOut(again, now)
    }

    private func carryOut(_ plan: SlotDropPlan, _ site: SlotSite) throws {
        var failure: String?
        var done = 0
        for target in plan.targets {
            failure = site.drop(target)
            guard failure == nil else { break }
            done += 1
            if !json { printOutput("dropped \(target.slot.name) on \(target.node)\n") }
        }
        if json { printOutput(dropJSON(plan, (done, failure)).text(isIndented: true) + "\n") }
        guard let failure else { return }
        let target = plan.targets[done]
        printError(
            "pgrex-tool: slot \"\(target.slot.name)\" on \(target.node) wasn't dropped: \(failure). HINT: Run it on "
                + "\(target.node).\n"
        )
        throw ExitCode(3)
    }
}

extension ResourceChoice {
    fileprivate func site(json: Bool) throws -> SlotSite {
        do throws(ContextProblem) {
            return try SlotSite.read(resource: resource)
        } catch {
            _ = refuse(error.description, json: json)
            throw ExitCode(4)
        }
    }
}
