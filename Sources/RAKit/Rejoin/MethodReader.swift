import RACore

/// Finds out how each way back would fare; nothing is changed, on no node.
struct MethodReader {
    let context: ResourceContext
    let node: String
    let options: RejoinOptions

    /// - Parameter work: gets what was found of missing WAL.
    func read(_ work: inout RejoinSurvey.Work, _ data: LocalData) -> [RejoinMethod: MethodFinding] {
        let rejoin = rejoinContext(work)
        var findings: [RejoinMethod: MethodFinding] = [
            .copy: copy(rejoin, &work), .incremental: incremental(rejoin),
        ]
        switch data {
        case .ancestor:
            work.need = need(rejoin, work)
            (findings[.follow], findings[.archive]) = ways(work.need, rejoin)
        case .diverged: findings[.rewind] = rewind(rejoin)
        case .tainted: findings[.rewind] = resumption(rejoin)
        case .absent, .unreadable, .foreign, .ahead, .incompatible, .unknown: break
        }
        judgeFit(&findings, rejoin, &work)
        return findings
    }

    private func rejoinContext(_ work: RejoinSurvey.Work) -> RejoinContext {
        RejoinContext(
            resource: context.configuration.name,
            node: node,
            parameters: context.configuration.reading.parameters,
            installation: work.installation,
            source: work.source,
            progress: .silent
        )
    }

    /// Leaves out what doesn't fit the primary: release, sizes, settings that a standby must have.
    ///
    /// A copy is looked at only where nothing cheaper is open; the copy itself looks again.
    private func judgeFit(
        _ findings: inout [RejoinMethod: MethodFinding],
        _ rejoin: RejoinContext,
        _ work: inout RejoinSurvey.Work
    ) {
        let isOpen = { (finding: MethodFinding?) in
            switch finding {
            case .possible, .unknown: true
            case .impossible, nil: false
            }
        }
        for group in [[RejoinMethod.follow, .archive, .rewind], [.incremental, .copy]] {
            let open = group.filter { isOpen(findings[$0]) }
            guard let first = open.first else { continue }
            let fit = Compatibility.read(rejoin, for: first, by: .after(milliseconds: 20_000))
            work.remarks = fit.notes
            guard !fit.faults.isEmpty else { break }
            for method in open { findings[method] = .impossible(why: fit.faults.joined(separator: "; ")) }
        }
        if let need = work.need, need.bytes > 1 << 30 {
            work.remarks.append(
                "\(need.bytes >> 20) MB of WAL are to be replayed: the start's timeout must allow for it"
            )
        }
    }

    /// A standby may be copied from instead of the primary, if its data are a part of the primary's history.
    private func copy(_ rejoin: RejoinContext, _ work: inout RejoinSurvey.Work) -> MethodFinding {
        guard let wanted = options.source, !sameName(wanted, work.source.node) else { return .possible(bytes: nil) }
        guard let known = context.cluster.node(wanted), known.isOnline, !sameName(known.name, node) else {
            return .impossible(why: "--source \"\(wanted)\" is no other node that is online")
        }
        var target = work.source.replication
        target.host = known.name
        switch PrimaryHistory.read(target, as: rejoin.account, by: .after(milliseconds: 10_000)) {
        case .unknown(let why): return .impossible(why: redactingPasswords("--source \(known.name): \(why)"))
        case .known(let (history, flushed, version)):
            let verdict = compareHistories(local: history, primary: work.source.history, flushed: LSN(bytes: .max))
            guard case .ancestorUnlessRecord(let position) = verdict, position.timeline == history.history.timeline,
                flushed <= position.lsn
            else { return .impossible(why: "\(known.name) isn't a standby of \(work.source.node)") }
            work.copySource = RejoinSource(
                node: known.name,
                replication: target,
                history: history,
                flushed: flushed,
                version: version
            )
            return .possible(bytes: nil)
        }
    }

    private func incremental(_ rejoin: RejoinContext) -> MethodFinding {
        guard let full = options.incrementalFrom else {
            return .impossible(why: "no kept backup is named (--incremental-from)")
        }
        let step = CopyStep(context: rejoin, options: CopyOptions(incrementalFrom: full))
        return step.incrementFault().map { .impossible(why: $0) } ?? .possible(bytes: nil)
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
