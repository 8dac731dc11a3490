public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool status`: one screen on the cluster, from any node.
public struct StatusCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the cluster, each node's instance and a verdict on one screen.",
        usage: "pgrex-tool status [--watch [<seconds>]] [--json] [--resource <id>]",
        discussion: """
            Works on any node of the cluster, also when the cluster is stopped there or has no quorum: it then shows \
            what can be known and says so. A value that isn't known is "-" with a footnote. "*" marks this node; \
            LAG is in bytes behind the primary; SLOT is the WAL that the primary keeps for the node; RESTART counts \
            settings that wait for a restart of the instance.

            EXAMPLES:
              pgrex-tool status                     look once
              pgrex-tool status --watch             look every 2 seconds until interrupted
              pgrex-tool status --json | jq .verdict.level

            EXIT CODES:
              0  healthy: everything is in place
              1  degraded: something is missing, but a standby can take over
              2  unprotected: it serves, but nothing would take over safely
              3  down: no node serves
              4  can't tell: not enough could be asked

            JSON KEYS (what isn't known is null, and "unknown" beside it says why; new ones may come):
              version, taken_at, resource, rep_mode
              cluster: name, source (cluster, saved_configuration), saved_at, quorum,
                fencing (on, off, no_device), maintenance, unknown
              states_recorded_because: why sync_state and state are what the primary's
                agent recorded; null when they are the primary's own word
              open_ledger_entries: lost commits of this node that nobody has looked at (null:
                unknown), ledger_note
              nodes: name, local, membership (online, standby, maintenance, offline, lost),
                role (primary, standby, stopped, failed), state,
                sync_state (sync, quorum, potential, async), timeline, received_lsn,
                received_lag_bytes, replayed_lsn, replayed_lag_bytes,
                slot_retained_bytes, slot_note, stopped_by, rejoin (state: under_way,
                interrupted, failed; step, done_bytes, total_bytes,
                bytes_per_second, exit_code, why), pending_restart,
                promotion_score, unknown
              verdict: level (healthy, degraded, unprotected, down, cannot_tell),
                exit_code, text
            """
    )

    @Option(
        name: .long,
        defaultAsFlag: 2,
        help: ArgumentHelp("Look again every so many seconds.", valueName: "seconds")
    )
    var watch: Int?

    @Flag(name: .long, help: "Print JSON instead; with --watch, a line a look.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func validate() throws {
        guard watch.map({ (1...3600).contains($0) }) ?? true else {
            throw ValidationError("--watch takes 1 to 3600 seconds")
        }
    }

    public func run() throws {
        var observer = StatusObserver(reader: ConfigurationReader(resource: choice.resource))
        guard let watch else {
            let level = look(&observer)
            throw ExitCode(Int32(level.rawValue))
        }
        while true {
            _ = look(&observer)
            pause(milliseconds: watch * 1000)
        }
    }

    /// Looks once and prints.
    private func look(_ observer: inout StatusObserver) -> HealthLevel {
        do throws(ContextProblem) {
            let snapshot = StatusSnapshot(takenAt: localTime(), status: assembleStatus(try observer.observe()))
            show(json ? statusJSON(snapshot) : nil, renderStatus(snapshot, style: .ofStandardOutput))
            return snapshot.verdict.level
        } catch {
            show(json ? statusJSON(failure: error.description, takenAt: localTime()) : nil, nil)
            printError("pgrex-tool: \(error.description)\n")
            return .cannotTell
        }
    }

    private func show(_ json: JSONValue?, _ screen: String?) {
        if let json {
            printOutput(json.text(isIndented: watch == nil) + "\n")
        } else if let screen {
            printOutput(watch == nil ? screen : Style.isTerminal ? redrawn(screen) : screen + "\n")
        }
    }
}

/// The screen over the one before it: from the top, each line to its end, then nothing below; so nothing flickers.
func redrawn(_ screen: String) -> String {
    let lines = screen.split(separator: "\n", omittingEmptySubsequences: false).map { $0 + "\u{1B}[K" }
    return "\u{1B}[H" + lines.joined(separator: "\n") + "\u{1B}[J"
}
