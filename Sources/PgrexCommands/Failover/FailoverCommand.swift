public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool failover`: the one way on when the only node that holds every acknowledged commit stays away.
public struct FailoverCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "failover",
        abstract: "Promotes a standby although acknowledged commits may be only on nodes that are away.",
        usage: "pgrex-tool failover --accept-loss [<node>] [--give-up <nodes>] [--dry-run] [--json]",
        discussion: """
            A cluster whose last primary, and everybody that commits waited for, are away promotes nobody: it waits \
            for them, and 'pgrex-tool status' says for whom. When they can't be brought back, this command says what \
            may be lost, has you type the names of the nodes whose data are given up, records that, and waits until \
            the cluster has promoted the furthest standby that is here, or the one that you name.

            The data of the nodes that are given up are not touched; when they come back, they are refused and \
            'pgrex-tool rejoin' brings them back.

            EXAMPLES:
              pgrex-tool failover --dry-run                          say what would be lost
              pgrex-tool failover --accept-loss                      ask, then do it
              pgrex-tool failover --accept-loss pg3 --give-up pg1,pg2   without a question, for scripts

            EXIT CODES:
              0  a primary serves, or with --dry-run the plan is shown
              2  refused: nothing is to be accepted, or it wasn't confirmed
              3  recorded, but no primary serves yet: run 'pgrex-tool status'
              64 wrong usage
            """
    )

    @Argument(help: ArgumentHelp("The node to promote, instead of the furthest.", valueName: "node"))
    var node: String?

    @Flag(name: .long, help: "Promote although acknowledged commits may be lost.")
    var acceptLoss = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The nodes whose data are given up, with commas: confirms without a question.",
            valueName: "nodes"
        )
    )
    var giveUp: String?

    @Flag(name: .long, help: "Only say what would be done and lost.")
    var dryRun = false

    @Flag(name: .long, help: "Print the plan and the outcome as JSON.")
    var json = false

    @Option(name: .long, help: ArgumentHelp("Seconds to wait for the new primary.", valueName: "seconds"))
    var wait = 60

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func validate() throws {
        guard acceptLoss || dryRun else {
            throw ValidationError("nothing is promoted without --accept-loss; --dry-run says what would be lost")
        }
        guard (0...3600).contains(wait) else { throw ValidationError("--wait takes 0 to 3600 seconds") }
    }

    public func run() throws {
        let site = try read()
        switch site.plan(wanted: node) {
        case .failure(let refusal): throw refuse(refusal.text)
        case .success(let plan): try carryOut(plan, site.record)
        }
    }

    private func read() throws -> FailoverSite {
        do throws(ContextProblem) {
            return try FailoverSite.read(resource: choice.resource)
        } catch {
            throw refuse(error.description)
        }
    }

    private func carryOut(_ agreed: LossPlan, _ record: ClusterRecord?) throws {
        if !json { printOutput(explanation(agreed, record)) }
        if dryRun {
            if json { printOutput(planJSON(agreed, outcome: "planned").text(isIndented: true) + "\n") }
            return
        }
        let names = agreed.givenUp.joined(separator: ",")
        guard isConfirmed(names) else {
            throw refuse("not confirmed: nothing was changed. HINT: The names are \(names).")
        }
        let site = try read()
        switch site.plan(agreed: agreed, wanted: node) {
        case .failure(let refusal): throw refuse(refusal.text)
        case .success(let plan): try promote(plan, site)
        }
    }

    private func promote(_ plan: LossPlan, _ site: FailoverSite) throws {
        if let failure = site.record(plan) { throw refuse("nothing was promoted: \(failure)") }
        if !json { printOutput("recorded; waiting for the cluster to promote \(plan.candidate) ...\n") }
        let primary = site.awaitPrimary(seconds: wait)
        if json {
            printOutput(planJSON(plan, outcome: primary ?? "none yet").text(isIndented: true) + "\n")
        } else if let primary {
            printOutput("\(primary) is the primary.\n")
        }
        guard primary != nil else {
            printError("pgrex-tool: no primary within \(wait) s. HINT: 'pgrex-tool status' shows why.\n")
            throw ExitCode(3)
        }
    }

    private func isConfirmed(_ names: String) -> Bool {
        if let giveUp { return !names.isEmpty && sameNames(giveUp, names) }
        guard Style.isInputTerminal, !json, !names.isEmpty else { return false }
        printOutput("Type the names of the nodes that are given up (\(names)) to go on: ")
        return sameNames(readLine() ?? "", names)
    }

    private func refuse(_ text: String) -> ExitCode { PgrexCommands.refuse(text, json: json) }
}

/// Whether two lists have the same names, in any order.
func sameNames(_ left: String, _ right: String) -> Bool {
    let split = { (text: String) in
        text.split(whereSeparator: { $0 == "," || $0 == " " }).map { ReplicaSet.applicationName(of: String($0)) }
            .sorted()
    }
    return split(left) == split(right)
}
