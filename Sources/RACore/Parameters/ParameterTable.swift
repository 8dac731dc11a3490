/// The one declaration of all parameters.
///
/// Reading, defaults, validation of single values, the meta-data and the reference page come from here: a parameter is
/// added by one entry in one of the groups, and a property of `Parameters` to hold it.
public enum ParameterTable {
    /// All parameters: first those of ocf:heartbeat:pgsql in its order of topics, then those that only this agent has.
    public static let all: [ParameterDefinition] =
        server + monitoring + replication + standby + timing + synchronous + slots + rejoin + detection

    /// Finds a parameter by its bare name.
    public static func definition(_ name: String) -> ParameterDefinition? { all.first { $0.name == name } }

    /// The data directory of ocf:heartbeat:pgsql, that of Red Hat's packages.
    public static let defaultDataDirectory = "/var/lib/pgsql/data"
    /// The agent's own directory in ocf:heartbeat:pgsql.
    public static let defaultTemporaryDirectory = "/var/lib/pgsql/tmp"
    public static let defaultLogFile = "/dev/null"
    public static let defaultMonitorSQL = "select now();"
}
