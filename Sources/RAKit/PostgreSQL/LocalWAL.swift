public import RACore

/// The WAL files of a data directory.
public struct LocalWAL: Sendable {
    public let installation: Installation

    public init(installation: Installation) { self.installation = installation }

    var directory: String { installation.dataDirectory + "/pg_wal" }

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
        // A shutdown in order ends with its checkpoint.
        if control.clusterState == "shut down" { return control.checkpoint }
        let known = [control.checkpoint, control.minimumRecoveryEnd].compactMap { $0 }.max() ?? control.checkpoint
        let left = history.ancestors.last.map { WALPosition(timeline: history.timeline, lsn: $0.switchPoint) }
        let start = max(known, left ?? known)
        return end(control, history, by: deadline).value.map { max(start, $0.record) } ?? start
    }

    /// pg_waldump over a stretch of one timeline; it ends by itself at the second position.
    func dump(_ timeline: TimelineID, from start: LSN, to end: LSN, _ options: [String]) -> Command {
        let words = ["-p", directory, "-t", String(timeline.number), "-s", start.description, "-e", end.description]
        return Command(installation.program("pg_waldump"), words + options, as: installation.account)
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
        // A record whose rest would be in a file that isn't there is none: recovery stops before it as well.
        let reached = contiguousEnd(from: position, segmentSize: control.segmentSize)
        guard reached > position.lsn else { return .known(false) }
        // The program ends at a broken page as at the end of the WAL.
        if let why = fault(at: position, segmentSize: control.segmentSize) { return .unknown(why: why) }
        let result = run(dump(position.timeline, from: position.lsn, to: reached, ["-n", "1"]), by: deadline)
        switch result.end {
        case .timedOut, .notStarted, .killed: return .unknown(why: "pg_waldump: \(result.summary)")
        case .exited: return .known(String(decoding: result.output, as: UTF8.self).contains("lsn: "))
        }
    }
}

extension LocalWAL {
    /// Why it can't be told whether WAL begins at a position: the first page of its file is broken, or one of those that the
    /// next record may be on.
    func fault(at position: WALPosition, segmentSize: UInt64) -> String? {
        let segment = WALSegment(holding: position, size: segmentSize)
        let path = directory + "/" + segment.fileName
        do throws(SystemError) {
            let head = try readFile(path, limit: WALPage.headerSize)
            guard SegmentContent(head, of: segment) != .spoiled else { return "the first page of \(path) is broken" }
            let size = WALPage(head)?.blockSize ?? WALPage.defaultSize
            guard size > 1 else { return nil }
            let first = position.lsn.bytes % segmentSize / size * size
            let pages = try readBytes(path, from: Int64(first), limit: 1 << 20)
            // Each page begins with the magic number, 0xD1 its high byte, or was never written.
            let broken = stride(from: 0, to: pages.count - 1, by: Int(size)).first { place in
                pages[place + 1] != 0xD1 && pages[place...(place + 1)] != [0, 0]
            }
            return broken.map { place in
                "the page at LSN \(LSN(bytes: segment.start.bytes + first + UInt64(place))) in \(path) is broken"
            }
        } catch {
            return error.description
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
