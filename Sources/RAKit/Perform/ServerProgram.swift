import RACore

/// Starts PostgreSQL's own programs in the environment that the instance needs and nothing of the cluster's.
struct ServerProgram {
    let parameters: Parameters
    let installation: Installation

    /// What a server inherits would stay with it for years: nothing of the cluster, no client setting, no password.
    private var environment: [String: String?] {
        var changes: [String: String?] = [:]
        for name in environmentNames() {
            let isForeign = ["OCF_", "HA_", "PCMK_", "CRM_", "PG"].contains { name.hasPrefix($0) }
            if isForeign { changes[name] = .some(nil) }
        }
        changes["PGPORT"] = String(parameters.pgport)
        if let libraries = parameters.pglibs {
            let present = environmentValue("LD_LIBRARY_PATH").map { $0 + ":" } ?? ""
            changes["LD_LIBRARY_PATH"] = present + libraries
        }
        // The server's own locale is the configuration's; LC_ALL of ours would override it.
        changes["LC_ALL"] = environmentValue("LC_ALL").map { .some($0) } ?? .some(nil)
        return changes
    }

    /// The options of the server, as words.
    private var serverOptions: [String] {
        var words = ["-c", "config_file=\(installation.configurationFile)"]
        if let host = parameters.pghost { words += ["-h", host] }
        return words
    }

    /// `pg_ctl start` without waiting.
    func startCommand() -> Command {
        let options = serverOptions.map(shellQuoted).joined(separator: " ")
        let given = parameters.startOpt.map { " " + $0 } ?? ""
        let words =
            splitWords(parameters.ctlOpt ?? "") + [
                "-D", installation.dataDirectory, "-l", parameters.serverLogFile, "-o", options + given, "-W",
                "start",
            ]
        return Command(installation.pgctl, words, environment: environment, as: installation.account)
    }

    func promoteCommand() -> Command {
        Command(
            installation.pgctl,
            ["-D", installation.dataDirectory, "-W", "promote"],
            environment: environment,
            as: installation.account
        )
    }

    /// Prints a setting as the configuration files have it; fails as the start would when they can't be read.
    func settingCommand(_ name: String) -> Command {
        let words = ["-D", installation.dataDirectory] + serverOptions + splitWords(parameters.startOpt ?? "")
        return Command(
            installation.program("postgres"),
            words + ["-C", name],
            environment: inEnglish,
            as: installation.account
        )
    }

    /// A start in the foreground, whose messages come to us in English instead of to a log file.
    func diagnosingCommand() -> Command {
        let words = ["-D", installation.dataDirectory] + serverOptions + splitWords(parameters.startOpt ?? "")
        let logging = ["-c", "logging_collector=off", "-c", "log_destination=stderr", "-c", "lc_messages=C"]
        return Command(
            installation.program("postgres"),
            words + logging,
            environment: inEnglish,
            as: installation.account
        )
    }

    /// A server for one session without a postmaster, which recovers from a crash and ends: its input is empty.
    ///
    /// No WAL is removed after that recovery, as what comes next may have to read it (`wal_keep_segments` before 13). It
    /// syncs as any server does: whatever comes next, the data are durable.
    func recoveryCommand() -> Command {
        let isOld = installation.majorVersion == "12"
        let keeping = isOld ? "wal_keep_segments=1000000" : "wal_keep_size=1000000GB"
        let words = [
            "--single", "-D", installation.dataDirectory, "-c", "config_file=\(installation.configurationFile)", "-c",
            keeping,
        ]
        return Command(
            installation.program("postgres"),
            words + (isOld ? [] : ["-c", "max_slot_wal_keep_size=-1"]) + ["template1"],
            environment: inEnglish,
            as: installation.account
        )
    }

    private var inEnglish: [String: String?] {
        var changes = environment
        changes["LC_ALL"] = "C"
        return changes
    }
}

/// A word that a shell takes as it is.
func shellQuoted(_ word: String) -> String {
    "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// The words of an option text; quotes hold words together, as in a shell.
func splitWords(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isOpen = false
    var quote: Character?
    for character in text {
        switch (character, quote) {
        case ("'", nil), ("\"", nil):
            quote = character
            isOpen = true
        case (" ", nil), ("\t", nil), ("\n", nil):
            if isOpen { words.append(word) }
            word = ""
            isOpen = false
        case (_, .some(character)): quote = nil
        case (_, _):
            word.append(character)
            isOpen = true
        }
    }
    return isOpen ? words + [word] : words
}
