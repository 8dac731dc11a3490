import RACore

/// How long the backends of a dead postmaster have to end by themselves.
private let orphanMilliseconds = 1000

/// Ends the instance: fast, then immediate, then by force, each within its share of the time.
struct Shutdown {
    let agent: Agent
    /// When a fast shutdown has had its time.
    private let fastEnd: Deadline
    /// When an immediate one has had its.
    private let immediateEnd: Deadline
    let end: Deadline

    /// - Parameter seconds: how long a fast shutdown may take (parameter `stop_escalate`); it is shortened so that the
    ///   rest still fits before `end`.
    init(agent: Agent, fastSeconds seconds: Int, end: Deadline) {
        self.agent = agent
        self.end = end
        let whole = end.remainingMilliseconds
        let reserve = min(10_000, whole / 3)
        fastEnd = Deadline.after(milliseconds: min(seconds * 1000, whole - reserve))
        immediateEnd = end.earlier(milliseconds: reserve / 3)
    }

    enum Result {
        /// No process is left, and the server shut down by itself.
        case clean
        /// No process is left; the next start must recover from a crash.
        case unclean
        case failed(why: String)
    }

    /// Carries it out.
    func run() -> Result {
        var asked: ShutdownMode?
        var orphanEnd: Deadline?
        while true {
            let postmaster = observe()
            let processes = isAbsent(postmaster) ? findServerProcesses(dataDirectory: agent.dataDirectory) : []
            // Backends without a postmaster can't shut down in order: what is busy would only hold the failover up.
            if !processes.isEmpty, orphanEnd == nil { orphanEnd = Deadline.after(milliseconds: orphanMilliseconds) }
            let step = decideStop(
                state(of: postmaster),
                hasProcesses: !processes.isEmpty,
                patience: orphanEnd?.isPast == true && asked != .kill ? .desperate : patience(after: asked)
            )
            switch step {
            case .finish(.success, _): return asked == .fast ? .clean : .unclean
            case .finish(_, let reason): return .failed(why: reason.text)
            case .perform(let effects, let reason):
                agent.log.notice(reason.text)
                for case .shutDown(let mode) in effects {
                    asked = mode
                    if let failure = signal(mode, postmaster) { agent.log.error(failure) }
                }
            case .wait(let reason):
                if end.isPast {
                    return .failed(
                        why: "\(reason.text) at the end of the operation's time: \(text(postmaster, processes))"
                    )
                }
            }
            if end.isPast { return .failed(why: "the shutdown didn't end in time: \(text(postmaster, processes))") }
            pause(milliseconds: 5)
        }
    }

    /// What can't be read doesn't keep a stop from succeeding when no process of the instance is there.
    private func observe() -> PostmasterObservation {
        let postmaster = observePostmaster(dataDirectory: agent.dataDirectory)
        guard case .unknown = postmaster, findServerProcesses(dataDirectory: agent.dataDirectory).isEmpty else {
            return postmaster
        }
        return .absent(leftover: nil)
    }

    private func isAbsent(_ postmaster: PostmasterObservation) -> Bool {
        switch postmaster {
        case .absent: true
        case .running, .halted, .unknown: false
        }
    }

    private func state(of postmaster: PostmasterObservation) -> InstanceState {
        switch postmaster {
        case .absent: .absent
        case .halted: .hung
        case .unknown: .unknown
        case .running: .standby
        }
    }

    private func patience(after asked: ShutdownMode?) -> ShutdownPatience {
        switch asked {
        case nil: fastEnd.isPast ? .impatient : .fresh
        case .fast: immediateEnd.isPast ? .desperate : fastEnd.isPast ? .impatient : .patient
        case .immediate: immediateEnd.isPast ? .desperate : .immediate
        case .kill: .spent
        }
    }

    private func signal(_ mode: ShutdownMode, _ postmaster: PostmasterObservation) -> String? {
        do throws(SystemError) {
            switch (mode, postmaster) {
            case (.fast, .running(let file)), (.fast, .halted(let file)): try send(.fastShutdown, to: file.processID)
            case (.immediate, .running(let file)): try send(.quit, to: file.processID)
            // What is halted acts on the first signal that it finds when it goes on: the end, before any commit.
            case (.immediate, .halted): try signalAll([.quit, .resume])
            case (.kill, _): try signalAll([.kill])
            case (.fast, .absent), (.immediate, .absent): break
            case (.fast, .unknown(let why)), (.immediate, .unknown(let why)): return why
            }
        } catch {
            return error.description
        }
        return nil
    }

    private func signalAll(_ signals: [ServerSignal]) throws(SystemError) {
        let processes = findServerProcesses(dataDirectory: agent.dataDirectory)
        for signal in signals {
            for process in processes { try send(signal, to: process) }
        }
    }

    private func text(_ postmaster: PostmasterObservation, _ processes: [Int32]) -> String {
        processes.isEmpty
            ? describe(InstanceObservation(postmaster: postmaster, server: .notAsked))
            : "processes \(processes.map { String($0) }.joined(separator: ", ")) are left"
    }
}
