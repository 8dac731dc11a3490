/// One operation as the meta-data advertises it: what a configuration should use where it has nothing of its own.
struct ActionDescription: Sendable {
    let name: String
    /// Seconds.
    let timeout: Int
    /// Seconds; nil for actions that don't recur.
    let interval: Int?
    /// The value of OCF_CHECK_LEVEL; nil for actions without levels.
    let depth: Int?
    /// Pacemaker's role, "Promoted"; nil for any.
    let role: String?

    init(_ name: String, timeout: Int, interval: Int? = nil, depth: Int? = nil, role: String? = nil) {
        self.name = name
        self.timeout = timeout
        self.interval = interval
        self.depth = depth
        self.role = role
    }
}

/// What the meta-data says about the agent as a whole.
enum AgentDescription {
    static let name = "pgsql-swift"
    static let version = "1.0"
    /// The version of the OCF resource agent API; from 1.1 on Pacemaker uses `reload-agent`.
    static let standardVersion = "1.1"
    static let shortDescription = "Manages a PostgreSQL instance and its replication"

    static let longDescription = """
        Manages a PostgreSQL instance as an ordinary resource, or one primary and its streaming standbys as a \
        promotable clone.

        A drop-in replacement for ocf:heartbeat:pgsql: it takes the same parameters and sets the same node attributes \
        with the same values, so that existing configurations, location rules and habits keep working. What differs: \
        a demoted instance goes on running as a standby, a promotable instance always starts as one, parameters are \
        checked before anything is done, and many can be changed without a restart of PostgreSQL.

        Needs no shell, no psql and no connection between the nodes other than PostgreSQL's own.
        """

    /// The promoted role's monitor recurs at an interval of its own, because Pacemaker tells monitors apart by it.
    static let actions: [ActionDescription] = [
        ActionDescription("start", timeout: 120),
        ActionDescription("stop", timeout: 120),
        ActionDescription("status", timeout: 60),
        ActionDescription("monitor", timeout: 30, interval: 10, depth: 0),
        ActionDescription("monitor", timeout: 30, interval: 9, depth: 0, role: "Promoted"),
        ActionDescription("monitor", timeout: 30, interval: 60, depth: 10),
        ActionDescription("promote", timeout: 120),
        ActionDescription("demote", timeout: 120),
        ActionDescription("notify", timeout: 90),
        ActionDescription("reload-agent", timeout: 20),
        ActionDescription("meta-data", timeout: 5),
        ActionDescription("validate-all", timeout: 5),
        ActionDescription("methods", timeout: 5),
    ]
}
