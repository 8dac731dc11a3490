import RACore

/// Finds out how each way back would fare; nothing is changed, on no node.
struct MethodReader {
    let context: ResourceContext
    let node: String
    let options: RejoinOptions

    /// - Parameter work: gets what was found of missing WAL.
    func read(_ work: inout RejoinSurvey.Work, _ data: LocalData) -> [RejoinMethod: MethodFinding] {
        let rejoin = RejoinContext(
            resource: context.configuration.name,
            node: node,
            parameters: context.configuration.reading.parameters,
            installation: work.installation,
            source: work.source,
            progress: .silent
        )
        var findings: [RejoinMethod: MethodFinding] = [
            .copy: .possible(bytes: nil),
            .incremental: options.incrementalFrom == nil
                ? .impossible(why: "no kept backup is named (--incremental-from)") : .unknown(why: "it is tried"),
        ]
        switch data {
        case .ancestor:
            work.need = need(rejoin, work)
            (findings[.follow], findings[.archive]) = ways(work.need, rejoin)
        case .diverged: findings[.rewind] = rewind(rejoin)
        case .tainted: findings[.rewind] = resumption(rejoin)
        case .absent, .unreadable, .foreign, .ahead, .incompatible, .unknown: break
        }
        for (method, finding) in findings {
            if case .impossible = finding { continue }
            let faults = Compatibility.read(rejoin, for: method, by: .after(milliseconds: 20_000)).faults
            if !faults.isEmpty { findings[method] = .impossible(why: faults.joined(separator: "; ")) }
        }
        return findings
    }

    private func rewind(_ rejoin: RejoinContext) -> MethodFinding {
        let prerequisites = RewindPrerequisites.read(rejoin, by: .after(milliseconds: 20_000))
        guard prerequisites.isMet else { return .impossible(why: prerequisites.obstacles.joined(separator: "; ")) }
        return .possible(bytes: nil)
    }

    private func resumption(_ rejoin: RejoinContext) -> MethodFinding {
        switch RewindStep.resumption(rejoin) {
        case .none: .impossible(why: "no rewind was begun")
        case .copy(let why): .impossible(why: why)
        case .again, .finish: rewind(rejoin)
        }
    }

    /// Which WAL the data lack, and where it is.
    private func need(_ rejoin: RejoinContext, _ work: RejoinSurvey.Work) -> NeededWAL? {
        guard let control = work.control, let history = work.history else { return nil }
        let deadline = Deadline.after(milliseconds: 30_000)
        let local = LocalWAL(installation: work.installation)
        guard case .known(let end) = local.end(control, history, by: deadline) else { return nil }
        let size = control.segmentSize
        let names = (try? listDirectory(work.installation.dataDirectory + "/pg_wal")) ?? []
        let need = WALNeed(
            redo: control.redo,
            localEnd: end.end,
            present: Set(names.compactMap { WALSegment(name: $0, size: size) }),
            source: work.source.history.history,
            flushed: work.source.flushed,
            size: size
        )
        let found = SourceWAL.read(rejoin, size: size, by: deadline)
        let (slot, source) = (found.slotCover(need), found.sourceCover(need))
        var path = decideWALPath(need, slot: slot, source: source, archive: .none)
        switch path {
        case .follow, .archive: break
        case .gap, .unknown:
            // Only where it is needed: three files are fetched to see.
            path = decideWALPath(need, slot: slot, source: source, archive: archive(rejoin, need, control, deadline))
        }
        return NeededWAL(path: path, localEnd: end.end.lsn, bytes: need.bytes)
    }

    private func archive(
        _ rejoin: RejoinContext,
        _ need: WALNeed,
        _ control: ControlFile,
        _ deadline: Deadline
    ) -> ArchiveCover {
        let (origins, _) = ArchiveFetch.origins(
            rejoin,
            directory: options.archive,
            command: options.fetchCommand,
            redo: WALSegment(holding: control.redo, size: control.segmentSize),
            by: deadline
        )
        guard !origins.isEmpty else { return .none }
        return ArchiveFetch(context: rejoin, origins: origins).probe(need.segments.filter { $0.end <= need.flushed })
    }

    private func ways(_ need: NeededWAL?, _ rejoin: RejoinContext) -> (MethodFinding, MethodFinding) {
        guard let need else {
            return (
                .unknown(why: "where the WAL here ends isn't known"),
                .impossible(why: "it isn't known which WAL is missing")
            )
        }
        switch need.path {
        case .follow: return (.possible(bytes: need.bytes), .impossible(why: "\(rejoin.source.node) has all the WAL"))
        case .archive(let segments):
            let bytes = UInt64(segments.count) * (segments.first?.size ?? 0)
            return (
                .impossible(why: "\(rejoin.source.node) no longer has \(segments.first?.fileName ?? "the WAL")"),
                .possible(bytes: bytes)
            )
        case .gap(let first, let why):
            let text = "WAL file \(first.fileName) is missing: \(why)"
            return (.impossible(why: text), .impossible(why: text))
        case .unknown(let why): return (.unknown(why: why), .impossible(why: why))
        }
    }
}
