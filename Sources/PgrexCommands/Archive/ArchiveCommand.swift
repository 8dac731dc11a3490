public import ArgumentParser
internal import RACore
internal import RAKit

/// `pgrex-tool archive`: this node's WAL archive.
public struct ArchiveCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Looks after this node's WAL archive.",
        subcommands: [ArchiveCleanCommand.self]
    )

    public init() {}
}

/// `pgrex-tool archive clean`: what nobody needs any more goes.
public struct ArchiveCleanCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Removes the WAL files from this node's archive that nobody needs any more.",
        usage:
            "pgrex-tool archive clean [-m [<dir>] | -r] [--archive <dir>] [--backup <dir> ...] [--without <node> ...]",
        discussion: """
            Run it on each node that has an archive of its own. Without -m or -r it only says what would go. What stays \
            begins with the oldest segment that a node's recovery, a replication slot or a declared backup needs; the \
            newest segment always stays. Files of any segment size go, packed ones too, with the .partial, .backup and \
            .history files that belong to them; files with other names are never touched.

            A base backup that isn't declared can't be used any more once the WAL that it begins with is gone. Backups \
            that another program makes at this moment through pg_backup_start aren't seen.

            EXAMPLES:
              pgrex-tool archive clean                      say what would go
              pgrex-tool archive clean -m                   move it to a dated directory in the archive
              pgrex-tool archive clean -r --backup /backup/monday
              pgrex-tool archive clean -r --without node3   node3 is gone for good

            EXIT CODES:
              0  done, or there was nothing to do
              2  refused: what is still needed isn't known; nothing was touched
              3  failed: the output says what is gone
              64 wrong usage

            JSON KEYS: outcome (planned, moved, removed, failed), archive, moved_to, first_kept,
              needed_by, claims (who, lsn), files (name, bytes), bytes, done_bytes, kept,
              unknown (names that are left alone), why; or refused: why nothing was done
            """
    )

    @Option(
        name: [.customShort("m"), .long],
        defaultAsFlag: "",
        help: ArgumentHelp("Move the files, to a dated directory in the archive unless one is named.", valueName: "dir")
    )
    var move: String? = nil

    @Flag(name: [.customShort("r"), .long], help: "Remove the files.")
    var remove = false

    @Option(name: .long, help: ArgumentHelp("The archive; otherwise the settings tell it.", valueName: "dir"))
    var archive: String?

    @Option(name: .long, help: ArgumentHelp("A base backup that has to stay usable.", valueName: "dir"))
    var backup: [String] = []

    @Option(name: .long, help: ArgumentHelp("A node whose need doesn't count.", valueName: "node"))
    var without: [String] = []

    @Flag(name: .long, help: "Print JSON instead.")
    var json = false

    @OptionGroup var choice: ResourceChoice

    public init() {}

    public func validate() throws {
        guard move == nil || !remove else { throw ValidationError("--move and --remove exclude each other") }
        for path in [archive, move].compactMap({ $0 }) + backup where !path.isEmpty && !path.hasPrefix("/") {
            throw ValidationError("\"\(path)\" isn't a whole path")
        }
    }

    public func run() throws {
        let site = try read()
        switch site.plan() {
        case .failure(let refusal): throw refuse(refusal.text, json: json)
        case .success(let plan):
            guard let disposal = disposal(site), !plan.unneeded.isEmpty else {
                return say(archiveJSON(site, plan, .planned), archiveText(site, plan, .planned))
            }
            try carryOut(site, plan, disposal)
        }
    }

    private func read() throws -> ArchiveSite {
        do throws(ArchiveSite.Problem) {
            let wishes = ArchiveSite.Wishes(archive: archive, without: without, backups: backup)
            return try ArchiveSite.read(ConfigurationReader(resource: choice.resource), wishes)
        } catch {
            throw refuse(error.text, json: json)
        }
    }

    private func disposal(_ site: ArchiveSite) -> ArchiveSite.Disposal? {
        if remove { return .remove }
        return move.map { .move(to: $0.isEmpty ? site.datedDirectory() : $0) }
    }

    private func carryOut(_ site: ArchiveSite, _ plan: ArchiveCleaningPlan, _ disposal: ArchiveSite.Disposal) throws {
        let (done, failure) = site.carryOut(plan, disposal)
        let outcome = ArchiveOutcome.ended(disposal, done: done, failure: failure)
        say(archiveJSON(site, plan, outcome), archiveText(site, plan, outcome))
        guard let failure else { return }
        printError("pgrex-tool: \(failure). HINT: Mend that, then run it again.\n")
        throw ExitCode(3)
    }

    private func say(_ json: JSONValue, _ text: String) {
        printOutput(self.json ? json.text(isIndented: true) + "\n" : text)
    }
}
