public import RACore

/// Whether a server that doesn't run was shut down in order, and didn't die: at once, as nothing is to wait for it.
///
/// pg_controldata takes a while to be started. Its "Database cluster state" stands behind the system identifier and two
/// version numbers of four bytes in every release (pg_control.h, ControlFileData); 1 is "shut down", 2 "shut down in recovery".
public func wasShutDown(dataDirectory: String) -> Bool {
    guard let bytes = try? readFile(dataDirectory + "/global/pg_control", limit: 8192), bytes.count > 20 else {
        return false
    }
    let state = bytes[16..<20].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    return state == 1 || state == 2
}

/// What pg_controldata says of a data directory; works on a running and on a stopped instance.
public struct ControlFile: Sendable, Hashable {
    public let systemIdentifier: UInt64
    /// "in production", "shut down", "in archive recovery" and so on.
    public let clusterState: String
    public let checkpoint: WALPosition
    /// How far recovery must go before the data are consistent; nil when it needn't go anywhere.
    public let minimumRecoveryEnd: WALPosition?
    /// Where recovery would begin: the redo location of the last checkpoint.
    public let redo: WALPosition
    /// Bytes a WAL segment file holds; initdb decides.
    public let segmentSize: UInt64
    /// Bytes of a page of data; the build decides.
    public let blockSize: UInt64
    public let hasChecksums: Bool
    /// Whether hint bits were logged by the settings that the server last ran with (`wal_log_hints`).
    public let hasLoggedHints: Bool

    /// Parses the program's output in the C locale.
    public init?(text: String) {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = trimSpaces(line[line.index(after: colon)...])
        }
        func timeline(_ name: Substring) -> TimelineID? {
            values[name].flatMap { UInt32($0) }.flatMap { TimelineID($0) }
        }
        guard let identifier = values["Database system identifier"].flatMap({ UInt64($0) }),
            let state = values["Database cluster state"],
            let location = values["Latest checkpoint location"].flatMap({ LSN($0) }),
            let checkpointTimeline = timeline("Latest checkpoint's TimeLineID"),
            let segment = values["Bytes per WAL segment"].flatMap({ UInt64($0) }), segment > 0
        else { return nil }
        systemIdentifier = identifier
        blockSize = values["Database block size"].flatMap { UInt64($0) } ?? 8192
        hasChecksums = values["Data page checksum version"].map { $0 != "0" } ?? false
        hasLoggedHints = values["wal_log_hints setting"] == "on"
        clusterState = state
        segmentSize = segment
        checkpoint = WALPosition(timeline: checkpointTimeline, lsn: location)
        let start = values["Latest checkpoint's REDO location"].flatMap { LSN($0) }
        redo = WALPosition(timeline: checkpointTimeline, lsn: start ?? location)
        let end = values["Minimum recovery ending location"].flatMap { LSN($0) }
        if let end, end.bytes > 0, let endTimeline = timeline("Min recovery ending loc's timeline") {
            minimumRecoveryEnd = WALPosition(timeline: endTimeline, lsn: end)
        } else {
            minimumRecoveryEnd = nil
        }
    }

    /// Reads the control file of an installation's data directory.
    public static func read(_ installation: Installation, by deadline: Deadline) -> Observed<ControlFile> {
        let command = Command(
            installation.program("pg_controldata"),
            ["-D", installation.dataDirectory],
            as: installation.account
        )
        let result = run(command, by: deadline)
        guard result.isSuccess else { return .unknown(why: "pg_controldata: \(result.summary)") }
        // Told as a warning, on either stream by release, and what follows is what the broken file has.
        let told = String(decoding: result.output + result.errors, as: UTF8.self)
        guard !told.contains("CRC checksum does not match") else {
            return .unknown(
                why: "pg_controldata: the checksum of \(installation.dataDirectory)/global/pg_control is wrong"
            )
        }
        guard let file = ControlFile(text: String(decoding: result.output, as: UTF8.self)) else {
            return .unknown(why: "the output of pg_controldata can't be read")
        }
        return .known(file)
    }
}
