internal import RACore
internal import RAKit

/// What `rejoin` says and asks, from the first look to the end.
struct RejoinDialogue {
    let command: RejoinCommand
    private let began = Moment.now()

    init(command: RejoinCommand) { self.command = command }

    private var json: Bool { command.json }

    private var options: RejoinOptions {
        var options = RejoinOptions()
        options.source = command.source
        options.maxRate = command.rate
        options.isInPlace = command.inPlace
        options.incrementalFrom = command.incrementalFrom
        options.archive = command.archive
        options.fetchCommand = command.fetchCommand
        options.isUnattended = command.unattended
        options.wait = command.wait
        options.began = began
        return options
    }

    func run() -> RejoinExit {
        do throws(RejoinSurvey.Problem) {
            let (context, node) = try RejoinSurvey.place(resource: command.choice.resource)
            if let wanted = command.node, !sameName(wanted, node) { return goElsewhere(wanted) }
            guard !command.dryRun else { return run(context, node, nil) }
            do throws(RejoinFailure) {
                return run(context, node, try RejoinSeat(context))
            } catch {
                return refuse(error)
            }
        } catch {
            return refuse(RejoinFailure(.refused, error.description))
        }
    }

    /// Looks, decides and acts; with the seat taken nobody else does meanwhile.
    private func run(_ first: ResourceContext, _ node: String, _ seat: RejoinSeat?) -> RejoinExit {
        let patience = Deadline.after(milliseconds: command.unattended ? 120_000 : 0)
        var context = first
        var settled = 0
        while true {
            let survey = RejoinSurvey(context, node: node, wish: wish, options: options)
            do throws(RejoinFailure) {
                if let seat, settled < 3, survey.isStopped, try settle(survey, seat) {
                    settled += 1
                } else {
                    let plan = decideRejoin(survey.facts)
                    // What the agent has begun while a primary is being chosen waits for it.
                    guard plan == .refuse(.noPrimary), !patience.isPast else { return carryOut(plan, survey, seat) }
                    pause(milliseconds: 1000)
                }
            } catch {
                return refuse(error)
            }
            guard let (again, _) = try? RejoinSurvey.place(resource: command.choice.resource) else { continue }
            context = again
        }
    }

    /// Brings what an earlier run left to its end.
    ///
    /// - Returns: whether the data are others now.
    private func settle(_ survey: RejoinSurvey, _ seat: RejoinSeat) throws(RejoinFailure) -> Bool {
        let reporter = reporter(survey, RejoinMeter(isQuiet: json))
        return try RejoinRun(survey, seat, options: options, progress: reporter.progress).settle()
    }

    private var wish: RejoinWish {
        var wish = RejoinWish(method: command.method, discardedSystem: command.discardSystem)
        wish.isUnattended = command.unattended && !command.requested
        return wish
    }

    private func carryOut(_ plan: RejoinPlan, _ survey: RejoinSurvey, _ seat: RejoinSeat?) -> RejoinExit {
        switch plan {
        case .refuse(let refusal):
            let failure = RejoinFailure(refusal.exit, refusal.text)
            if command.unattended { reporter(survey, RejoinMeter(isQuiet: true)).end(failure) }
            return refuse(failure)
        case .nothing: return closeFormer(survey, seat)
        case .go(let route): return go(survey, route, seat)
        }
    }

    /// It follows: what a run that was ended before its end has left is no longer needed.
    private func closeFormer(_ survey: RejoinSurvey, _ seat: RejoinSeat?) -> RejoinExit {
        if let seat, survey.hasLeftovers {
            let reporter = reporter(survey, RejoinMeter(isQuiet: json))
            do throws(RejoinFailure) {
                try RejoinRun(survey, seat, options: options, progress: reporter.progress).closeFormer()
                reporter.end(nil)
            } catch {
                return refuse(error)
            }
        }
        say(rejoinJSON(survey.node, nil, outcome: "following"), "\(survey.node) follows already.\n")
        return .done
    }

    private func reporter(_ survey: RejoinSurvey, _ meter: RejoinMeter) -> RejoinReporter {
        RejoinReporter(
            resource: survey.resource,
            log: command.unattended ? Log(resource: survey.resource) : nil,
            show: { meter.show($0) },
            line: { meter.line($0) }
        )
    }

    /// Has another node's agent do it, and watches.
    private func goElsewhere(_ wanted: String) -> RejoinExit {
        do throws(RejoinFailure) {
            let remote = try RemoteRejoin(resource: command.choice.resource, node: wanted)
            guard !command.hasLocalOptions else {
                throw RejoinFailure(.usage, "of another node's rejoin only --method and --wait can be chosen from here")
            }
            guard !command.dryRun else {
                throw RejoinFailure(
                    .refused,
                    "only \(remote.node) itself can read its data. HINT: Run --dry-run there."
                )
            }
            Interruption.begin()
            let meter = RejoinMeter(isQuiet: json)
            try remote.ask(method: command.method)
            try remote.await(seconds: command.wait) { meter.show($0) }
            meter.clear()
            say(rejoinJSON(remote.node, nil, outcome: "following"), "\(remote.node) follows.\n")
            return .done
        } catch {
            return refuse(error, nil, wanted)
        }
    }

    private func go(_ survey: RejoinSurvey, _ route: RejoinRoute, _ seat: RejoinSeat?) -> RejoinExit {
        if !json { printOutput(planText(survey.node, route)) }
        guard let seat else {
            if json { say(rejoinJSON(survey.node, route, outcome: "planned"), "") }
            return .done
        }
        guard isConfirmed(survey, route) else {
            return refuse(
                RejoinFailure(.refused, "not confirmed: nothing was changed. HINT: --yes confirms it."),
                route,
                survey.node
            )
        }
        Interruption.begin()
        let meter = RejoinMeter(isQuiet: json)
        let reporter = reporter(survey, meter)
        do throws(RejoinFailure) {
            let run = try RejoinRun(survey, seat, options: options, progress: reporter.progress)
            let report = try run.perform(route)
            meter.clear()
            reporter.end(nil)
            say(
                rejoinJSON(survey.node, route, outcome: "following", report: report),
                "\(survey.node) follows \(route.primary) (\(report.method.rawValue), "
                    + "\(precise(report.milliseconds))).\n"
            )
            return .done
        } catch {
            meter.clear()
            reporter.end(error)
            return refuse(error, route, survey.node)
        }
    }

    /// Only what gives data up that nothing else holds is asked for: a copy in place, and data of another history.
    private func isConfirmed(_ survey: RejoinSurvey, _ route: RejoinRoute) -> Bool {
        guard command.inPlace || command.discardSystem != nil, !command.yes else { return true }
        guard Style.isInputTerminal, !json else { return false }
        let what = command.inPlace ? "the data here are removed before the copy is made" : "the data here are given up"
        printOutput("On \(survey.node) \(what). Type yes to go on: ")
        return readLine() == "yes"
    }

    private func say(_ value: JSONValue, _ text: String) {
        printOutput(json ? value.text(isIndented: true) + "\n" : text)
    }

    private func refuse(_ failure: RejoinFailure, _ route: RejoinRoute? = nil, _ node: String? = nil) -> RejoinExit {
        if json {
            let value = node.map { rejoinJSON($0, route, outcome: failure.exit.word, why: failure.reason) }
            printOutput((value ?? refusalJSON(failure.reason)).text(isIndented: true) + "\n")
        }
        printError("pgrex-tool: \(failure.reason)\n")
        return failure.exit
    }
}

/// What was found and will be done, for people.
func planText(_ node: String, _ route: RejoinRoute) -> String {
    var lines = ["\(node): \(route.data.finding(primary: route.primary))."]
    if let first = route.methods.first { lines.append("  plan: \(first.meaning(primary: route.primary))") }
    for method in route.methods.dropFirst() {
        lines.append("  if that fails: \(method.meaning(primary: route.primary))")
    }
    for remark in route.remarks { lines.append("  note: \(remark)") }
    for rejected in route.rejected { lines.append("  not \(rejected.method.rawValue): \(rejected.why)") }
    return lines.joined(separator: "\n") + "\n"
}

extension RejoinMethod {
    /// The method in a clause.
    func meaning(primary: String) -> String {
        switch self {
        case .follow: "follow \(primary) as it is"
        case .archive: "fetch the WAL that is missing from the archive, then follow \(primary)"
        case .rewind: "save the WAL that is given up, rewind to where \(primary) left, then follow it"
        case .incremental: "from the kept backup and what changed on \(primary) since, verified before it is swapped in"
        case .copy: "copy \(primary) beside, verify the copy, swap it in; the former data stay until it streams"
        }
    }
}

extension RejoinExit {
    /// One word for scripts.
    var word: String {
        switch self {
        case .done: "following"
        case .usage: "usage"
        case .refused: "refused"
        case .failed: "failed"
        case .resumable: "not_following"
        case .unsafe: "unsafe"
        }
    }
}

/// Milliseconds as seconds with two decimals: "0.59 s".
func precise(_ milliseconds: Int) -> String {
    let hundredths = (milliseconds + 5) / 10
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) s"
}
