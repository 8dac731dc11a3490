/// The settings that the agent owns, and the texts of the files that hold them.
public enum OwnedConfiguration {
    /// Settings that no other file may set while the agent runs the instance.
    public static let standbySettings = [
        "primary_conninfo", "primary_slot_name", "restore_command", "recovery_target_timeline",
        "archive_cleanup_command", "recovery_end_command",
    ]
    public static let synchronousSetting = "synchronous_standby_names"
    /// By which the server gives slots up itself.
    public static let slotLimitSetting = "max_slot_wal_keep_size"

    /// A setting's line in a configuration file.
    public static func line(_ name: String, _ value: String) -> String { "\(name) = \(quoted(value))\n" }

    /// A value in PostgreSQL's configuration syntax: quotes doubled, and backslashes too, as they begin escapes.
    public static func quoted(_ value: String) -> String {
        var text = "'"
        for character in value {
            if character == "'" || character == "\\" { text.append(character) }
            text.append(character)
        }
        return text + "'"
    }

    /// The file that makes an instance a standby of the primary's address.
    public static func standbyFile(_ parameters: Parameters, ownNode: String) -> String {
        var text = "# Written by pgsql-swift whenever it starts the instance; changes are lost.\n"
        text += line("primary_conninfo", connectionString(parameters, ownNode: ownNode))
        text += line("recovery_target_timeline", "latest")
        // After a failover the address moves a moment after the promotion; the default is 5 s.
        text += line("wal_retrieve_retry_interval", "1s")
        if let command = parameters.restoreCommand { text += line("restore_command", command) }
        if let command = parameters.archiveCleanupCommand { text += line("archive_cleanup_command", command) }
        if let command = parameters.recoveryEndCommand { text += line("recovery_end_command", command) }
        if let base = parameters.replicationSlotName {
            text += line("primary_slot_name", slotName(base: base, node: ownNode))
        }
        return text
    }

    /// How a standby reaches the primary.
    public static func connectionString(_ parameters: Parameters, ownNode: String) -> String {
        var text = "host=\(parameters.masterIP ?? "") port=\(parameters.pgport) user=\(parameters.repuser)"
        text += " application_name=\(ReplicaSet.applicationName(of: ownNode))"
        if let options = parameters.primaryConninfoOpt { text += " " + options }
        return text
    }

    public static func synchronousFile(_ set: SynchronousSet) -> String { synchronousFile(setting: set.setting) }

    /// The file that makes commits wait as a setting says.
    public static func synchronousFile(setting: String) -> String {
        "# Written by pgsql-swift whenever the synchronous standby changes; changes are lost.\n"
            + line(synchronousSetting, setting)
    }

    /// The file that has the server give slots up itself.
    public static func slotLimitFile(megabytes: UInt64) -> String {
        "# Written by pgsql-swift while no other file sets it and all slots are its own; changes are lost.\n"
            + line(slotLimitSetting, "\(megabytes)MB")
    }

    /// The megabytes that such a file says; nil when it doesn't.
    public static func slotLimit(ofFile text: String) -> UInt64? {
        text.split(separator: "'").dropFirst().first.flatMap { UInt64($0.prefix { $0.isNumber }) }
    }

    /// The file that the main configuration includes: one line there never changes again. Its first line tells whose the
    /// files beside it are.
    public static func rootFile(dataDirectory: String) -> String {
        """
        \(ownerMark)\(dataDirectory)
        # Written by pgsql-swift; changes are lost.
        include_if_exists 'recovery.conf'
        include_if_exists 'rep_mode.conf'
        include_if_exists 'slot_limit.conf'

        """
    }

    /// The data directory that a root file was written for; nil when it doesn't say.
    public static func owner(ofRootFile text: String) -> String? {
        guard let line = text.split(separator: "\n").first, line.hasPrefix(ownerMark) else { return nil }
        return String(line.dropFirst(ownerMark.count))
    }

    private static let ownerMark = "# Data directory: "

    /// Stands at the end of the include line, so that it is found again.
    public static let managedMark = "# managed by pgsql-swift"

    /// The main configuration with exactly one include line, the last, or with none.
    ///
    /// Lines that heartbeat/pgsql left ("added by pgsql RA") go: they name files that nobody writes any more.
    public static func mainFile(_ text: String, including path: String?) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines.removeAll { line in
            let bare = String(line.drop { $0 == " " || $0 == "\t" })
            return bare.hasPrefix("include") && (hasEnding(line, managedMark) || hasEnding(line, "# added by pgsql RA"))
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if let path { lines.append("include_if_exists \(quoted(path)) \(managedMark)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func hasEnding(_ line: String, _ ending: String) -> Bool {
        var rest = line[...]
        while let last = rest.last, last == " " || last == "\t" || last == "\r" { rest.removeLast() }
        return rest.hasSuffix(ending)
    }

    /// postgresql.auto.conf without the settings that the agent owns, and the lines that went.
    ///
    /// The file is read last, so that a line that a base backup or ALTER SYSTEM left there would win.
    public static func withoutOwned(_ text: String, names: [String]) -> (text: String, removed: [String]) {
        var removed: [String] = []
        var kept: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let word = line.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" && $0 != "=" }
            if names.contains(where: { sameName($0, String(word)) }) {
                removed.append(String(word))
            } else {
                kept.append(line)
            }
        }
        return (kept.joined(separator: "\n"), removed)
    }
}
