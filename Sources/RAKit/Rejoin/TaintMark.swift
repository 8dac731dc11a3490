public import RACore

/// Says that pg_rewind was at work on a data directory: until it has ended, the data are neither the node's own nor the
/// primary's, and no server may be started on them.
public struct TaintMark: Sendable, Hashable {
    /// The primary from which the data come, and its system and timeline then.
    public var source: String
    public var systemIdentifier: UInt64
    public var timeline: TimelineID
    /// Where this node's history left the primary's.
    public var fork: WALPosition
    /// Who did it, and when (UTC).
    public var node: String
    public var time: String
    /// The machine's run: what wasn't synced is lost with it.
    public var boot: String
    /// Whether the WAL is kept that another run of pg_rewind would read.
    public var hasWAL: Bool

    public var text: String {
        """
        # Written by pgrex-tool rejoin before pg_rewind began; as long as it is here, no server may be started on the data.
        # HINT: Run 'pgrex-tool rejoin' on this node: it goes on, or makes a copy.
        node: \(node)
        time: \(time)
        source: \(source)
        system identifier: \(systemIdentifier)
        timeline: \(timeline)
        fork: \(fork.timeline) \(fork.lsn)
        boot: \(boot)
        wal: \(hasWAL ? "kept" : "-")

        """
    }

    public init(
        source: String,
        systemIdentifier: UInt64,
        timeline: TimelineID,
        fork: WALPosition,
        node: String,
        time: String,
        boot: String,
        hasWAL: Bool
    ) {
        self.source = source
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
        self.fork = fork
        self.node = node
        self.time = time
        self.boot = boot
        self.hasWAL = hasWAL
    }

    public init?(text: String) {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = trimSpaces(line[line.index(after: colon)...])
        }
        func timeline(_ text: (some StringProtocol)?) -> TimelineID? {
            text.flatMap { UInt32($0) }.flatMap { TimelineID($0) }
        }
        let fork = values["fork"]?.split(separator: " ")
        guard let source = values["source"], let node = values["node"], let boot = values["boot"],
            let identifier = values["system identifier"].flatMap({ UInt64($0) }),
            let own = timeline(values["timeline"]), let left = timeline(fork?.first),
            let lsn = fork?.last.flatMap({ LSN($0) })
        else { return nil }
        self.init(
            source: source,
            systemIdentifier: identifier,
            timeline: own,
            fork: WALPosition(timeline: left, lsn: lsn),
            node: node,
            time: values["time"] ?? "",
            boot: boot,
            hasWAL: values["wal"] == "kept"
        )
    }

    /// The mark; nil when there is none. One that can't be read counts as well.
    public static func read(_ files: RejoinFiles) -> Observed<TaintMark?> {
        let text: String
        do throws(SystemError) {
            text = try readText(files.taint, limit: 4096)
        } catch {
            return error.isMissing ? .known(nil) : .unknown(why: error.description)
        }
        guard let mark = TaintMark(text: text) else { return .unknown(why: "\(files.taint) can't be read") }
        return .known(mark)
    }

    /// Writes it; when this returns it is on disk.
    public func write(_ files: RejoinFiles, owner: Account) throws(SystemError) {
        try replaceFile(files.taint, with: Array(text.utf8), owner: owner)
    }

    /// Takes it away, the last thing of all: also when another step has replaced the data.
    public static func remove(_ files: RejoinFiles) throws(SystemError) {
        guard FileFacts(files.taint) != nil else { return }
        try removeFile(files.taint)
        try syncDirectory(files.directory)
    }
}

/// What tells one run of the machine from another.
func bootIdentifier() -> String {
    (try? readText("/proc/sys/kernel/random/boot_id", limit: 128)).map { firstLine($0) } ?? ""
}
