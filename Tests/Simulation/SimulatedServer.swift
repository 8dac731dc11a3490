import RACore

/// A value of `synchronous_standby_names` with its names looked up.
struct SimulatedSetting: Equatable {
    var set: SynchronousSet
    /// The nodes that it names, by their numbers.
    var members: [Int]

    static let none = SimulatedSetting(set: .none, members: [])

    init(set: SynchronousSet, members: [Int]) {
        self.set = set
        self.members = members
    }

    init(_ set: SynchronousSet, nodes: [String]) {
        self.set = set
        members = set.names.compactMap { name in nodes.firstIndex { sameName($0, name) } }
    }
}

/// A model of one server: enough of PostgreSQL to lose commits by.
struct SimulatedServer {
    enum Role { case down, standby, primary }

    /// A row of pg_stat_replication: what the primary knows of a connection, which may be dead.
    struct Sender {
        var node: Int
        var processID: Int32
        var isStreaming = false
        var flushed: Int
    }

    var role = Role.down
    /// Alive, and answers nobody.
    var isHung = false
    var log = SimulatedLog()
    /// rep_mode.conf, what a session shows of it, and what commits wait for once the checkpointer has read it.
    var file = SimulatedSetting.none
    var shown = SimulatedSetting.none
    var inEffect = SimulatedSetting.none
    var senders: [Sender] = []
    /// A standby's connection as the standby sees it: the node, and the sender's process there.
    var upstream: (node: Int, processID: Int32)?
    /// How many records a standby that came up has yet to replay; before, it neither connects nor knows its position.
    var unread = 0
    /// How many records clients have an answer for, or never waited for.
    var answered = 0
    var hasStandbySignal = true
    /// Came up as primary by itself at boot: no client reaches it unless Pacemaker keeps it.
    var isStray = false
    /// Promoted by the agent, and running since.
    var isPromotedHere = false
    /// Commits have waited for as many standbys as strict mode asks for.
    var hasBeenFull = false

    var isRunning: Bool { role != .down }

    mutating func goDown() {
        role = .down
        isHung = false
        senders = []
        upstream = nil
        isStray = false
        isPromotedHere = false
        hasBeenFull = false
        unread = 0
    }

    /// `start` always writes the settings of a standby.
    mutating func comeUpAsStandby(unread: Int) {
        role = .standby
        self.unread = unread
        hasStandbySignal = true
        (file, shown, inEffect) = (.none, .none, .none)
        senders = []
        upstream = nil
        isPromotedHere = false
    }

    mutating func becomePrimary(_ entry: UInt32) {
        role = .primary
        unread = 0
        log.beginTimeline(entry)
        answered = log.count
        upstream = nil
        senders = []
        hasStandbySignal = false
    }

    /// What an enabled service unit does with a data directory without standby.signal: crash recovery writes a record.
    mutating func comeUpByItself(_ entry: UInt32) {
        role = .primary
        isStray = true
        log.append(entry)
        answered = log.count
        (shown, inEffect) = (file, file)
        senders = []
        upstream = nil
    }

    /// How many records no commit waits for any more, by the setting in effect (documentation, "Multiple Synchronous
    /// Standbys"): of FIRST the first so many of the list that stream, of ANY any so many.
    func released() -> Int {
        let wanted = inEffect.set.count
        guard wanted > 0 else { return log.count }
        var flushed: [Int] = []
        for member in inEffect.members {
            let rows = senders.filter { $0.node == member && $0.isStreaming }
            guard let most = rows.map(\.flushed).max() else { continue }
            flushed.append(most)
            if inEffect.set.method == .first && flushed.count == wanted { break }
        }
        guard flushed.count >= wanted else { return 0 }
        return flushed.sorted(by: >)[wanted - 1]
    }
}
