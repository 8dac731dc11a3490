import RACore

/// Starts the postmaster, and says in PostgreSQL's own words why it didn't come up.
struct PostmasterStarter {
    let agent: Agent
    let program: ServerProgram
    /// Where the server's log ended before the start.
    private let logStart: Int64

    init(agent: Agent, installation: Installation) {
        self.agent = agent
        program = ServerProgram(parameters: agent.parameters, installation: installation)
        logStart = FileFacts(agent.parameters.serverLogFile)?.size ?? 0
    }

    private var installation: Installation { program.installation }

    /// Starts; success means that a postmaster is on its way, not that it is up.
    func start() throws(Refusal) {
        let claim = try RejoinGuard(installation).claimForStart()
        // Until the postmaster's own files keep others out.
        defer { withExtendedLifetime(claim) {} }
        try prepareLogFile()
        let socketDirectories = try prepareSockets()
        try awaitOrphans()
        try removeStalePidFile()
        try removeStaleSocketLocks(socketDirectories)
        adoptOrphans()
        let result = run(program.startCommand(), by: agent.deadline)
        guard result.isSuccess else {
            throw Refusal(.genericError, "pg_ctl start: \(result.summary)")
        }
    }

    /// Creates the log file for the database user, as pg_ctl would as that user in a directory that lets it.
    private func prepareLogFile() throws(Refusal) {
        let path = agent.parameters.serverLogFile
        let account = installation.account
        do throws(SystemError) {
            if FileFacts(path) == nil { try replaceFile(path, with: [], mode: 0o600, owner: account) }
        } catch {
            throw Refusal(.insufficientPrivileges, "log file (parameter logfile): \(error.description)")
        }
        guard account.impersonate({ isWritable(path) }) else {
            throw Refusal(
                .insufficientPrivileges,
                "log file \"\(path)\" (parameter logfile) isn't writable by \"\(account.name)\""
            )
        }
    }

    /// Reads the configuration as the server will, which finds what is wrong with it at once, and makes its socket
    /// directories: a fresh /run has none.
    ///
    /// - Returns: the directories.
    private func prepareSockets() throws(Refusal) -> [String] {
        let result = run(program.settingCommand("unix_socket_directories"), by: agent.deadline)
        guard result.isSuccess else {
            let messages = String(decoding: result.errors, as: UTF8.self)
            throw Refusal(.genericError, "PostgreSQL says: \(lastError(in: messages) ?? result.summary)")
        }
        let setting = lastLine(String(decoding: result.output, as: UTF8.self))
        var directories = setting.split(separator: ",").map { trimSpaces($0) }.filter { $0.hasPrefix("/") }
        if let given = agent.parameters.socketdir, given.hasPrefix("/") { directories.append(given) }
        for directory in directories where FileFacts(directory) == nil {
            do throws(SystemError) {
                try ensureDirectory(directory, mode: 0o2775, owner: installation.account)
            } catch {
                throw Refusal(.insufficientPrivileges, "socket directory: \(error.description)")
            }
        }
        return directories
    }

    /// Backends of a postmaster that died keep its shared memory: a start beside them would fail.
    private func awaitOrphans() throws(Refusal) {
        var left: [Int32] = []
        let ended = wait(until: agent.deadline.capped(milliseconds: 10_000)) { () -> Bool? in
            left = findServerProcesses(dataDirectory: installation.dataDirectory)
            return left.isEmpty ? true : nil
        }
        guard ended == nil else { return }
        throw Refusal(
            .genericError,
            "processes of a former server still work in \"\(installation.dataDirectory)\": "
                + left.map { String($0) }.joined(separator: ", ") + ". HINT: The action 'stop' ends them."
        )
    }

    /// PostgreSQL believes a postmaster.pid whose number now belongs to any other process of the same user.
    private func removeStalePidFile() throws(Refusal) {
        let path = installation.dataDirectory + "/postmaster.pid"
        guard FileFacts(path) != nil,
            case .absent(let leftover) = observePostmaster(dataDirectory: installation.dataDirectory)
        else { return }
        agent.log.notice("removing a stale postmaster.pid: \(leftover ?? path)")
        do throws(SystemError) {
            try removeFile(path)
        } catch {
            throw Refusal(.genericError, error.description)
        }
    }

    /// PostgreSQL believes a socket's lock file as it does postmaster.pid; one that names this data directory is ours.
    private func removeStaleSocketLocks(_ directories: [String]) throws(Refusal) {
        guard case .absent = observePostmaster(dataDirectory: installation.dataDirectory),
            let own = FileFacts(installation.dataDirectory)
        else { return }
        for directory in directories {
            for name in (try? listDirectory(directory)) ?? []
            where name.hasPrefix(".s.PGSQL.") && name.hasSuffix(".lock") {
                let path = directory + "/" + name
                guard let text = try? readText(path, limit: 4096), let file = PostmasterFile(text: text),
                    FileFacts(file.dataDirectory)?.isSameFile(as: own) ?? false
                else { continue }
                do throws(SystemError) {
                    try removeFile(path)
                } catch {
                    throw Refusal(.genericError, error.description)
                }
            }
        }
    }

    /// Why the postmaster ended: from the log's new lines or, when they don't tell, from a start in the foreground.
    func explainFailure() -> String {
        if let text = lastError(in: newLogLines()) { return "PostgreSQL says: \(text)" }
        let result = run(program.diagnosingCommand(), by: agent.deadline.capped(milliseconds: 1500))
        let messages = String(decoding: result.errors, as: UTF8.self)
        if let text = lastError(in: messages) ?? unmarkedWords(in: messages) { return "PostgreSQL says: \(text)" }
        return "the server ended while it started, and left no error in \"\(agent.parameters.serverLogFile)\""
    }

    private func newLogLines() -> String {
        let path = agent.parameters.serverLogFile
        guard let facts = FileFacts(path), facts.isRegular, facts.size > logStart else { return "" }
        let from = max(logStart, facts.size - 65_536)
        return (try? readTail(path, from: from)) ?? ""
    }
}

/// The last error that a server's log tells of, with the line before it where that one has the cause.
func lastError(in log: String) -> String? {
    let lines = log.split(whereSeparator: \.isNewline)
    guard let last = lines.lastIndex(where: { $0.contains("FATAL:") || $0.contains("PANIC:") || $0.contains("ERROR:") })
    else { return nil }
    var error = message(of: lines[last])
    if last + 1 < lines.count, lines[last + 1].contains("DETAIL:") { error += " (\(message(of: lines[last + 1])))" }
    var parts: [String] = []
    // "configuration file contains errors" and "could not create any TCP/IP sockets" come after their causes.
    for line in lines[..<last].suffix(3) {
        let words = message(of: line)
        let isCause = ["could not", "invalid", "syntax error", "unrecognized", "requires", "must be"].contains {
            words.contains($0)
        }
        if isCause && words != error { parts.append(words) }
    }
    parts.append(error)
    return parts.joined(separator: "; ")
}

/// What a server says that ends before it can log: lines without a severity, the last three.
private func unmarkedWords(in log: String) -> String? {
    let lines = log.split(whereSeparator: \.isNewline).filter { line in
        !["LOG:", "WARNING:", "HINT:", "NOTICE:"].contains { line.contains($0) }
    }
    return lines.isEmpty ? nil : lines.suffix(3).map { trimSpaces($0) }.joined(separator: " ")
}

/// A log line from its severity on, without the prefix of `log_line_prefix`.
private func message(of line: Substring) -> String {
    for severity in ["PANIC:", "FATAL:", "ERROR:", "LOG:", "WARNING:", "HINT:", "DETAIL:"] {
        if let range = firstRange(of: severity, in: line) { return trimSpaces(line[range.upperBound...]) }
    }
    return trimSpaces(line)
}

private func firstRange(of word: String, in line: Substring) -> Range<Substring.Index>? {
    var start = line.startIndex
    while start < line.endIndex {
        if line[start...].hasPrefix(word) { return start..<line.index(start, offsetBy: word.count) }
        start = line.index(after: start)
    }
    return nil
}
