import RACore

/// Reads what a rejoin is decided by from the node's files and from its primary.
struct SurveyReader {
    let context: ResourceContext
    let node: String
    let options: RejoinOptions

    private var parameters: Parameters { context.configuration.reading.parameters }

    /// What runs here, what the data are, and who the primary is.
    func judge(
        by deadline: Deadline
    ) -> (instance: RejoinInstance, answer: LocalDataReader.Answer, source: Observed<RejoinSource>) {
        let account = Account(name: parameters.pgdba)
        let source = readSource(as: account, by: deadline.capped(milliseconds: 10_000))
        let reader = LocalDataReader(
            parameters: parameters,
            account: account,
            directory: findDataDirectory(parameters),
            source: source
        )
        let local = LocalQuestion(parameters: parameters)
        var running = local.running(by: deadline)
        // One that has just come up connects within a moment.
        if case .deaf = running {
            running =
                wait(until: deadline.capped(milliseconds: 8000), everyMilliseconds: 100) {
                    let now = local.running(by: deadline)
                    if case .deaf = now { return nil }
                    return now
                } ?? running
        }
        var answer = LocalDataReader.Answer(.unknown(why: "it wasn't compared"))
        switch running {
        case .following:
            answer.installation = try? findInstallation(parameters)
            return (.following, answer, source)
        case .primary: return (.primary, answer, source)
        case .busy(let why): return (.busy(why: loner(in: reader.directory) ?? why), answer, source)
        case .deaf:
            answer = reader.read(by: deadline)
            return (.deaf(judged(answer.data, source)), answer, source)
        case .stopped:
            if let why = user(of: reader.directory) { return (.busy(why: why), answer, source) }
            answer = reader.read(by: deadline)
            if let why = taint(answer) { answer.data = .tainted(why: why) }
            answer.data = judged(answer.data, source)
            return (.stopped(answer.data), answer, source)
        }
    }

    /// Whatever the data are, without a primary that answers nothing can be done about them: why it doesn't is what counts.
    private func judged(_ data: LocalData, _ source: Observed<RejoinSource>) -> LocalData {
        guard case .unknown(let why) = source else { return data }
        if case .incompatible = data { return data }
        return .unknown(why: why)
    }

    /// A server in single-user mode, which nobody can connect to; its number in postmaster.pid has a minus sign.
    private func loner(in directory: String) -> String? {
        guard let text = try? readText(directory + "/postmaster.pid", limit: 4096), text.hasPrefix("-") else {
            return nil
        }
        return user(of: directory)
    }

    /// What else works in the data directory although no postmaster does: a server in single-user mode, backends of a dead
    /// one, a backup.
    private func user(of directory: String) -> String? {
        let processes = findServerProcesses(dataDirectory: directory)
        guard let first = processes.first else { return nil }
        let command = (try? readText("/proc/\(first)/cmdline", limit: 4096)) ?? ""
        let words = command.split(separator: "\0").joined(separator: " ")
        return "process \(first) (\"\(words)\") works in \(directory)"
    }

    /// Why the data aren't a server's; nil when they are.
    private func taint(_ answer: LocalDataReader.Answer) -> String? {
        guard let installation = answer.installation else { return nil }
        return RejoinGuard(installation).obstacle
    }

    /// Whether waiting may help: the address isn't there yet, or the server can't take anybody now. What is refused for its
    /// name or its password is refused again.
    private func mayAnswerSoon(_ target: ConnectionTarget, as account: Account?, by deadline: Deadline) -> Bool {
        do throws(ConnectionFailure) {
            _ = try Connection.open(target, as: account, by: deadline.capped(milliseconds: 3000))
            return true
        } catch {
            switch error {
            case .refused(.cannotConnectNow, _), .refused(.tooManyConnections, _), .silent: return true
            case .refused: return false
            // libpq itself says so when a password is asked for and none is there.
            case .unreachable(let why): return !why.contains("password")
            }
        }
    }

    private func readSource(as account: Account?, by deadline: Deadline) -> Observed<RejoinSource> {
        guard let primary = context.cluster.promotedNode() else { return .unknown(why: "no primary runs") }
        let target = ConnectionTarget(toPrimaryOf: parameters)
        while true {
            switch PrimaryHistory.read(target, as: account, by: deadline) {
            case .unknown(let why):
                // After a failover the address follows the primary a moment later.
                guard deadline.remainingMilliseconds > 300, mayAnswerSoon(target, as: account, by: deadline) else {
                    return .unknown(why: redactingPasswords("\(target.summary): \(why)"))
                }
                pause(milliseconds: 200)
            case .known(let (history, flushed, version)):
                return .known(
                    RejoinSource(
                        node: primary,
                        replication: target,
                        history: history,
                        flushed: flushed,
                        version: version
                    )
                )
            }
        }
    }
}

/// What runs on the node, before its data are looked at.
enum RunningInstance: Hashable {
    case stopped, following, deaf, primary
    case busy(why: String)
}

extension LocalQuestion {
    func running(by deadline: Deadline) -> RunningInstance {
        switch ask(by: deadline.capped(milliseconds: 10_000)) {
        case .server(let facts, _):
            guard facts.isInRecovery else { return .primary }
            return facts.receiver?.isStreaming ?? false ? .following : .deaf
        case .notRunning: return .stopped
        case .notServing(_, let why), .silent(let why), .none(let why): return .busy(why: why)
        case .replication: return .busy(why: "only replication connections are let in")
        }
    }
}
