public import RACore

extension LocalWAL {
    /// The last whole record that the data have, and where the next would begin.
    ///
    /// Only for an instance that is stopped. The WAL since the last checkpoint is read, as recovery would, into the files
    /// of newer timelines where the instance's own history goes there. No file is waited for: the scan is bounded by the
    /// last of the files that follow each other without a gap (pg_waldump waits 5 s for one that isn't there).
    /// - Parameter history: of the instance's newest timeline.
    public func end(
        _ control: ControlFile,
        _ history: TimelineHistory,
        by deadline: Deadline
    ) -> Observed<LocalWALEnd> {
        var ages = history.ancestors.filter { $0.timeline >= control.checkpoint.timeline }
            .map { (timeline: $0.timeline, limit: Optional($0.switchPoint)) }
        ages.append((history.timeline, nil))
        var missing: String?
        for (timeline, limit) in ages.reversed() {
            let entered = history.ancestors.last { $0.timeline < timeline }?.switchPoint ?? LSN(bytes: 0)
            let floor = timeline == control.checkpoint.timeline ? max(control.checkpoint.lsn, entered) : entered
            let scan = WALScan(
                wal: self,
                timeline: timeline,
                segmentSize: control.segmentSize,
                lower: floor,
                limit: limit,
                deadline: deadline
            )
            switch scan.lastRecord(from: startOfScan(on: timeline, floor, control)) {
            case .found(let line): return .known(describe(line, on: timeline, control))
            case .none(let why): missing = missing ?? why
            case .failed(let why): return .unknown(why: why)
            }
        }
        return .unknown(why: missing ?? "\(directory) has no record from \(control.checkpoint) on")
    }

    /// Nothing before the position that recovery had to reach needs to be read, except to find where it begins.
    private func startOfScan(on timeline: TimelineID, _ floor: LSN, _ control: ControlFile) -> LSN {
        guard let end = control.minimumRecoveryEnd, end.timeline == timeline else { return floor }
        return max(floor, end.lsn)
    }

    private func describe(_ line: WALRecordLine, on timeline: TimelineID, _ control: ControlFile) -> LocalWALEnd {
        LocalWALEnd(
            record: WALPosition(timeline: timeline, lsn: line.lsn),
            end: WALPosition(timeline: timeline, lsn: line.end(segmentSize: control.segmentSize))
        )
    }

    /// Where the last of the files ends that follow each other from a position on; the position when not even its own is
    /// there.
    func contiguousEnd(from position: WALPosition, segmentSize: UInt64) -> LSN {
        var segment = WALSegment(holding: position, size: segmentSize)
        while let facts = FileFacts(directory + "/" + segment.fileName), facts.size == Int64(segmentSize) {
            segment = segment.next
        }
        return max(position.lsn, segment.start)
    }
}

/// A look for the last record on one timeline, between two places.
private struct WALScan {
    let wal: LocalWAL
    let timeline: TimelineID
    let segmentSize: UInt64
    /// A record begins here, or the timeline does.
    let lower: LSN
    /// Where the instance left the timeline; nil for its newest.
    let limit: LSN?
    let deadline: Deadline

    enum Finding {
        case found(WALRecordLine)
        /// No record begins after `lower`.
        case none(why: String?)
        case failed(why: String)
    }

    func lastRecord(from start: LSN) -> Finding {
        let position = WALPosition(timeline: timeline, lsn: start)
        let reached = wal.contiguousEnd(from: position, segmentSize: segmentSize)
        let end = limit.map { min($0, reached) } ?? reached
        guard start < end else {
            let name = position.segmentFileName(size: segmentSize)
            let finding = lastRecord(before: min(start, end))
            if case .none = finding { return .none(why: "\(wal.directory)/\(name) isn't there") }
            return finding
        }
        let result = dump(from: start, to: end, ["-r", "CommitTs"])
        switch result.end {
        case .timedOut, .notStarted, .killed: return .failed(why: "pg_waldump: \(result.summary)")
        case .exited: break
        }
        if let last = lastGoodRecord(result.errors) { return measure(last) }
        // Read to its bound without a complaint: the last segment is full. Otherwise nothing begins after the start.
        return lastRecord(before: result.isSuccess ? end : start)
    }

    /// One kind of record that hardly occurs: the program is to read all, and say nothing but where it ended.
    private func dump(from start: LSN, to end: LSN, _ options: [String]) -> CommandResult {
        run(wal.dump(timeline, from: start, to: end, options), by: deadline)
    }

    /// "error in WAL record at 0/181AF08: invalid record length at ...": the former is that of the last good one.
    private func lastGoodRecord(_ errors: [UInt8]) -> LSN? {
        let words = String(decoding: errors, as: UTF8.self).split(whereSeparator: { " :\n".contains($0) })
        guard let index = words.indices.dropFirst().first(where: { words[$0 - 1] == "at" && LSN(words[$0]) != nil }),
            words[..<index].suffix(4).elementsEqual(["in", "WAL", "record", "at"])
        else { return nil }
        return LSN(words[index])
    }

    private func measure(_ record: LSN) -> Finding {
        let reached = wal.contiguousEnd(
            from: WALPosition(timeline: timeline, lsn: record),
            segmentSize: segmentSize
        )
        let result = dump(from: record, to: reached, ["-n", "1"])
        for line in String(decoding: result.output, as: UTF8.self).split(separator: "\n") {
            if let line = WALRecordLine(line), line.lsn == record { return .found(line) }
        }
        return .failed(why: "pg_waldump doesn't show the record at \(record): \(result.summary)")
    }

    /// The last record that begins after `lower` and is whole before a place: looked for in ever longer pieces before it.
    private func lastRecord(before end: LSN) -> Finding {
        var length: UInt64 = 1 << 18
        while end > lower {
            let begin = max(lower, LSN(bytes: end.bytes > length ? end.bytes - length : 0))
            var last: WALRecordLine?
            let limit = deadline
            let result = RAKit.start(wal.dump(timeline, from: begin, to: end, [])).follow(
                output: { line in if let record = WALRecordLine(line) { last = record } },
                while: { !limit.isPast }
            )
            switch result.end {
            case .timedOut, .notStarted, .killed: return .failed(why: "pg_waldump: \(result.summary)")
            case .exited: break
            }
            if let last { return .found(last) }
            guard begin > lower else { break }
            length *= 4
        }
        return .none(why: nil)
    }
}

extension LocalWAL {
    /// The whole segment files that are there.
    public func segments(size: UInt64) -> Set<WALSegment> {
        let names = (try? listDirectory(directory)) ?? []
        return Set(
            names.compactMap { WALSegment(name: $0, size: size) }
                .filter { FileFacts("\(directory)/\($0.fileName)")?.size == Int64(size) }
        )
    }
}
