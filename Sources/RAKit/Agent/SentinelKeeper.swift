import RACore

/// How long a sentinel may take to say that it is there; it takes a few milliseconds.
private let arrivalMilliseconds = 500

/// Keeps the sentinel beside the postmaster: one for each resource, that watches what it should.
///
/// The sentinel holds a lock as long as it lives, and says in it who it is: there is never a second one, and none that
/// only seems to be there.
struct SentinelKeeper {
    let agent: Agent

    /// The lock's file, where a restart of the node forgets it.
    static func path(_ resource: String) -> String { RunFile.path("sentinel", resource: resource) }

    private var path: String { SentinelKeeper.path(agent.environment.resource) }

    /// Sees to it that a sentinel watches this; nothing depends on it, so that a failure is only logged.
    ///
    /// - Returns: whether there is one.
    @discardableResult
    func ensure(_ watch: SentinelWatch) -> Bool {
        // Nobody acts on a failure of what is called by hand.
        guard agent.environment.nodeName != nil else { return false }
        guard agent.parameters.fastFailureDetection else {
            end()
            return false
        }
        if case .held(let found) = holder(), !found.isHalted, found.watch == watch, order.isCurrent(found.order) {
            return true
        }
        end()
        return begin(watch.words)
    }

    /// Has one tell the cluster of an instance that was shut down, while others go on.
    ///
    /// - Returns: whether there is one that does.
    func tellOfShutdown() -> Bool {
        guard agent.environment.nodeName != nil, agent.parameters.fastFailureDetection else { return false }
        return begin([Sentinel.stoppedWord]) { agent.toldStop == .whole }
    }

    /// - Parameter hasDone: whether it has done already what it is there for, and may be gone.
    private func begin(_ words: [String], hasDone: () -> Bool = { false }) -> Bool {
        guard let number = order.give() else {
            agent.log.warning("no sentinel: \(path) can't be written")
            return false
        }
        let command = Command(
            ownProgram() ?? "/proc/self/exe",
            [Sentinel.word, number] + words,
            environment: sentinelEnvironment(agent.environment)
        )
        if let failure = startDetached(command) {
            agent.log.warning("no sentinel: \(failure)")
            return false
        }
        let isThere = wait(until: .after(milliseconds: arrivalMilliseconds), everyMilliseconds: 1) { () -> Bool? in
            if case .held(let found) = holder(), found.order == number { return true }
            return hasDone() ? true : nil
        }
        if isThere == nil { agent.log.warning("the sentinel that was started isn't there") }
        return isThere != nil
    }

    /// Ends it with whatever it is doing: before the postmaster is ended on purpose, and before anything that it could
    /// get in the way of.
    ///
    /// The order goes first: one that is only being started, or that can't be found, has nothing to do any more.
    func end() {
        order.withdraw()
        let isGone = wait(until: agent.deadline.capped(milliseconds: 2000), everyMilliseconds: 1) { () -> Bool? in
            switch holder() {
            case .nobody: return true
            // It hasn't said yet who it is; the line may be that of the one before.
            case .unnamed: return nil
            case .held(let found):
                found.kill()
                return nil
            }
        }
        if isGone == nil { agent.log.warning("the sentinel that holds \(path) can't be ended") }
    }

    private var order: SentinelOrder { SentinelOrder(resource: agent.environment.resource) }

    private enum Holder {
        case nobody, unnamed
        case held(SentinelHolder)
    }

    private func holder() -> Holder {
        guard case .busy(let text) = FileLock.take(path, holder: nil) else { return .nobody }
        return SentinelHolder(text: text).map { .held($0) } ?? .unnamed
    }
}

/// Which sentinel of a resource is wanted: noted before it is started, and taken back before anything ends on purpose.
///
/// One that comes late, or whose lock was removed with its folder, asks for it before it does anything, and ends.
struct SentinelOrder {
    private let file: RunFile

    init(resource: String) { file = RunFile("sentinel-order", resource: resource) }

    /// Notes a new one.
    /// - Returns: its number, which also says under which run of the cluster manager it was given: a sentinel is told
    ///   that at its start, and goes by it; nil when it can't be noted.
    func give() -> String? {
        let number = "\(clusterManagerMark())/\(ownProcessID()).\(Moment.sinceBoot().nanoseconds)"
        return file.write(first: number, body: "") == nil ? number : nil
    }

    func withdraw() { file.remove() }

    /// Whether a sentinel of this order is still wanted.
    func isWanted(_ number: Substring) -> Bool { file.read()?.first == number }

    /// Whether it is, and the cluster manager hasn't been started anew since.
    func isCurrent(_ number: Substring) -> Bool {
        isWanted(number) && number.hasPrefix(clusterManagerMark() + "/")
    }
}

/// Who holds the sentinel's lock, in its own words: "PID BEGAN ORDER POSTMASTER LINK...".
struct SentinelHolder {
    let processID: Int32
    /// Clock ticks since the machine started: tells it from a later process of the same number.
    let began: Substring
    let order: Substring
    let watch: SentinelWatch

    init?(text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 4, let processID = Int32(words[0]), processID > 1,
            let watch = SentinelWatch(words: words[3...])
        else { return nil }
        (self.processID, self.began, self.order, self.watch) = (processID, words[1], words[2], watch)
    }

    static func text(_ order: String, _ watch: SentinelWatch) -> String {
        let own = ownProcessID()
        return ([String(own), beginning(of: own) ?? "0", order] + watch.words).joined(separator: " ")
    }

    private static func beginning(of processID: Int32) -> String? {
        processStatus(processID).flatMap { $0.count > 19 ? String($0[19]) : nil }
    }

    var isHalted: Bool { observeProcess(processID) == .alive(.halted) }

    /// Kills it, and the commands that it has started: they are a process group of their own.
    func kill() {
        guard SentinelHolder.beginning(of: processID) == String(began) else { return }
        killGroup(processID)
    }
}

/// What the sentinel has of an action's environment: nothing that was said about this one operation.
private func sentinelEnvironment(_ environment: OCFEnvironment) -> [String: String?] {
    var changes: [String: String?] = [:]
    for name in environmentNames() where name.hasPrefix("OCF_RESKEY_CRM_meta_notify_") {
        changes.updateValue(nil, forKey: name)
    }
    for name in ["timeout", "interval", "name"] { changes.updateValue(nil, forKey: "OCF_RESKEY_CRM_meta_" + name) }
    changes.updateValue(nil, forKey: "OCF_CHECK_LEVEL")
    changes[clusterManagerVariable] = clusterManagerMark()
    return changes
}
