public import ArgumentParser
internal import RAKit

/// The operator's command; one subcommand a task.
public struct PgrexTool: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "pgrex-tool",
        abstract: "Looks after PostgreSQL clusters that run under Pacemaker with ocf:heartbeat:pgsql-swift.",
        discussion:
            "Settings come from the cluster's configuration: there is no file to write. Run it as root on a node.",
        subcommands: [
            StatusCommand.self, SlotsCommand.self, RejoinCommand.self, LedgerCommand.self, SwitchoverCommand.self,
            StopCommand.self, PrimaryStartCommand.self, ArchiveCommand.self, FailoverCommand.self,
        ]
    )

    public init() {}

    /// Parses this process's arguments and runs the subcommand that they name.
    ///
    /// Wrong usage ends with the code that the subcommand documents.
    public static func runFromCommandLine() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let isUsage = exitCode(for: error) == .validationFailure
            let arguments = CommandLine.arguments.dropFirst()
            guard isUsage, let name = arguments.first, RejoinCommand.names.contains(name) else {
                exit(withError: error)
            }
            printError(fullMessage(for: error) + "\n")
            RAKit.exit(withCode: RejoinCommand.usageCode)
        }
    }
}
