extension ParameterTable {
    /// For whom commits wait, in rep_mode sync.
    static let synchronous: [ParameterDefinition] = [
        .integer(
            "sync_num",
            in: 1...64,
            default: 1,
            isReloadable: true,
            ParameterText(
                "Number of standbys that commits wait for",
                """
                In rep_mode sync a commit is acknowledged once so many standbys have it on disk. While fewer standbys \
                stream, commits wait for those, and for none when there is none; sync_strict changes that.
                """
            )
        ) { $0.syncNum = $1 },
        .word(
            "sync_method",
            default: SynchronousMethod.first,
            isReloadable: true,
            orElse: .unknownSynchronousMethod,
            ParameterText(
                "Which standbys commits wait for: first or any",
                """
                first: as many as sync_num says are chosen, and commits wait for all of them. Each of them alone may \
                be promoted. When one is lost, commits wait until the cluster knows that it is.

                any: commits wait for any sync_num of all standbys that stream. The loss of one stops no commit while \
                enough are left, and a slow one is waited for by nobody. After the loss of the primary the others \
                compare what they have, and all of them but sync_num - 1 must be there. It needs notify=true.
                """
            )
        ) { $0.syncMethod = $1 },
        .boolean(
            "sync_strict",
            default: false,
            isReloadable: true,
            ParameterText(
                "Stop commits rather than wait for fewer standbys",
                """
                Whether commits stop while fewer standbys than sync_num stream, instead of waiting for fewer.
                """
            )
        ) { $0.syncStrict = $1 },
        .integer(
            "sync_stall_timeout",
            in: 0...86400,
            default: 10,
            isReloadable: true,
            ParameterText(
                "Seconds after which a standby that takes no WAL is given up",
                """
                A standby whose connection is there, but which has taken nothing for so many seconds although there \
                is more, counts as lost: commits no longer wait for it, as for one whose replication link is cut. 0 \
                leaves that to PostgreSQL's wal_sender_timeout.
                """
            )
        ) { $0.syncStallTimeout = $1 },
    ]
}
