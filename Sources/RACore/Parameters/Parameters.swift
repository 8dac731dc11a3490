/// The resource's configuration, typed. An optional is nil when its parameter is unset or empty.
///
/// Every default comes from `ParameterTable`.
public struct Parameters: Sendable, Hashable {
    /// The path of pg_ctl; nil when it is to be found on the machine.
    public var pgctl: String?
    /// The path of psql; accepted for compatibility, SQL goes through libpq.
    public var psql: String?
    public var pgdata: String?
    /// The operating system user that owns the instance.
    public var pgdba = ""
    /// The address the server listens on, or a socket directory.
    public var pghost: String?
    public var pgport = 0
    public var pglibs: String?
    /// The path of the main configuration file; nil when it is to be found on the machine.
    public var config: String?
    public var pgdb = ""
    public var startOpt: String?
    public var ctlOpt: String?
    public var logfile: String?
    public var socketdir: String?
    /// The database user of the agent's own SQL; nil for `pgdba`.
    public var monitorUser: String?
    public var monitorPassword: Secret?
    public var monitorSQL = ""
    /// Seconds of fast shutdown before an immediate one.
    public var stopEscalate = 0
    public var repMode = ReplicationMode.none
    /// As written: letter case is kept, and duplicates too.
    public var nodeList: [String] = []
    public var restoreCommand: String?
    public var archiveCleanupCommand: String?
    public var recoveryEndCommand: String?
    public var masterIP: String?
    public var repuser = ""
    /// May hold a password: print it only through `redactingPasswords`.
    public var primaryConninfoOpt: String?
    public var restartOnPromote = false
    public var replicationSlotName: String?
    public var tmpdir: String?
    public var xlogCheckCount = 0
    /// Seconds.
    public var crmAttrTimeout = 0
    /// Seconds of fast shutdown before an immediate one, for a standby.
    public var stopEscalateInSlave = 0
    public var checkWalReceiver = false
    /// Whether a sentinel waits beside each postmaster.
    public var fastFailureDetection = true
    public var externalStandbyNodeList: [String] = []
    /// For how many standbys commits wait.
    public var syncNum = 1
    public var syncMethod = SynchronousMethod.first
    /// Whether commits stop rather than wait for fewer.
    public var syncStrict = false
    /// Seconds; 0 leaves it to PostgreSQL.
    public var syncStallTimeout = 0
    /// Percent of the space for WAL that a slot may keep; 0 for no such limit.
    public var slotKeepMaxShare = 0
    /// Bytes; 0 for no such limit.
    public var slotKeepMaxBytes = 0
    /// Seconds; 0 for no such limit.
    public var slotKeepMaxAge = 0
    /// What a start may do by itself with data that were a primary's.
    public var autoRejoin = AutoRejoin.follow

    /// The parameters of a resource that sets none.
    public init() {
        for definition in ParameterTable.all {
            _ = definition.store(&self, nil)
        }
    }

    /// Whether `monitor_sql` is the default query, which on a primary adds nothing to the other questions.
    public var isMonitorSQLDefault: Bool { monitorSQL == ParameterTable.defaultMonitorSQL }

    /// The data directory in effect.
    public var dataDirectory: String { pgdata ?? ParameterTable.defaultDataDirectory }

    /// The agent's own directory in effect: lock file, generated configuration.
    public var temporaryDirectory: String { tmpdir ?? ParameterTable.defaultTemporaryDirectory }

    /// The server's log file in effect.
    public var serverLogFile: String { logfile ?? ParameterTable.defaultLogFile }

    /// The database user in effect for the agent's own SQL.
    public var monitoringUser: String { monitorUser ?? pgdba }
}

extension Parameters: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What a log line needs. No parameter that can hold a secret is shown, not even by `dump`.
    public var description: String {
        "rep_mode=\(repMode.rawValue) pgdata=\(dataDirectory) pgport=\(pgport) node_list=\(nodeList)"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Parameters as given, and all that is wrong with their texts.
public struct ParameterReading: Sendable, Hashable {
    /// A parameter whose text is wrong has its default here.
    public let parameters: Parameters
    /// In the table's order, one for each wrong text.
    public let problems: [ParameterProblem]

    public init(parameters: Parameters, problems: [ParameterProblem]) {
        self.parameters = parameters
        self.problems = problems
    }

    /// All that is wrong without a look at the machine: wrong texts first, then what doesn't go together.
    ///
    /// - Parameters:
    ///   - isPromotable: whether the resource is a promotable clone.
    ///   - isNotified: whether the clone's instances are told of each other's actions.
    public func allProblems(isPromotable: Bool, isNotified: Bool = true) -> [ParameterProblem] {
        let isModeKnown = problems.allSatisfy { problem in
            guard case .value(_, _, .unknownReplicationMode) = problem else { return true }
            return false
        }
        // An unknown mode reads as none, and judging that would report what nobody wrote.
        return isModeKnown
            ? problems + validateParameters(parameters, isPromotable: isPromotable, isNotified: isNotified) : problems
    }
}

extension Parameters {
    /// Reads every parameter; an empty text counts as not given.
    ///
    /// - Parameter value: gives the text of a parameter by its bare name, the value of OCF_RESKEY_<name>.
    public static func read(_ value: (String) -> String?) -> ParameterReading {
        var parameters = Parameters()
        var problems: [ParameterProblem] = []
        for definition in ParameterTable.all {
            guard let text = value(definition.name), !text.isEmpty else { continue }
            if let problem = definition.store(&parameters, text) { problems.append(problem) }
        }
        return ParameterReading(parameters: parameters, problems: problems)
    }
}
