public import RACore

/// This node's own archive as `pgrex-tool archive clean` finds it, and all that still needs WAL.
public struct ArchiveSite: Sendable {
    public let node: String
    public let directory: String
    public let claims: [ArchiveClaim]
    /// What may need WAL that nobody knows of.
    public let unseen: [ArchiveCleaningRefusal.Unseen]
    let files: [ArchiveFile]
    let timeline: TimelineID
    let segmentSize: UInt64
    let account: Account

    /// Why nothing can be said.
    public struct Problem: Error, Sendable, Hashable {
        public let text: String
    }

    /// What the operator said.
    public struct Wishes: Sendable {
        /// nil derives it from the settings.
        public var archive: String?
        /// Nodes whose need doesn't count.
        public var without: [String]
        /// Directories of base backups that are to stay usable.
        public var backups: [String]

        public init(archive: String? = nil, without: [String] = [], backups: [String] = []) {
            self.archive = archive
            self.without = without
            self.backups = backups
        }
    }

    public static func read(_ reader: ConfigurationReader, _ wishes: Wishes) throws(Problem) -> ArchiveSite {
        let context: ResourceContext
        do throws(ContextProblem) {
            context = try reader.read(by: .after(milliseconds: 10_000))
        } catch {
            throw Problem(text: error.description)
        }
        let parameters = context.configuration.reading.parameters
        let installation: Installation
        do throws(Refusal) {
            installation = try findInstallation(parameters)
        } catch {
            throw Problem(text: error.reason)
        }
        let control: ControlFile
        switch ControlFile.read(installation, by: .after(milliseconds: 10_000)) {
        case .unknown(let why): throw Problem(text: why)
        case .known(let known): control = known
        }
        var observer = StatusObserver(reader: reader, peerMilliseconds: 5000)
        let observation = observer.observe(context)
        guard let node = observation.ownNode else {
            throw Problem(text: "this node's name isn't known. HINT: 'crm_node --name'.")
        }
        for name in wishes.without where !observation.members.contains(where: { sameName($0, name) }) {
            throw Problem(text: "no node \"\(name)\": there are \(observation.members.joined(separator: ", "))")
        }
        var census = ArchiveCensus(parameters: parameters, installation: installation, node: node)
        census.ask(observation, control, without: wishes.without)
        for backup in wishes.backups { census.declare(backup: backup) }
        return try ArchiveSite(
            node: node,
            directory: findArchive(wishes.archive, parameters, installation, control),
            census: census,
            control: control
        )
    }

    private init(node: String, directory: String, census: ArchiveCensus, control: ControlFile) throws(Problem) {
        self.node = node
        self.directory = directory
        claims = census.claims
        unseen = census.unseen
        segmentSize = control.segmentSize
        account = census.installation.account
        let own = newestTimeline(dataDirectory: census.installation.dataDirectory)
        timeline =
            ([control.checkpoint.timeline, own].compactMap { $0 } + census.claims.compactMap(\.timeline)).max()
            ?? control.checkpoint.timeline
        let names: [String]
        do throws(SystemError) {
            names = try listDirectory(directory)
        } catch {
            throw Problem(text: error.description)
        }
        files = names.compactMap { name in
            guard let facts = FileFacts(directory + "/" + name), facts.isRegular else { return nil }
            return ArchiveFile(name: name, bytes: UInt64(max(0, facts.size)))
        }
        try wantOwnSystem(control)
    }

    public func plan() -> Result<ArchiveCleaningPlan, ArchiveCleaningRefusal> {
        guard unseen.isEmpty else { return .failure(.unseen(unseen)) }
        return planArchiveCleaning(files, claims: claims, timeline: timeline, size: segmentSize)
    }

    /// The archive of another system isn't this cluster's to clean.
    private func wantOwnSystem(_ control: ControlFile) throws(Problem) {
        for file in files.reversed() {
            guard WALSegment(name: file.name, size: segmentSize) != nil,
                let head = try? readFile(directory + "/" + file.name, limit: WALPage.headerSize),
                let page = WALPage(head)
            else { continue }
            guard page.systemIdentifier != control.systemIdentifier else { return }
            throw Problem(
                text:
                    "\"\(directory)/\(file.name)\" is of system \"\(page.systemIdentifier)\", and this node's data of "
                    + "\"\(control.systemIdentifier)\": it is another cluster's archive"
            )
        }
    }

    /// The directory that was named, or that the settings name.
    private static func findArchive(
        _ wanted: String?,
        _ parameters: Parameters,
        _ installation: Installation,
        _ control: ControlFile
    ) throws(Problem) -> String {
        let directory: String
        if let wanted {
            directory = wanted
        } else if let derived = configuredArchive(installation)
            ?? parameters.restoreCommand.flatMap({ archiveDirectory(ofRestoreCommand: $0) })
        {
            directory = derived
        } else {
            throw Problem(
                text: "neither archive_command nor restore_command tells a plain directory on this node. "
                    + "HINT: Name it with --archive."
            )
        }
        guard let facts = FileFacts(directory), facts.isDirectory else {
            throw Problem(text: "the archive \"\(directory)\" is no directory on this node. HINT: Is it mounted?")
        }
        let own = FileFacts(installation.dataDirectory + "/pg_wal")
        guard !(own.map { facts.isSameFile(as: $0) } ?? false) else {
            throw Problem(text: "\"\(directory)\" is pg_wal of the instance itself, no archive")
        }
        return directory
    }

    private static func configuredArchive(_ installation: Installation) -> String? {
        for (setting, isCommand) in [("archive_command", true), ("basic_archive.archive_directory", false)] {
            guard let value = configuredSetting(setting, installation), !value.isEmpty else { continue }
            if !isCommand { return value.hasPrefix("/") ? value : nil }
            if let directory = archiveDirectory(ofArchiveCommand: value) { return directory }
        }
        return nil
    }
}

/// A setting as the configuration files have it, whether the server runs or not; nil when it can't be read.
func configuredSetting(_ name: String, _ installation: Installation) -> String? {
    let words = ["-D", installation.dataDirectory, "-c", "config_file=\(installation.configurationFile)"]
    let command = Command(installation.program("postgres"), words + ["-C", name], as: installation.account)
    let result = run(command, by: .after(milliseconds: 10_000))
    return result.isSuccess ? trimSpaces(String(decoding: result.output, as: UTF8.self)) : nil
}
