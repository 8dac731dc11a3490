public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool stop`: stops one node's instance, or the whole resource.
public struct StopCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stops a node's instance, or all of them.",
        usage: "pgrex-tool stop [<node>] [--all] [--fast] [--dry-run] [--yes] [--wait <seconds>] [--json]",
        discussion: """
            Without a name this node. The node goes into Pacemaker's standby mode, in which it stays over a reboot, and \
            stays a member that counts for quorum. With --all the resource is stopped (target-role): the primary \
            ends first, while its standbys receive all that it has written, then they do; none needs a copy afterwards.

            The cluster notes that it was this command. 'rejoin' and 'standby-start' on a stopped node, and \
            'primary-start' after --all or where no primary runs, take back exactly what it did.

            EXAMPLES:
              pgrex-tool stop                    this node's; asks when it is the primary
              pgrex-tool stop pg3 --yes
              pgrex-tool stop --all --dry-run    say what would be stopped

            EXIT CODES:
              0  stopped, or it was before
              2  refused: nothing was changed
              3  failed: the output says what was done
              4  the cluster is stopping it, but that isn't over
              64 wrong usage

            JSON KEYS: scope (node, all), nodes, primary, warnings, outcome (planned, nothing, stopped,
              stopping, failed), running (stopping: what isn't down), start_again, why; or refused:
              why nothing was done
            """
    )

    @Argument(help: ArgumentHelp("The node to stop.", valueName: "node"))
    var node: String?

    @Flag(name: .long, help: "Stop the instances of all nodes.")
    var all = false

    @Flag(name: .long, help: "Don't have the instance write a checkpoint first.")
    var fast = false

    @Option(name: .long, help: ArgumentHelp("Seconds to wait until it is down.", valueName: "seconds"))
    var wait = 120

    @OptionGroup var options: OperatorOptions

    public init() {}

    public func validate() throws {
        guard node == nil || !all else { throw ValidationError("a node and --all don't go together") }
        guard (0...3600).contains(wait) else { throw ValidationError("--wait takes 0 to 3600 seconds") }
    }

    public func run() throws {
        let site = try options.site()
        switch try decide(site) {
        case .refuse(let refusal): throw options.refuse(refusal.text)
        case .nothing(let already):
            let text = already.text(outerName: site.facts.outerName)
            options.tell(text)
            options.show(.object([.init("outcome", .string("nothing")), .init("start_again", .string(text))]))
        case .stop(let action): try carryOut(action, site)
        }
    }

    private func decide(_ site: OperatorSite) throws -> StopPlan {
        if all { return decideStopOfAll(site.facts) }
        guard let node = node ?? site.ownNode else {
            throw options.refuse("this node's name isn't known. HINT: Name the node.")
        }
        return decideStop(node: node, site.facts)
    }

    private func carryOut(_ agreed: StopAction, _ site: OperatorSite) throws {
        options.tell(stopText(agreed))
        if options.dryRun { return options.show(stopJSON(agreed, outcome: "planned")) }
        if agreed.warnings.contains(where: \.asks) { try options.confirm() }
        Interruption.begin()
        if !fast { checkpoint(agreed, site) }
        let now = try options.site()
        guard case .stop(let action) = try decide(now), action.isSame(as: agreed) else {
            throw options.refuse(StopRefusal.changed.text)
        }
        guard !Interruption.isRequested else { throw options.refuse("interrupted: nothing was changed") }
        now.removeStaleNotes()
        if let failure = now.stop(action) {
            options.show(stopJSON(action, outcome: "failed", why: failure))
            throw options.fail("\(failure). HINT: 'pgrex-tool status' shows what was stopped.", code: 3)
        }
        try report(now.awaitStop(action, by: .after(milliseconds: wait * 1000)), action)
    }

    private func checkpoint(_ action: StopAction, _ site: OperatorSite) {
        options.tell("a checkpoint is written, so that the shutdown is short ...")
        for (node, why) in site.checkpoint(before: action, by: .after(milliseconds: 600_000)) {
            options.tell("  not on \(node), whose shutdown may take longer: \(why)")
        }
    }

    private func report(_ end: StopEnd, _ action: StopAction) throws {
        switch end {
        case .stopped:
            options.tell("stopped. \(startAgain(action))")
            options.show(stopJSON(action, outcome: "stopped"))
        case .notYet(let running):
            options.show(stopJSON(action, outcome: "stopping", running: running))
            throw options.fail(
                "\(running.joined(separator: ", ")) isn't down yet, and the cluster goes on stopping it. HINT: 'pgrex-tool "
                    + "status --watch'. \(startAgain(action))",
                code: 4
            )
        }
    }
}

/// What would be stopped, and what that means.
func stopText(_ action: StopAction) -> String {
    let what =
        switch action.scope {
        case .node: "Stopping the instance of \(action.nodes.joined(separator: ", "))."
        case .all: "Stopping the instances of \(action.nodes.joined(separator: ", ")), the primary first."
        }
    return ([what] + action.warnings.map { ($0.asks ? "WARNING: " : "") + $0.text }).joined(separator: "\n")
}

func startAgain(_ action: StopAction) -> String {
    switch action.scope {
    case .all: "Start it again by 'pgrex-tool primary-start' on any node."
    case .node:
        "Start it again by 'pgrex-tool rejoin' on \(action.nodes.joined(separator: ", ")), or by 'pgrex-tool primary-start' "
            + "there while no primary runs."
    }
}

func stopJSON(_ action: StopAction, outcome: String, running: [String] = [], why: String? = nil) -> JSONValue {
    .object([
        .init("scope", .string(action.scope.rawValue)),
        .init("nodes", .array(action.nodes.map { .string($0) })),
        .init("primary", action.primary.map { .string($0) } ?? .null),
        .init("warnings", .array(action.warnings.map { .string($0.text) })),
        .init("outcome", .string(outcome)),
        .init("running", .array(running.map { .string($0) })),
        .init("start_again", .string(startAgain(action))),
        .init("why", why.map { .string($0) } ?? .null),
    ])
}
