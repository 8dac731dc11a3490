extension ParameterTable {
    /// How the agent asks PostgreSQL.
    static let monitoring: [ParameterDefinition] = [
        .optional(
            "monitor_user",
            isReloadable: true,
            ParameterText(
                "Database user of the agent's SQL",
                """
                The database user that the agent connects as. It needs the rights of pg_monitor to see its standbys.

                When unset, it is the user named by pgdba.
                """
            )
        ) { $0.monitorUser = $1 },
        .optional(
            "monitor_password",
            isReloadable: true,
            ParameterText(
                "Password of monitor_user",
                """
                The password for monitor_user, which must be set with it. A password file in the home directory of \
                pgdba keeps the password out of the cluster's configuration and needs no parameter.
                """
            )
        ) { $0.monitorPassword = $1.map { Secret($0) } },
        .lines(
            "monitor_sql",
            default: defaultMonitorSQL,
            isReloadable: true,
            ParameterText(
                "SQL that a monitor runs",
                """
                A query that must succeed for the instance to count as healthy. In the modes async and sync it runs \
                on the primary, and only when it differs from the default.
                """
            )
        ) { $0.monitorSQL = $1 },
        .boolean(
            "check_wal_receiver",
            default: false,
            isReloadable: true,
            ParameterText(
                "Publish the state of the WAL receiver",
                """
                Whether each monitor sets the node attribute RESOURCE-receiver-status: "normal" while a standby's WAL \
                receiver streams, "normal (master)" on the primary, "ERROR" otherwise. It never makes a monitor fail.
                """
            )
        ) { $0.checkWalReceiver = $1 },
    ]

    /// Limits of waits and shutdowns.
    static let timing: [ParameterDefinition] = [
        .integer(
            "stop_escalate",
            in: 0...86400,
            default: 90,
            isReloadable: true,
            ParameterText(
                "Seconds of fast shutdown before an immediate one",
                """
                How long a primary may take for a fast shutdown before it is shut down immediately. 0 shuts down \
                immediately at once. The limit is shortened where the operation's timeout would come first.
                """
            )
        ) { $0.stopEscalate = $1 },
        .integer(
            "stop_escalate_in_slave",
            in: 0...86400,
            default: 90,
            isReloadable: true,
            ParameterText(
                "Seconds of fast shutdown before an immediate one, for a standby",
                """
                As stop_escalate, for an instance that is stopped in the unpromoted role and for the restart that \
                restart_on_promote asks for.
                """
            )
        ) { $0.stopEscalateInSlave = $1 },
        .integer(
            "xlog_check_count",
            in: 0...1000,
            default: 3,
            isReloadable: true,
            ParameterText(
                "How long an election waits, in monitors",
                """
                When no primary is known: three times so many monitors in a row wait for a node that is online and \
                hasn't told its LSN. After twice so many, a node that was chosen and isn't promoted lets another one go \
                first that has every acknowledged commit as well.
                """
            )
        ) { $0.xlogCheckCount = $1 },
        .integer(
            "crm_attr_timeout",
            in: 1...3600,
            default: 5,
            isReloadable: true,
            ParameterText(
                "Seconds to wait for an attribute to be written",
                """
                How long one write of a permanent node attribute may take before it is given up and tried again.
                """
            )
        ) { $0.crmAttrTimeout = $1 },
    ]

    /// How failures are noticed.
    static let detection: [ParameterDefinition] = [
        .boolean(
            "fast_failure_detection",
            default: true,
            isReloadable: true,
            ParameterText(
                "Report a dead postmaster at once",
                """
                Whether a small process waits beside each postmaster and tells Pacemaker the moment it has ended, and on the \
                primary looks after the synchronous standbys the moment one's connection ends. Without it, the next monitor \
                finds out. What it reports is a failure of its own for Pacemaker, and has the instance recovered: an on-fail \
                of the monitors other than restart doesn't apply to it.
                """
            )
        ) { $0.fastFailureDetection = $1 }
    ]
}
