internal import CSystem
internal import Glibc

/// A user of the operating system.
public struct Account: Sendable, Hashable {
    public let name: String
    public let userID: UInt32
    public let groupID: UInt32
    public let home: String

    /// Looks a user up by name; nil when there is none.
    public init?(name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.name = name
        userID = entry.pointee.pw_uid
        groupID = entry.pointee.pw_gid
        home = entry.pointee.pw_dir.map { String(cString: $0) } ?? "/"
    }

    /// The name of a user number, or the number itself.
    public static func name(of userID: UInt32) -> String {
        guard let entry = getpwuid(userID) else { return "uid \(userID)" }
        return String(cString: entry.pointee.pw_name)
    }

    /// Runs with this account's effective user, for peer authentication and for access checks.
    ///
    /// Nothing changes when the process isn't root, nor for its other threads.
    public func impersonate<Result>(_ body: () -> Result) -> Result {
        guard geteuid() == 0, userID != 0 else { return body() }
        let formerGroup = getegid()
        // libpq looks for .pgpass where HOME says.
        setenv("HOME", home, 1)
        _ = csystem_act_as(userID, groupID)
        defer { _ = csystem_act_as(0, formerGroup) }
        return body()
    }
}

/// The name of who gives a command, as far as the environment tells: through sudo it is the person's own.
public func commandingName() -> String {
    environmentValue("SUDO_USER") ?? environmentValue("USER") ?? Account.name(of: geteuid())
}

/// Who gives a command, and where: "kim@pg1".
public func commandingUser() -> String { "\(commandingName())@\(machineName())" }
