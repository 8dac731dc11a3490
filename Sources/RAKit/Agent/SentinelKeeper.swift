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
    func ensure(_ watch: SentinelWatch) {
        // Nobody acts on a failure of what is called by hand.
        guard agent.environment.nodeName != nil else { return }
        guard agent.parameters.fastFailureDetection else { return end() }
        if let found = holder(), !found.isHalted, found.watch == watch { return }
        end()
        let environment = sentinelEnvironment(agent.environment)
        let command = Command(ownProgram() ?? "/proc/self/exe", [Sentinel.word] + watch.words, environment: environment)
        if let failure = startDetached(command) { return agent.log.warning("no sentinel: \(failure)") }
        let isThere = wait(until: .after(milliseconds: arrivalMilliseconds), everyMilliseconds: 1) { () -> Bool? in
            holder() == nil ? nil : true
        }
        if isThere == nil { agent.log.warning("the sentinel that was started isn't there") }
    }

    /// Ends it with whatever it is doing: before the postmaster is ended on purpose, and before anything that it could
    /// get in the way of.
    func end() {
        guard let found = holder() else { return }
        found.kill()
        let isGone = wait(until: agent.deadline.capped(milliseconds: 2000), everyMilliseconds: 1) { () -> Bool? in
            holder()?.processID == found.processID ? nil : true
        }
        if isGone == nil { agent.log.warning("the sentinel, process \(found.processID), can't be ended") }
    }

    private func holder() -> SentinelHolder? {
        for _ in 0..<20 {
            guard case .busy(let text) = FileLock.take(path, holder: nil) else { return nil }
            if let found = SentinelHolder(text: text) { return found }
            // It has the lock, and hasn't said yet who it is.
            pause(milliseconds: 1)
        }
        return nil
    }
}

/// Who holds the sentinel's lock, in its own words: "PID BEGAN POSTMASTER LINK...".
struct SentinelHolder {
    let processID: Int32
    /// Clock ticks since the machine started: tells it from a later process of the same number.
    let began: Substring
    let watch: SentinelWatch

    init?(text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 3, let processID = Int32(words[0]), processID > 1,
            let watch = SentinelWatch(words: words[2...])
        else { return nil }
        (self.processID, self.began, self.watch) = (processID, words[1], watch)
    }

    static func text(_ watch: SentinelWatch) -> String {
        let own = ownProcessID()
        return ([String(own), beginning(of: own) ?? "0"] + watch.words).joined(separator: " ")
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
