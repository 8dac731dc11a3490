extension ParameterTable {
    /// The instance and its programs.
    static let server: [ParameterDefinition] = programs + instance

    private static let programs: [ParameterDefinition] = [
        .optional(
            "pgctl",
            ParameterText(
                "Path of pg_ctl",
                """
                The pg_ctl program of the instance's PostgreSQL version. Other server programs are taken from the \
                same directory.

                When unset, it is found on the machine by the version of the data directory.
                """
            )
        ) { $0.pgctl = $1 },
        .optional(
            "psql",
            isReloadable: true,
            ParameterText(
                "Path of psql",
                """
                The psql program. Accepted so that existing configurations keep working: this agent talks to \
                PostgreSQL through its client library and starts no psql.
                """
            )
        ) { $0.psql = $1 },
        .optional(
            "pgdata",
            fallback: defaultDataDirectory,
            uniqueGroup: "pgdata",
            ParameterText(
                "Data directory",
                """
                The absolute path of the instance's data directory. Two resources must not share one.
                """
            )
        ) { $0.pgdata = $1 },
        .text(
            "pgdba",
            default: "postgres",
            ParameterText(
                "Operating system user that owns the instance",
                """
                The user who owns the data directory. Server programs run as this user, and so do SQL connections \
                unless monitor_user says otherwise.
                """
            )
        ) { $0.pgdba = $1 },
        .optional(
            "pglibs",
            ParameterText(
                "Directory of PostgreSQL's libraries",
                """
                Added to the library search path of server programs. Needed only by a PostgreSQL that was built by \
                hand and installed where the loader doesn't look.
                """
            )
        ) { $0.pglibs = $1 },
        .optional(
            "start_opt",
            ParameterText(
                "Options for the server at start",
                """
                Options that the postgres program gets in addition, such as "-c max_connections=200". They override \
                the configuration files.
                """
            )
        ) { $0.startOpt = $1 },
        .optional(
            "ctl_opt",
            ParameterText(
                "Options for pg_ctl at start",
                """
                Options that pg_ctl gets in addition when it starts the server.
                """
            )
        ) { $0.ctlOpt = $1 },
    ]

    private static let instance: [ParameterDefinition] = [
        .optional(
            "pghost",
            ParameterText(
                "Address the server listens on",
                """
                A host name, an IP address or the directory of a Unix socket. When set, the server is started with it \
                as its listen address and the agent connects to it.

                When unset, the server's own configuration decides, and the agent connects through the Unix socket.
                """
            )
        ) { $0.pghost = $1 },
        .integer(
            "pgport",
            in: 1...65535,
            default: 5432,
            ParameterText(
                "Port of the instance",
                """
                The TCP port and socket number of the instance. A standby uses it for its primary, too.
                """
            )
        ) { $0.pgport = $1 },
        .optional(
            "config",
            ParameterText(
                "Path of postgresql.conf",
                """
                The main configuration file.

                When unset, it is postgresql.conf in the data directory, or where the distribution keeps it when the \
                data directory has none.
                """
            )
        ) { $0.config = $1 },
        .text(
            "pgdb",
            default: "template1",
            isReloadable: true,
            ParameterText(
                "Database the agent connects to",
                """
                The database for the agent's own SQL, monitor_sql included.
                """
            )
        ) { $0.pgdb = $1 },
        .optional(
            "logfile",
            fallback: defaultLogFile,
            ParameterText(
                "File for the server's output",
                """
                Where the server writes what it says before its own logging begins. A file lets a failed start be \
                explained by PostgreSQL's own words.
                """
            )
        ) { $0.logfile = $1 },
        .optional(
            "socketdir",
            ParameterText(
                "Directory of the Unix socket",
                """
                Where the agent looks for the server's socket when pghost is unset. A directory that doesn't exist is \
                made for pgdba.

                When unset, the running server tells.
                """
            )
        ) { $0.socketdir = $1 },
        .optional(
            "tmpdir",
            fallback: defaultTemporaryDirectory,
            ParameterText(
                "Directory of the agent's own files",
                """
                The absolute path of the directory for the lock file PGSQL.lock and for the configuration files that \
                the agent generates. It belongs to pgdba alone, and two resources must not share one.
                """
            )
        ) { $0.tmpdir = $1 },
    ]
}
