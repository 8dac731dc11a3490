public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool rejoin`: brings a failed node back.
public struct RejoinCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "rejoin",
        abstract: "Brings a failed node back as a standby.",
        usage: "pgrex-tool rejoin [<node>] [--dry-run] [--wait <seconds>] [--json]",
        discussion: """
            Run it on the failed node. It compares the data here with the primary's, by system identifier, timelines \
            and the last records, says what it found, and brings the node back the cheapest way: data that have \
            nothing of their own go on from where they stand; the cluster forgets the node's failures and starts the \
            instance, and the command waits until that receives WAL.

            Data that can't go on are never touched: the command then prints the commands that make a copy beside.

            EXAMPLES:
              pgrex-tool rejoin --dry-run      say what would be done, and why
              pgrex-tool rejoin

            EXIT CODES:
              0  the node follows, or with --dry-run the plan is shown
              2  refused, or a person has to decide: the output says what
              4  begun, but it doesn't follow yet: run it again
              5  unsafe: there is more than one primary
              64 wrong usage

            JSON KEYS: node, plan (nothing, follow, copy), primary, finding, commands (for a copy),
              outcome (planned, following, not_following), why; or refused: why nothing was done
            """
    )

    @Argument(help: ArgumentHelp("The node to bring back; it has to be this one.", valueName: "node"))
    var node: String?

    @Flag(name: .long, help: "Only say what would be done.")
    var dryRun = false

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @Option(name: .long, help: ArgumentHelp("Seconds to wait until it follows.", valueName: "seconds"))
    var wait = 60

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func validate() throws {
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait takes 0 to 86400 seconds") }
    }

    public func run() throws {
        let site = try read()
        let plan = decideRejoin(site.facts)
        switch plan {
        case .refuse(let refusal):
            let code = refuse(refusal.text, json: json)
            throw refusal.isUnsafe ? ExitCode(5) : code
        case .nothing: say(rejoinJSON(site, plan, outcome: "following"), "\(site.node) follows already.\n")
        case .follow(let primary): try follow(site, plan, primary)
        case .copy(let primary, let data):
            say(rejoinJSON(site, plan, outcome: "planned"), copyText(site, data.finding(primary: primary)))
            throw dryRun ? ExitCode(0) : ExitCode(2)
        }
    }

    private func read() throws -> RejoinSite {
        do throws(RejoinSite.Problem) {
            return try RejoinSite.read(resource: choice.resource, node: node)
        } catch {
            throw refuse(error.description, json: json)
        }
    }

    private func say(_ json: JSONValue, _ text: String) {
        printOutput(self.json ? json.text(isIndented: true) + "\n" : text)
    }

    private func follow(_ site: RejoinSite, _ plan: RejoinPlan, _ primary: String) throws {
        let reason = "\(LocalData.ancestor.finding(primary: primary)): \(site.node) follows as it is"
        if dryRun { return say(rejoinJSON(site, plan, outcome: "planned"), "\(reason).\n") }
        if !json { printOutput("\(reason); waiting until it receives WAL ...\n") }
        guard let obstacle = site.follow(seconds: wait) else {
            return say(rejoinJSON(site, plan, outcome: "following"), "\(site.node) follows \(primary).\n")
        }
        if json { say(rejoinJSON(site, plan, outcome: "not_following", why: obstacle), "") }
        printError("pgrex-tool: \(site.node) doesn't follow \(primary) yet: \(obstacle). HINT: 'pgrex-tool status'.\n")
        throw ExitCode(4)
    }
}

private func copyText(_ site: RejoinSite, _ finding: String) -> String {
    let commands = site.copyCommands().map { "    \($0)\n" }.joined()
    return
        "\(site.node) needs a copy of the primary's data: \(finding).\nNothing was changed. To make one, as root:\n\n\(commands)"
}

func rejoinJSON(_ site: RejoinSite, _ plan: RejoinPlan, outcome: String, why: String? = nil) -> JSONValue {
    var members: [JSONValue.Member] = [.init("node", .string(site.node))]
    switch plan {
    case .nothing, .refuse: members.append(.init("plan", .string("nothing")))
    case .follow(let primary):
        members += [
            .init("plan", .string("follow")), .init("primary", .string(primary)),
            .init("finding", .string(LocalData.ancestor.finding(primary: primary))),
        ]
    case .copy(let primary, let data):
        members += [
            .init("plan", .string("copy")), .init("primary", .string(primary)),
            .init("finding", .string(data.finding(primary: primary))),
            .init("commands", .array(site.copyCommands().map { .string($0) })),
        ]
    }
    members += [.init("outcome", .string(outcome)), .init("why", why.map { .string($0) } ?? .null)]
    return .object(members)
}
