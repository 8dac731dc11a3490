public import RACore

/// The WAL files of a data directory.
public struct LocalWAL: Sendable {
    public let installation: Installation

    public init(installation: Installation) { self.installation = installation }

    private var directory: String { installation.dataDirectory + "/pg_wal" }

    /// The control file, and the history that the files tell.
    func read(by deadline: Deadline) -> Observed<(control: ControlFile, history: InstanceHistory)> {
        switch ControlFile.read(installation, by: deadline) {
        case .unknown(let why): return .unknown(why: why)
        case .known(let control): return history(control).map { (control, $0) }
        }
    }

    /// The instance's newest timeline with its history.
    ///
    /// The control file names a timeline only after a checkpoint on it; the files in pg_wal tell it at once.
    public func history(_ control: ControlFile) -> Observed<InstanceHistory> {
        let newest = newestTimeline(dataDirectory: installation.dataDirectory)
        let recorded = [control.checkpoint.timeline, control.minimumRecoveryEnd?.timeline, newest].compactMap { $0 }
        guard newest != nil, let timeline = recorded.max() else {
            return .unknown(why: "\(directory) has no WAL segment that can be read")
        }
        guard let history = localHistory(of: timeline, dataDirectory: installation.dataDirectory) else {
            return .unknown(why: "\(directory)/\(timeline.historyFileName) can't be read")
        }
        return .known(self.history(control, history))
    }

    private func history(_ control: ControlFile, _ history: TimelineHistory) -> InstanceHistory {
        InstanceHistory(systemIdentifier: control.systemIdentifier, history: history)
    }

    /// Where the last record begins that the data have; what the control file knows of, when the WAL can't be read so soon.
    ///
    /// Only for an instance that is stopped. The WAL since the last checkpoint is read, as recovery would.
    public func lastRecord(_ control: ControlFile, _ history: TimelineHistory, by deadline: Deadline) -> WALPosition {
        let known = [control.checkpoint, control.minimumRecoveryEnd].compactMap { $0 }.max() ?? control.checkpoint
        let left = history.ancestors.last.map { WALPosition(timeline: history.timeline, lsn: $0.switchPoint) }
        let start = max(known, left ?? known)
        // One kind of record that hardly occurs: the program is to read all, and say nothing but where it ended.
        let arguments = [
            "-p", directory, "-t", String(start.timeline.number), "-s", start.lsn.description, "-r", "CommitTs",
        ]
        let result = run(Command(installation.program("pg_waldump"), arguments, as: installation.account), by: deadline)
        let words = String(decoding: result.errors, as: UTF8.self).split(whereSeparator: { " :\n".contains($0) })
        // "error in WAL record at 0/181AF08: invalid record length at ...": the former is that of the last good one.
        guard let index = words.indices.dropFirst().first(where: { words[$0 - 1] == "at" && LSN(words[$0]) != nil }),
            let lsn = LSN(words[index]), words[..<index].suffix(4).elementsEqual(["in", "WAL", "record", "at"])
        else { return start }
        return max(start, WALPosition(timeline: start.timeline, lsn: lsn))
    }

    /// Whether a record begins at or after a position on its timeline.
    ///
    /// Only that much WAL is read: a checkpoint beyond the position answers at once, and otherwise the WAL since the
    /// checkpoint is here, so that a missing file means that the timeline doesn't reach so far.
    public func hasRecord(at position: WALPosition, _ control: ControlFile, by deadline: Deadline) -> Observed<Bool> {
        if control.checkpoint.timeline == position.timeline, control.checkpoint.lsn >= position.lsn {
            return .known(true)
        }
        if let end = control.minimumRecoveryEnd, end.timeline == position.timeline, end.lsn > position.lsn {
            return .known(true)
        }
        // pg_waldump would wait 5 s for a segment that isn't there.
        guard FileFacts(directory + "/" + position.segmentFileName(size: control.segmentSize)) != nil else {
            return .known(false)
        }
        let arguments = [
            "-p", directory, "-t", String(position.timeline.number), "-s", position.lsn.description, "-n", "1",
        ]
        let result = run(Command(installation.program("pg_waldump"), arguments, as: installation.account), by: deadline)
        switch result.end {
        case .timedOut, .notStarted, .killed: return .unknown(why: "pg_waldump: \(result.summary)")
        case .exited: return .known(String(decoding: result.output, as: UTF8.self).contains("lsn: "))
        }
    }
}

/// The ancestors of a timeline, by the history file in pg_wal; nil when that can't be read.
func localHistory(of timeline: TimelineID, dataDirectory: String) -> TimelineHistory? {
    guard timeline.number > 1 else { return TimelineHistory(timeline: timeline, ancestors: []) }
    let path = dataDirectory + "/pg_wal/" + timeline.historyFileName
    return (try? readText(path)).flatMap { TimelineHistory(timeline: timeline, text: $0) }
}

/// The newest timeline that a data directory has WAL of; nil when the directory can't be read.
func newestTimeline(dataDirectory: String) -> TimelineID? {
    guard let names = try? listDirectory(dataDirectory + "/pg_wal") else { return nil }
    // Names sort by timeline first.
    return names.last { $0.utf8.count == 24 && UInt32($0.prefix(8), radix: 16) != nil }
        .flatMap { UInt32($0.prefix(8), radix: 16) }.flatMap { TimelineID($0) }
}
