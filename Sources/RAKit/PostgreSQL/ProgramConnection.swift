internal import RACore

/// How a program of PostgreSQL's is told to connect: no password stands among its words, which any user may read.
public struct ProgramConnection: Sendable {
    /// A connection string for `-d`, `--dbname` or `--source-server`.
    public let conninfo: String
    /// PGPASSWORD, when there is a password: only the database user and root may read a process's environment.
    public let environment: [String: String?]

    public init(_ target: ConnectionTarget) {
        var settings: [(String, String)] = []
        var password: String?
        func set(_ keyword: String, _ value: String) {
            guard keyword != "password" else {
                password = value
                return
            }
            settings.removeAll { $0.0 == keyword }
            settings.append((keyword, value))
        }
        if case .settings(let given) = parseConninfo(target.options) {
            for setting in given { set(setting.keyword, setting.value) }
        }
        set("host", target.host)
        set("port", String(target.port))
        set("user", target.user)
        if !target.isReplication { set("dbname", target.database) }
        if let given = target.password { password = given.reveal() }
        let words = settings.filter { !$0.1.isEmpty }
        conninfo = words.map { "\($0.0)=\(ProgramConnection.quoted($0.1))" }.joined(separator: " ")
        var changes: [String: String?] = [:]
        changes.updateValue(password, forKey: "PGPASSWORD")
        environment = changes
    }

    /// A value as libpq reads it (documentation, "Connection Strings").
    static func quoted(_ value: String) -> String {
        var text = "'"
        for character in value {
            if character == "'" || character == "\\" { text.append("\\") }
            text.append(character)
        }
        return text + "'"
    }
}
