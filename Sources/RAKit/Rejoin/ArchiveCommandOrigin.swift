internal import RACore

/// Files that a command brings: the node's own `restore_command`, or one that the operator names.
///
/// It is run by /bin/sh as the database user in the data directory, as a server would run it.
public struct ArchiveCommandOrigin: ArchiveOrigin {
    /// "restore_command" or "--fetch-command".
    public let name: String
    public let command: String
    let account: Account
    let directory: String
    /// What %r stands for: the oldest file that a restart of recovery would need.
    let oldestKept: String

    public init(name: String, command: String, installation: Installation, oldestKept: String) {
        self.name = name
        self.command = command
        account = installation.account
        directory = installation.dataDirectory
        self.oldestKept = oldestKept
    }

    public var summary: String { "\(name) \"\(redactingPasswords(command))\"" }

    public func open() -> ArchiveOpening { .open(Reader(origin: self)) }

    private struct Reader: ArchiveReader {
        let origin: ArchiveCommandOrigin

        func bring(_ name: String, to path: String, while goesOn: () -> Bool) -> ArchiveAnswer {
            let text = expandRestoreCommand(origin.command, file: name, path: path, oldestKept: origin.oldestKept)
            // A data directory that isn't there yet doesn't matter to a command with whole paths.
            let words = ["-c", "cd \"$1\" 2> /dev/null; \(text)", "sh", origin.directory]
            var command = Command("/bin/sh", words, as: origin.account)
            command.group = .own
            let result = start(command).follow(while: goesOn)
            switch result.end {
            case .exited(0):
                guard FileFacts(path) != nil else { return .absent(why: "it ended well, but brought no file") }
                return .brought
            // Above 125 a shell tells of signals and programs that aren't there: recovery would stop there as well.
            case .exited(let code) where code <= 125: return .absent(why: result.summary)
            case .exited, .killed, .timedOut, .notStarted: return .failed(why: result.summary)
            }
        }
    }
}
