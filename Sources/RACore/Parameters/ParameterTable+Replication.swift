extension ParameterTable {
    /// The cluster's side of replication.
    static let replication: [ParameterDefinition] = [
        .word(
            "rep_mode",
            default: ReplicationMode.none,
            orElse: .unknownReplicationMode,
            ParameterText(
                "Replication mode: none, slave, async or sync",
                """
                none: a single instance that isn't replicated by the cluster.

                slave: a single standby of a primary outside of the cluster; it is never promoted.

                async: a promotable clone; commits don't wait for a standby.

                sync: a promotable clone; commits wait for a synchronous standby as long as there is one.

                The modes async and sync need a promotable clone, node_list and master_ip; slave needs master_ip.
                """
            )
        ) { $0.repMode = $1 },
        .names(
            "node_list",
            isReloadable: true,
            ParameterText(
                "Nodes the instance may run on",
                """
                The cluster's names of all nodes that hold an instance, separated by blanks. Letter case doesn't \
                count. Needed in the modes async and sync.
                """
            )
        ) { $0.nodeList = $1 },
        .optional(
            "master_ip",
            isReloadable: true,
            ParameterText(
                "Address of the primary",
                """
                The address that standbys replicate from, usually a virtual IP address that the cluster keeps with \
                the promoted instance. Needed in the modes slave, async and sync.
                """
            )
        ) { $0.masterIP = $1 },
        .text(
            "repuser",
            default: "postgres",
            isReloadable: true,
            ParameterText(
                "Database user that standbys replicate as",
                """
                The user must have the attribute REPLICATION, and pg_hba.conf on each node must let it in from the \
                other nodes.
                """
            )
        ) { $0.repuser = $1 },
        .optional(
            "primary_conninfo_opt",
            isReloadable: true,
            ParameterText(
                "Further settings of the connection to the primary",
                """
                Settings in the form "keyword=value keyword=value" that are added to primary_conninfo, such as \
                sslmode or keepalives_idle. application_name isn't one of them: in the modes async and sync it is the \
                node's name. PostgreSQL 17's sync_replication_slots needs dbname among them.
                """
            )
        ) { $0.primaryConninfoOpt = $1 },
        .optional(
            "replication_slot_name",
            ParameterText(
                "Base name of the replication slots",
                """
                When set, every node keeps a physical replication slot for each other node, named BASE_NODE with the \
                node's name in lower case and an underscore for each character other than a-z, 0-9 and _. The base has \
                the same characters, and the whole name at most 63.

                A slot keeps WAL for a node that is away, within slot_keep_max_share, slot_keep_max_bytes and \
                slot_keep_max_age, and within the server's own max_slot_wal_keep_size.
                """
            )
        ) { $0.replicationSlotName = $1 },
        .names(
            "external_standby_node_list",
            isReloadable: true,
            ParameterText(
                "Standbys outside of the cluster that may be synchronous",
                """
                The application_name of each, separated by blanks. Letter case doesn't count. Needs rep_mode sync.
                """
            )
        ) { $0.externalStandbyNodeList = $1 },
        .boolean(
            "restart_on_promote",
            default: false,
            isReloadable: true,
            ParameterText(
                "Promote by a restart",
                """
                Whether a standby is promoted by restarting it as a primary. The timeline then stays the same, \
                clients are disconnected, and after a promotion that fails nobody but its own node is promoted: \
                nothing would tell whether it acknowledged commits.
                """
            )
        ) { $0.restartOnPromote = $1 },
    ]

    /// What a standby's recovery is configured with.
    static let standby: [ParameterDefinition] = [
        .optional(
            "restore_command",
            isReloadable: true,
            ParameterText(
                "Command that fetches WAL from an archive",
                """
                PostgreSQL's restore_command for standbys: a shell command that copies the file %f of the archive \
                to %p. Optional; without it a standby has only what its primary still keeps.
                """
            )
        ) { $0.restoreCommand = $1 },
        .optional(
            "archive_cleanup_command",
            isReloadable: true,
            ParameterText(
                "Command that removes archived WAL no standby needs",
                """
                PostgreSQL's archive_cleanup_command for standbys, run at each restart point; %r is the oldest file \
                that is still needed.
                """
            )
        ) { $0.archiveCleanupCommand = $1 },
        .optional(
            "recovery_end_command",
            isReloadable: true,
            ParameterText(
                "Command that runs once at the end of recovery",
                """
                PostgreSQL's recovery_end_command for standbys, run when a standby has become a primary.
                """
            )
        ) { $0.recoveryEndCommand = $1 },
    ]
}
