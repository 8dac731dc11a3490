internal import Glibc
public import RACore

/// Where PostgreSQL stands on this machine for one resource: parameters first, then what is found.
public struct Installation: Sendable, Hashable {
    /// "15"; from PG_VERSION.
    public var majorVersion: String
    public var dataDirectory: String
    /// The main configuration file.
    public var configurationFile: String
    public var pgctl: String
    /// The directory of the other programs.
    public var binaryDirectory: String
    public var account: Account
    /// Where the agent keeps its files.
    public var temporaryDirectory: String

    public func program(_ name: String) -> String { binaryDirectory + "/" + name }
}

/// The data directory by parameter or, when the default doesn't exist, the only one in the usual places.
public func findDataDirectory(_ parameters: Parameters) -> String {
    if let given = parameters.pgdata { return given }
    let standard = parameters.dataDirectory
    if FileFacts(standard + "/PG_VERSION") != nil { return standard }
    var found: [String] = []
    for (parent, child) in [("/var/lib/postgresql", "main"), ("/var/lib/pgsql", "data")] {
        for version in (try? listDirectory(parent)) ?? []
        where FileFacts("\(parent)/\(version)/\(child)/PG_VERSION") != nil {
            found.append("\(parent)/\(version)/\(child)")
        }
    }
    return found.count == 1 ? found[0] : standard
}

/// Where the agent keeps its files: by parameter, or in the database user's home.
public func findTemporaryDirectory(_ parameters: Parameters, account: Account?) -> String {
    if let given = parameters.tmpdir { return given }
    guard let account, FileFacts(parentDirectory(parameters.temporaryDirectory)) == nil else {
        return parameters.temporaryDirectory
    }
    return account.home + "/tmp"
}

/// Finds everything that starting needs.
///
/// - Throws: the first thing that is missing, in the incumbent's order and with its exit codes.
public func findInstallation(_ parameters: Parameters) throws(Refusal) -> Installation {
    guard let account = Account(name: parameters.pgdba) else {
        throw Refusal(.notInstalled, "user \"\(parameters.pgdba)\" (parameter pgdba) doesn't exist on this node")
    }
    let dataDirectory = findDataDirectory(parameters)
    let version = try readMajorVersion(dataDirectory, account: account)
    let pgctl = try findControlProgram(parameters, version: version)
    if let psql = parameters.psql, psql != "/usr/bin/psql", findProgram(psql) == nil {
        throw Refusal(.notInstalled, "psql \"\(psql)\" (parameter psql) isn't an executable file on this node")
    }
    let configurationFile = try findConfigurationFile(parameters, dataDirectory: dataDirectory, version: version)
    return Installation(
        majorVersion: version,
        dataDirectory: dataDirectory,
        configurationFile: configurationFile,
        pgctl: pgctl,
        binaryDirectory: parentDirectory(resolved(pgctl)),
        account: account,
        temporaryDirectory: findTemporaryDirectory(parameters, account: account)
    )
}

/// Finds everything that makes a data directory: what `findInstallation` finds when there is one already.
///
/// - Parameter majorVersion: of the server whose data are to come here: "15".
public func findInstallation(_ parameters: Parameters, majorVersion: String) throws(Refusal) -> Installation {
    guard let account = Account(name: parameters.pgdba) else {
        throw Refusal(.notInstalled, "user \"\(parameters.pgdba)\" (parameter pgdba) doesn't exist on this node")
    }
    let pgctl = try findControlProgram(parameters, version: majorVersion)
    let dataDirectory = findDataDirectory(parameters)
    let standard = dataDirectory + "/postgresql.conf"
    return Installation(
        majorVersion: majorVersion,
        dataDirectory: dataDirectory,
        configurationFile: (try? findConfigurationFile(parameters, dataDirectory: dataDirectory, version: majorVersion))
            ?? standard,
        pgctl: pgctl,
        binaryDirectory: parentDirectory(resolved(pgctl)),
        account: account,
        temporaryDirectory: findTemporaryDirectory(parameters, account: account)
    )
}

private func readMajorVersion(_ dataDirectory: String, account: Account) throws(Refusal) -> String {
    guard let facts = FileFacts(dataDirectory), facts.isDirectory else {
        throw Refusal(
            .notInstalled,
            "data directory \"\(dataDirectory)\" doesn't exist on this node. HINT: Is its file system mounted?"
        )
    }
    let text: String
    do throws(SystemError) {
        text = trimSpaces(try readText(dataDirectory + "/PG_VERSION", limit: 64))
    } catch {
        throw Refusal(
            .notInstalled,
            "\"\(dataDirectory)\" is no data directory: \(error.description). "
                + "HINT: Is its file system mounted, and was initdb or pg_basebackup run?"
        )
    }
    guard facts.ownerID == account.userID else {
        throw Refusal(
            .insufficientPrivileges,
            "data directory \"\(dataDirectory)\" belongs to \"\(Account.name(of: facts.ownerID))\", but parameter pgdba is "
                + "\"\(account.name)\". HINT: Set pgdba to the owner, or give the directory to \"\(account.name)\"."
        )
    }
    guard let number = Int(text), number >= 12 else {
        throw Refusal(
            .notInstalled,
            "data directory \"\(dataDirectory)\" is of PostgreSQL \"\(text)\"; 12 is the oldest supported"
        )
    }
    return text
}

private func findControlProgram(_ parameters: Parameters, version: String) throws(Refusal) -> String {
    if let given = parameters.pgctl, given != "/usr/bin/pg_ctl" {
        guard let path = findProgram(given) else {
            throw Refusal(.notInstalled, "pg_ctl \"\(given)\" (parameter pgctl) isn't an executable file on this node")
        }
        return path
    }
    let places = [
        "/usr/lib/postgresql/\(version)/bin", "/usr/pgsql-\(version)/bin", "/usr/lib/postgresql\(version)/bin",
        "/usr/bin",
    ]
    guard let found = places.map({ $0 + "/pg_ctl" }).first(where: isExecutable) else {
        throw Refusal(
            .notInstalled,
            "no pg_ctl of PostgreSQL \(version) in \(places.joined(separator: ", ")). HINT: Install it, or set parameter pgctl."
        )
    }
    return found
}

private func findConfigurationFile(
    _ parameters: Parameters,
    dataDirectory: String,
    version: String
) throws(Refusal) -> String {
    if let given = parameters.config {
        guard FileFacts(given) != nil else {
            throw Refusal(
                .notInstalled,
                "configuration file \"\(given)\" (parameter config) doesn't exist on this node"
            )
        }
        return given
    }
    let standard = dataDirectory + "/postgresql.conf"
    if FileFacts(standard) != nil { return standard }
    // Debian keeps it apart, under the same version and name as the data directory.
    let name = dataDirectory.split(separator: "/").last.map(String.init) ?? "main"
    let debian = "/etc/postgresql/\(version)/\(name)/postgresql.conf"
    guard FileFacts(debian) != nil else {
        throw Refusal(
            .notInstalled,
            "neither \"\(standard)\" nor \"\(debian)\" exists. HINT: Set parameter config."
        )
    }
    return debian
}

/// The path behind symbolic links; the path itself when it can't be resolved.
func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
}

/// Proves that the programs are of the data directory's major version, and that the database user may write there.
public func verifyInstallation(_ installation: Installation, by deadline: Deadline) throws(Refusal) {
    let server = installation.program("postgres")
    let result = run(
        Command(server, ["--version"], as: installation.account),
        by: deadline.capped(milliseconds: 10_000)
    )
    let text = lastLine(String(decoding: result.output, as: UTF8.self))
    guard result.isSuccess, let version = majorVersion(in: text) else {
        throw Refusal(
            .notInstalled,
            "\"\(server) --version\" gave \(result.isSuccess ? "\"\(text)\"" : result.summary)"
        )
    }
    guard version == installation.majorVersion else {
        throw Refusal(
            .notInstalled,
            "data directory \"\(installation.dataDirectory)\" is of PostgreSQL \(installation.majorVersion), but "
                + "\"\(server)\" is PostgreSQL \(version). HINT: Set parameter pgctl to the pg_ctl of PostgreSQL "
                + "\(installation.majorVersion)."
        )
    }
    let isWritable = installation.account.impersonate {
        faccessat(AT_FDCWD, installation.dataDirectory, W_OK | X_OK, AT_EACCESS) == 0
    }
    guard isWritable else {
        throw Refusal(
            .insufficientPrivileges,
            "user \"\(installation.account.name)\" can't write data directory \"\(installation.dataDirectory)\""
        )
    }
}

/// The major version in "postgres (PostgreSQL) 15.18 (Debian ...)".
func majorVersion(in text: String) -> String? {
    let words = text.split(separator: " ")
    guard let mark = words.firstIndex(of: "(PostgreSQL)"), mark + 1 < words.count else { return nil }
    let digits = words[mark + 1].prefix { $0.isNumber }
    return digits.isEmpty ? nil : String(digits)
}
