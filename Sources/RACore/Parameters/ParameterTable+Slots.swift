extension ParameterTable {
    /// How much a replication slot may keep for a node that is away.
    static let slots: [ParameterDefinition] = [
        .integer(
            "slot_keep_max_share",
            in: 0...90,
            default: 50,
            isReloadable: true,
            ParameterText(
                "Share of the space for WAL that a replication slot may keep, in percent",
                """
                A slot of a node that is away is dropped once it keeps so much of the space that pg_wal's file system \
                has for it: what is free, and what is there for this slot alone; or once 90 percent will be reached by \
                the look after next. A warning comes at half of it. The node then needs a rewind or a copy, unless an \
                archive has the WAL. A slot in use is ended only when 90 percent are reached. 0 guards nothing.
                """
            )
        ) { $0.slotKeepMaxShare = $1 },
        .quantity(
            "slot_keep_max_bytes",
            of: .size,
            isReloadable: true,
            ParameterText(
                "WAL that a replication slot may keep",
                """
                A slot of a node that is away is dropped once so much is there for this slot alone, beyond what a \
                restart of the server needs: a number of bytes, or one with a unit, as 20GB. A warning comes at half of \
                it. 0 sets no such limit.
                """
            )
        ) { $0.slotKeepMaxBytes = $1 },
        .quantity(
            "slot_keep_max_age",
            of: .duration,
            isReloadable: true,
            ParameterText(
                "Time that a replication slot is kept",
                """
                A slot of a node that has been away so long is dropped: a number of seconds, or one with a unit (s, \
                min, h, d), as 7d. A warning comes at half of it. 0 sets no such limit.
                """
            )
        ) { $0.slotKeepMaxAge = $1 },
    ]
}
