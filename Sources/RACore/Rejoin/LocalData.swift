/// How a stopped node's data stand to the primary's: judged by system, timelines and records, never by a lock file's presence.
public enum LocalData: Sendable, Hashable {
    /// There is no data directory, or an empty one.
    case absent
    case unreadable(why: String)
    /// A rejoin was ended while it changed the data: they are no longer those of a server.
    case tainted(why: String)
    /// Another release, or another build: no WAL goes from one to the other.
    case incompatible(why: String)
    /// initdb made the two apart.
    case foreign(ours: UInt64, theirs: UInt64)
    /// WAL from the primary continues what is here.
    case ancestor
    /// The node has records of its own from here on.
    case diverged(at: WALPosition)
    /// Both are on one timeline, and the node has records that its primary doesn't have.
    case ahead(system: UInt64, of: WALPosition)
    /// The primary couldn't be compared with.
    case unknown(why: String)

    /// What was found, for people.
    public func finding(primary: String) -> String {
        switch self {
        case .absent: "there are no data here"
        case .unreadable(let why): "the data here can't be read: \(why)"
        case .tainted(let why): "the data here are only half of a server's: \(why)"
        case .incompatible(let why): why
        case .foreign(let ours, let theirs):
            "the data here are another database's: system identifier \(ours), but \(theirs) on \(primary)"
        case .ancestor: "the data here have no record that \(primary) doesn't have"
        case .diverged(let position):
            "the data here have records of their own from \(position) on, which \(primary) doesn't have"
        case .ahead(_, let position):
            "the data here are further than \(primary), which ends at \(position)"
        case .unknown(let why): why
        }
    }

    /// One word for scripts.
    public var word: String {
        switch self {
        case .absent: "absent"
        case .unreadable: "unreadable"
        case .tainted: "tainted"
        case .incompatible: "incompatible"
        case .foreign: "foreign"
        case .ancestor: "ancestor"
        case .diverged: "diverged"
        case .ahead: "ahead"
        case .unknown: "unknown"
        }
    }

    /// From where on the data hold what the primary doesn't have, and what must be saved before they are changed.
    public var fork: WALPosition? {
        switch self {
        case .diverged(let position), .ahead(_, let position): position
        case .absent, .unreadable, .tainted, .incompatible, .foreign, .ancestor, .unknown: nil
        }
    }

    /// Which WAL must be saved before the data are given up.
    public var evidence: RejoinEvidence {
        switch self {
        case .diverged(let position), .ahead(_, let position): .from(position)
        // What can't be read may have commits of its own.
        case .unreadable(let why): .everything(why: why)
        case .tainted(let why): .everythingUnlessSaved(why: why)
        // Another database's are given up by an operator, who named them; the last two aren't worked on at all.
        case .absent, .foreign, .ancestor, .incompatible, .unknown: .nothing
        }
    }
}

/// WAL that must be saved before data are given up.
public enum RejoinEvidence: Sendable, Hashable {
    case nothing
    /// What is from here on, with a list of its commits.
    case from(WALPosition)
    /// All that is there, as it can't be told what of it the primary has.
    case everything(why: String)
    /// The same, if the run that began to change the data hasn't saved it before.
    case everythingUnlessSaved(why: String)
}

/// What runs on the node.
public enum RejoinInstance: Sendable, Hashable {
    case stopped(LocalData)
    /// A standby that receives WAL.
    case following
    /// A standby that receives nothing.
    case deaf(LocalData)
    /// It accepts writes.
    case primary
    /// It starts, stops or refuses us.
    case busy(why: String)
}
