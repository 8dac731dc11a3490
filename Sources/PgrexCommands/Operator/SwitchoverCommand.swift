public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool switchover`: makes a standby the primary, in order.
public struct SwitchoverCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "switchover",
        abstract: "Makes a standby the primary, and the primary its standby.",
        usage: "pgrex-tool switchover [<node>] [--dry-run] [--yes] [--wait <seconds>] [--max-lag <MB>] [--json]",
        discussion: """
            Run it on any node. Without a name the best standby takes over: the one with the highest promotion score. It \
            has to stream, to hold every acknowledged commit and to have little left to replay; no node may be lost, and \
            nothing may have failed on the target.

            The cluster does it: the primary writes a checkpoint, Pacemaker is asked to prefer the target, demotes one \
            and promotes the other. What asks it ends by itself when this command is killed, and is taken back at \
            the end or when something fails.

            EXAMPLES:
              pgrex-tool switchover --dry-run      say who would take over, and what keeps others from it
              pgrex-tool switchover                asks first
              pgrex-tool switchover pg2 --yes

            EXIT CODES:
              0  the target is the primary, and the former primary streams from it
              2  refused: nothing was changed
              3  failed: the output says at which stage, and who is the primary; what was set is taken back
              4  the target is the primary, but the former one doesn't stream from it yet
              64 wrong usage

            JSON KEYS: from, to, lag_bytes, state, outcome (planned, nothing, done, not_following, failed),
              seconds (until the new primary accepted writes), stage, primary, why; or refused: why nothing was done
            """
    )

    @Argument(help: ArgumentHelp("The node that takes over.", valueName: "node"))
    var node: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Seconds to wait for the new primary, and again for its standby.", valueName: "seconds")
    )
    var wait = 60

    @Option(
        name: .long,
        help: ArgumentHelp("Megabytes of WAL that the target may have still to replay.", valueName: "MB")
    )
    var maxLag = 16

    @OptionGroup var options: OperatorOptions

    public init() {}

    public func validate() throws {
        guard (1...3600).contains(wait) else { throw ValidationError("--wait takes 1 to 3600 seconds") }
        guard (0...1_000_000).contains(maxLag) else { throw ValidationError("--max-lag takes 0 to 1000000 megabytes") }
    }

    public func run() throws {
        let site = try options.site()
        let (agreed, lock) = try plan(site)
        guard let agreed else { return }
        options.tell(switchoverText(agreed))
        if options.dryRun { return options.show(switchoverJSON(agreed, outcome: "planned")) }
        try options.confirm()
        Interruption.begin()
        checkpoint(agreed, site)
        // Answering and the checkpoint take their time.
        let now = try options.site()
        guard case .move(let move) = decide(now, nil), move.isSame(as: agreed) else {
            throw options.refuse(SwitchoverRefusal.changed.text)
        }
        guard !Interruption.isRequested else { throw options.refuse("interrupted: nothing was changed") }
        try report(SwitchoverRun(site: now, move: move, lock: lock).run(seconds: wait) { say($0, move) }, move)
    }

    private func decide(_ site: OperatorSite, _ trace: SwitchoverTrace?) -> SwitchoverPlan {
        decideSwitchover(site.facts, wanted: node, lagLimit: UInt64(maxLag) << 20, trace: trace)
    }

    /// The move, and the lock under which it is made; no move where there is nothing to do.
    private func plan(_ site: OperatorSite) throws -> (SwitchoverMove?, FileLock) {
        if let obstacle = site.facts.obstacle { throw options.refuse(obstacle.text) }
        switch site.beginSwitchover(isDryRun: options.dryRun) {
        case .failed(let why): throw options.refuse(why)
        case .running: throw options.refuse(SwitchoverRefusal.running.text)
        case .underWay(let trace):
            guard case .refuse(let refusal) = decide(site, trace) else {
                throw options.refuse("another switchover runs")
            }
            throw options.refuse(refusal.text)
        case .free(let lock):
            switch decide(site, nil) {
            case .refuse(let refusal): throw options.refuse(refusal.text)
            case .move(let move): return (move, lock)
            case .nothing(let primary):
                options.tell("\(primary) is the primary already.")
                options.show(.object([.init("to", .string(primary)), .init("outcome", .string("nothing"))]))
                return (nil, lock)
            }
        }
    }

    private func checkpoint(_ move: SwitchoverMove, _ site: OperatorSite) {
        say(.checkpoint, move)
        if let why = site.checkpoint(move.from, by: .after(milliseconds: 600_000)) {
            options.tell("  not from here, so that its shutdown may take longer: \(why)")
        }
    }

    private func say(_ stage: SwitchoverStage, _ move: SwitchoverMove) { options.tell("\(stage.text(move)) ...") }

    private func report(_ end: SwitchoverEnd, _ move: SwitchoverMove) throws {
        switch end {
        case .done(let milliseconds):
            options.tell("\(move.to) is the primary after \(elapsedText(milliseconds)), and \(move.from) follows it.")
            options.show(switchoverJSON(move, outcome: "done", milliseconds: milliseconds, primary: move.to))
        case .notFollowing(let milliseconds, let why):
            options.tell("\(move.to) is the primary after \(elapsedText(milliseconds)).")
            options.show(
                switchoverJSON(move, outcome: "not_following", milliseconds: milliseconds, primary: move.to, why: why)
            )
            throw options.fail(
                "\(move.from) doesn't follow \(move.to) yet: \(why). HINT: 'pgrex-tool rejoin' on \(move.from).",
                code: 4
            )
        case .failed(let stage, let mishap, let primary):
            let why = mishap.text(move)
            options.show(switchoverJSON(move, outcome: "failed", stage: stage, primary: primary, why: why))
            throw options.fail(switchoverFailure(move, stage, why, primary), code: 3)
        }
    }
}

/// What is about to happen.
func switchoverText(_ move: SwitchoverMove) -> String {
    "\(move.from) is the primary; \(move.to) takes over (\(move.synchronousState), \(move.lag) bytes of WAL to replay), and "
        + "\(move.from) becomes its standby. Sessions on \(move.from) are ended."
}

func switchoverFailure(_ move: SwitchoverMove, _ stage: SwitchoverStage, _ why: String, _ primary: String?) -> String {
    let now =
        primary.map { sameName($0, move.from) ? "\($0) is the primary as before" : "\($0) is the primary" }
        ?? "no primary runs at present"
    return
        "the switchover failed while \(stage.text(move)): \(why); \(now). HINT: 'pgrex-tool status'; 'crm_mon -1rf' shows "
        + "failures, and 'crm_resource --constraints' what keeps the cluster from moving it."
}

func switchoverJSON(
    _ move: SwitchoverMove,
    outcome: String,
    milliseconds: Int? = nil,
    stage: SwitchoverStage? = nil,
    primary: String? = nil,
    why: String? = nil
) -> JSONValue {
    .object([
        .init("from", .string(move.from)),
        .init("to", .string(move.to)),
        .init("lag_bytes", .unsigned(move.lag)),
        .init("state", .string(move.synchronousState)),
        .init("outcome", .string(outcome)),
        .init("seconds", milliseconds.map { .string(secondsNumber($0)) } ?? .null),
        .init("stage", stage.map { .string($0.rawValue) } ?? .null),
        .init("primary", primary.map { .string($0) } ?? .null),
        .init("why", why.map { .string($0) } ?? .null),
    ])
}

/// "1.4 s"
func elapsedText(_ milliseconds: Int) -> String { "\(secondsNumber(milliseconds)) s" }

private func secondsNumber(_ milliseconds: Int) -> String { "\(milliseconds / 1000).\(milliseconds % 1000 / 100)" }
