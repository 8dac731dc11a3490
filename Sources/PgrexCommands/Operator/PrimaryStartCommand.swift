public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool primary-start`: brings the resource up when no primary runs.
public struct PrimaryStartCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "primary-start",
        abstract: "Starts the resource when no primary runs.",
        usage: "pgrex-tool primary-start [--start-cluster] [--dry-run] [--wait <seconds>] [--json]",
        discussion: """
            Run it on the node that should be the primary, after 'stop', after a power cut of all, or after failures. It \
            takes back what 'pgrex-tool stop' stopped here, has the cluster forget this resource's failures on this node, \
            and waits for the promotion. The nodes choose by the cluster's record and their positions: nothing is forced, \
            and where another node has more that one is the primary, or the command says for whom the cluster waits.

            EXAMPLES:
              pgrex-tool primary-start --dry-run
              pgrex-tool primary-start
              pgrex-tool primary-start --start-cluster    starts Pacemaker here first

            EXIT CODES:
              0  a primary runs: the output says which
              2  refused: nothing was changed
              3  no primary within the time: the output says what the cluster waits for
              64 wrong usage

            JSON KEYS: node, steps, last_primary, outcome (planned, nothing, started, waiting, failed),
              primary, why; or refused: why nothing was done
            """
    )

    @Flag(name: .long, help: "Start the cluster's services on this node when they don't run.")
    var startCluster = false

    @Option(name: .long, help: ArgumentHelp("Seconds to wait for a primary.", valueName: "seconds"))
    var wait = 120

    @OptionGroup var options: OperatorOptions

    public init() {}

    public func validate() throws {
        guard (0...3600).contains(wait) else { throw ValidationError("--wait takes 0 to 3600 seconds") }
    }

    public func run() throws {
        let site = try siteOfRunningCluster()
        guard let site else { return }
        guard let facts = site.primaryStartFacts else {
            throw options.refuse("this node's name isn't known. HINT: 'crm_node --name'.")
        }
        switch decidePrimaryStart(facts) {
        case .refuse(let refusal): throw options.refuse(refusal.text)
        case .nothing:
            options.tell("\(facts.node) is the primary already.")
            options.show(primaryStartJSON(facts.node, PrimaryStartAction(), outcome: "nothing", primary: facts.node))
        case .start(let action): try carryOut(action, facts.node, site)
        }
    }

    /// The site, once the cluster's services run; nil after a dry run without them.
    private func siteOfRunningCluster() throws -> OperatorSite? {
        let site = try options.site()
        guard case .savedConfiguration(let why, _) = site.facts.status.source else { return site }
        guard let command = ClusterServices.startCommand else {
            throw options.refuse(
                "the cluster doesn't run on this node (\(why)), and neither crm, pcs nor systemctl is here"
            )
        }
        let words = ([command.program] + command.arguments).joined(separator: " ")
        guard startCluster else {
            throw options.refuse(
                "the cluster doesn't run on this node: \(why). HINT: '\(words)', or --start-cluster, which runs that."
            )
        }
        if options.dryRun {
            options.tell("'\(words)' would be run; the rest can be told only then.")
            options.show(.object([.init("steps", .array([.string(words)])), .init("outcome", .string("planned"))]))
            return nil
        }
        options.tell("'\(words)' ...")
        Interruption.begin()
        if let failure = ClusterServices.start(command, by: .after(milliseconds: max(60, wait) * 1000)) {
            throw options.fail("\(failure). HINT: 'crm_mon -1'.", code: 3)
        }
        return try options.site()
    }

    private func carryOut(_ action: PrimaryStartAction, _ node: String, _ site: OperatorSite) throws {
        options.tell(primaryStartText(action, node))
        if options.dryRun { return options.show(primaryStartJSON(node, action, outcome: "planned")) }
        Interruption.begin()
        site.removeStaleNotes()
        let end = site.startPrimary(action, by: .after(milliseconds: wait * 1000)) { options.tell("  \($0)") }
        switch end {
        case .primary(let primary):
            let other = ": \(node) has no more than it. 'pgrex-tool switchover \(node)' makes \(node) the primary"
            options.tell("\(primary) is the primary\(sameName(primary, node) ? "" : other).")
            options.show(primaryStartJSON(node, action, outcome: "started", primary: primary))
        case .none(let why):
            options.show(primaryStartJSON(node, action, outcome: "waiting", why: why))
            throw options.fail(
                "no primary within \(wait) s: \(why). HINT: 'pgrex-tool status' shows the nodes; 'pgrex-tool failover --dry-run' "
                    + "says what would be lost without those that are missing.",
                code: 3
            )
        case .failed(let why):
            options.show(primaryStartJSON(node, action, outcome: "failed", why: why))
            throw options.fail("\(why). HINT: 'pgrex-tool status'.", code: 3)
        }
    }
}

/// What is done before the cluster starts and promotes by itself.
func primaryStartSteps(_ action: PrimaryStartAction, _ node: String) -> [String] {
    var steps: [String] = []
    if action.clearsFailures { steps.append("the cluster forgets this resource's failures on \(node)") }
    for node in action.nodesToRelease { steps.append("\(node), stopped by 'pgrex-tool stop', leaves standby mode") }
    if let note = action.stopOfAll {
        steps.append("the resource, stopped by \(note.author) at \(note.time), is started on all nodes")
    }
    return steps
}

func primaryStartText(_ action: PrimaryStartAction, _ node: String) -> String {
    let last = action.lastPrimary.map { ["The last primary was \($0), by the cluster's record."] } ?? []
    let steps = primaryStartSteps(action, node)
    let what = steps.isEmpty ? ["Nothing is stopped by 'pgrex-tool stop'."] : steps.map { "- \($0)" }
    return (last + what + ["Then the nodes choose a primary, whoever has everything; waiting for it ..."])
        .joined(separator: "\n")
}

func primaryStartJSON(
    _ node: String,
    _ action: PrimaryStartAction,
    outcome: String,
    primary: String? = nil,
    why: String? = nil
) -> JSONValue {
    .object([
        .init("node", .string(node)),
        .init("steps", .array(primaryStartSteps(action, node).map { .string($0) })),
        .init("last_primary", action.lastPrimary.map { .string($0) } ?? .null),
        .init("outcome", .string(outcome)),
        .init("primary", primary.map { .string($0) } ?? .null),
        .init("why", why.map { .string($0) } ?? .null),
    ])
}
