internal import RACore
internal import RAKit

/// What `rejoin` says and asks, from the first look to the end.
struct RejoinDialogue {
    let command: RejoinCommand

    private var json: Bool { command.json }

    private var options: RejoinOptions {
        var options = RejoinOptions()
        options.source = command.source
        options.maxRate = command.maxRate
        options.isInPlace = command.inPlace
        options.incrementalFrom = command.incrementalFrom
        options.archive = command.archive
        options.fetchCommand = command.fetchCommand
        options.isUnattended = command.unattended
        options.wait = command.wait
        return options
    }

    func run() -> RejoinExit {
        let wish = RejoinWish(method: command.method, discardedSystem: command.discardSystem)
        let survey: RejoinSurvey
        do throws(RejoinSurvey.Problem) {
            survey = try RejoinSurvey.read(resource: command.choice.resource, wish: wish, options: options)
        } catch {
            return refuse(RejoinFailure(.refused, error.description))
        }
        if let wanted = command.node, !sameName(wanted, survey.node) {
            return refuse(
                RejoinFailure(
                    .refused,
                    "this node is \(survey.node): the data of \(wanted) are there. HINT: Run it on \(wanted)."
                )
            )
        }
        switch decideRejoin(survey.facts) {
        case .refuse(let refusal):
            return refuse(RejoinFailure(refusal.exit, refusal.text))
        case .nothing:
            say(rejoinJSON(survey.node, nil, outcome: "following"), "\(survey.node) follows already.\n")
            return .done
        case .go(let route): return go(survey, route)
        }
    }

    private func go(_ survey: RejoinSurvey, _ route: RejoinRoute) -> RejoinExit {
        if !json { printOutput(planText(survey.node, route)) }
        if command.dryRun {
            if json { say(rejoinJSON(survey.node, route, outcome: "planned"), "") }
            return .done
        }
        do throws(RejoinFailure) {
            Interruption.begin()
            let progress = RejoinProgress(
                see: { _ in },
                note: { [json] text in if !json { printOutput("  \(text)\n") } }
            )
            let report = try RejoinRun(survey, route, options: options, progress: progress).perform()
            say(
                rejoinJSON(survey.node, route, outcome: "following", report: report),
                "\(survey.node) follows \(route.primary) (\(report.method.rawValue), "
                    + "\(secondsText(report.milliseconds))).\n"
            )
            return .done
        } catch {
            return refuse(error, route, survey.node)
        }
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
func secondsText(_ milliseconds: Int) -> String {
    let hundredths = (milliseconds + 5) / 10
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) s"
}
