public import ArgumentParser

/// The operator's command; one subcommand a task.
public struct PgrexTool: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "pgrex-tool",
        abstract: "Looks after PostgreSQL clusters that run under Pacemaker with ocf:heartbeat:pgsql-swift.",
        discussion:
            "Settings come from the cluster's configuration: there is no file to write. Run it as root on a node.",
        subcommands: [
            StatusCommand.self, SlotsCommand.self, RejoinCommand.self, LedgerCommand.self, FailoverCommand.self,
        ]
    )

    public init() {}

    /// Parses this process's arguments and runs the subcommand that they name.
    public static func runFromCommandLine() { main() }
}
