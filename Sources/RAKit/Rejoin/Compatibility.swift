internal import Glibc
public import RACore

/// Whether this node's programs, data and settings go with the primary.
public struct Compatibility: Sendable, Hashable {
    /// What forbids it, one clause each, with both values.
    public let faults: [String]
    /// What is only to be known.
    public let notes: [String]
    /// What couldn't be found out; nothing is concluded from it.
    public let unknown: [String]

    /// Looks; nothing is changed.
    ///
    /// - Parameter method: what a method replaces isn't looked at.
    public static func read(_ context: RejoinContext, for method: RejoinMethod, by deadline: Deadline) -> Compatibility
    {
        let end = deadline.capped(milliseconds: 20_000)
        var faults: [String] = []
        var notes: [String] = []
        var unknown: [String] = []
        switch SourceSettings.read(context, SourceSettings.formatNames + StandbyLimit.names, by: end) {
        case .unknown(let why): unknown.append(why)
        case .known(let settings):
            switch formatFaults(context, settings, method, by: end) {
            case .known(let found): faults += found
            case .unknown(let why): unknown.append(why)
            }
            switch StandbyLimits.read(context, settings, by: end) {
            case .known(let limits): faults += limits.filter(\.isTooLow).map { $0.reason(node: context.source.node) }
            case .unknown(let why): unknown.append(why)
            }
        }
        switch primaryMachine(context, by: end) {
        case .known(let machine):
            let (machineFaults, machineNotes) = compareMachines(
                own: ownMachine(),
                primary: machine,
                node: context.source.node
            )
            faults += machineFaults
            notes += machineNotes
        case .unknown(let why): unknown.append(why)
        }
        return Compatibility(faults: faults, notes: notes, unknown: unknown)
    }

    private static func formatFaults(
        _ context: RejoinContext,
        _ settings: [String: String],
        _ method: RejoinMethod,
        by deadline: Deadline
    ) -> Observed<[String]> {
        guard let segment = settings["wal_segment_size"].flatMap({ QuantityKind.size.read($0) }),
            let block = settings["block_size"].flatMap({ UInt64($0) })
        else { return .unknown(why: "the primary's answer about its sizes can't be read") }
        let primary = DataFormat(
            majorVersion: context.source.majorVersion,
            segmentSize: UInt64(segment),
            blockSize: block,
            hasChecksums: settings["data_checksums"] == "on"
        )
        switch (programVersion(context, by: deadline), localFormat(context, method, by: deadline)) {
        case (.unknown(let why), _), (_, .unknown(let why)): return .unknown(why: why)
        case (.known(let programs), .known(let data)):
            return .known(
                compareFormats(
                    data: data,
                    programs: programs,
                    primary: primary,
                    node: context.source.node,
                    method: method
                )
            )
        }
    }

    private static func programVersion(_ context: RejoinContext, by deadline: Deadline) -> Observed<String> {
        let program = context.installation.program("postgres")
        let result = run(Command(program, ["--version"], as: context.account), by: deadline)
        guard result.isSuccess, let version = majorVersion(in: lastLine(String(decoding: result.output, as: UTF8.self)))
        else { return .unknown(why: "\"\(program) --version\": \(result.summary)") }
        return .known(version)
    }

    private static func localFormat(
        _ context: RejoinContext,
        _ method: RejoinMethod,
        by deadline: Deadline
    ) -> Observed<DataFormat?> {
        let file = context.installation.dataDirectory + "/PG_VERSION"
        guard method < .incremental, let text = try? readText(file, limit: 64) else { return .known(nil) }
        return ControlFile.read(context.installation, by: deadline).map { control in
            DataFormat(
                majorVersion: trimSpaces(text),
                segmentSize: control.segmentSize,
                blockSize: control.blockSize,
                hasChecksums: control.hasChecksums
            )
        }
    }

    private static func ownMachine() -> MachineFormat {
        var names = utsname()
        guard uname(&names) == 0 else { return MachineFormat(architecture: nil, libraryVersion: nil) }
        let machine = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return MachineFormat(
            architecture: architectureName(machine),
            libraryVersion: libraryVersion()
        )
    }

    /// "2.36" of "glibc 2.36", as the server has it.
    private static func libraryVersion() -> String? {
        var text = [UInt8](repeating: 0, count: 64)
        let count = text.withUnsafeMutableBytes { raw in
            confstr(Int32(_CS_GNU_LIBC_VERSION), raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count)
        }
        guard count > 0 else { return nil }
        let words = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self).split(separator: " ")
        return words.count == 2 ? String(words[1]) : nil
    }

    /// As far as any of the roles is let into a database; a replication connection tells nothing of it.
    private static func primaryMachine(_ context: RejoinContext, by deadline: Deadline) -> Observed<MachineFormat> {
        var why = "no role was asked"
        for target in RewindRole.targets(context) {
            do throws(ConnectionFailure) {
                let end = deadline.capped(milliseconds: 5000)
                let connection = try Connection.open(target, as: context.account, by: end)
                do throws(QueryFailure) {
                    return .known(try Queries.machine(connection, by: end))
                } catch {
                    why = error.text
                }
            } catch {
                why = redactingPasswords("\(target.summary): \(error.text)")
            }
        }
        return .unknown(why: why)
    }
}

extension SourceSettings {
    static let formatNames = ["wal_segment_size", "block_size", "data_checksums"]
}

/// Compares the settings of which a standby needs as much as its primary has.
enum StandbyLimits {
    /// What the node's own configuration has, and the primary.
    ///
    /// - Returns: nothing when there is no configuration of the node's own: it will have the primary's.
    static func read(
        _ context: RejoinContext,
        _ settings: [String: String],
        by deadline: Deadline
    ) -> Observed<[StandbyLimit]> {
        let installation = context.installation
        guard FileFacts(installation.configurationFile) != nil,
            FileFacts(installation.dataDirectory + "/PG_VERSION") != nil
        else { return .known([]) }
        let program = ServerProgram(parameters: context.parameters, installation: installation)
        let questions = StandbyLimit.names.map { name in
            { @Sendable [command = program.settingCommand(name)] in run(command, by: deadline) }
        }
        let files = ConfigurationFileSet(installation).settings
        var limits: [StandbyLimit] = []
        for (name, answer) in zip(StandbyLimit.names, askSideBySide(questions, by: deadline)) {
            guard let answer, answer.isSuccess, let own = Int(lastLine(String(decoding: answer.output, as: UTF8.self)))
            else { return .unknown(why: "\(name) here: \(answer?.summary ?? "no answer in time")") }
            guard let primary = settings[name].flatMap({ Int($0) }) else { continue }
            let file = files.last { sets(name, $0) } ?? installation.configurationFile
            limits.append(StandbyLimit(name: name, own: own, primary: primary, file: file))
        }
        return .known(limits)
    }

    private static func sets(_ name: String, _ path: String) -> Bool {
        guard let text = try? readByteText(path) else { return false }
        return parseConfiguration(text).contains { entry in
            if case .setting(name, _) = entry { return true }
            return false
        }
    }
}
