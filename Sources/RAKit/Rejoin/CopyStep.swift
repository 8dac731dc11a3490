internal import Glibc
public import RACore

/// Makes a copy of the primary's data beside the former ones, verified and ready to be swapped in.
///
/// Nothing of the former data is touched. Whatever an earlier run left of its own copy is removed first, so that it may be
/// called again after it was killed anywhere; `SwapStep` puts the copy in place.
public struct CopyStep: Sendable {
    public let context: RejoinContext
    public let options: CopyOptions
    var limits = CopyLimits()
    var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }

    public init(context: RejoinContext, options: CopyOptions = CopyOptions()) {
        self.context = context
        self.options = options
    }

    var installation: Installation { context.installation }

    /// Asks the primary for a base backup without taking it, and decides where a copy would stand.
    ///
    /// The primary makes a checkpoint for it. Nothing is changed on this node.
    /// - Throws: exit code 2 for places that an operator must mend, 3 when the primary doesn't serve a backup.
    public func plan() throws(RejoinFailure) -> CopyPlan {
        context.progress.see(.init("asking \(context.source.node) for a base backup"))
        let offer: BaseBackupOffer
        switch patiently({ BaseBackupOffer.ask($0.source.replication, as: $0.account, by: $1) }) {
        case .known(let answer): offer = answer
        case .unknown where isInterrupted(): throw RejoinFailure(.failed, "interrupted: nothing was changed")
        case .unknown(let why): throw failure(.failed, unserved(why))
        }
        let layout = try layout(offer.tablespaces)
        return CopyPlan(offer: offer, layout: layout, rooms: rooms(layout, offer.sizes))
    }

    private func unserved(_ why: String) -> String {
        "\(context.source.node) gives no base backup: \(why) (\(context.source.replication.summary)). HINT: pg_hba.conf there "
            + "must let \(context.source.replication.user) replicate, and max_wal_senders leave room for two connections."
    }

    /// Decides where a copy stands.
    ///
    /// - Parameter offered: the primary's tablespaces.
    public func layout(_ offered: [OfferedTablespace]) throws(RejoinFailure) -> CopyLayout {
        let facts = CopyPlaces(context: context).facts(offered, by: .after(milliseconds: 20_000))
        do throws(LayoutRefusal) {
            return try decideLayout(facts)
        } catch {
            throw failure(.refused, error.text)
        }
    }

    private func rooms(_ layout: CopyLayout, _ sizes: CopySizes) -> [CopyRoom] {
        let device: (CopyPlace) -> UInt64 = { FileFacts(nearest($0.directory))?.device ?? 0 }
        // An earlier run's own copy goes first, and the former data with it when there is no room for both.
        let removed: (CopyPlace) -> UInt64 = { place in
            let former = options.isInPlace ? SwapStep.formerBytes(place, layout) : 0
            return allocatedBytes(place.new) + former
        }
        return copyRooms(layout, sizes, fileSystem: device) { place in
            layout.places.filter { device($0) == device(place) }.reduce(freeBytes(nearest(place.directory)) ?? 0) {
                $0 + removed($1)
            }
        }
    }

    /// Why no incremental copy can be made of the kept backup that the options name; nil when nothing is known against it.
    public func incrementFault() -> String? {
        options.incrementalFrom.flatMap { CopyIncrement(step: self, full: $0).fault() }
    }

    /// - Throws: exit code 3 when a file system has no room for what comes, and its margin.
    public func checkRoom(_ plan: CopyPlan) throws(RejoinFailure) {
        guard let room = plan.rooms.first(where: { !$0.isEnough }) else { return }
        let hint =
            options.isInPlace
            ? "Make room there."
            : "Make room there, or run it with --in-place, which removes the former data before the copy."
        throw failure(.failed, "\(room.text). HINT: \(hint)")
    }

    /// Makes the copy, verifies it, has it configured and makes it durable.
    ///
    /// - Parameter configure: puts this node's own configuration into the new data directory, whose path it gets.
    /// - Throws: exit code 3 when it can't be made, and 4 when it was interrupted, or the primary went away or isn't the
    ///   same any more. The copy has been removed then, and the former data stand as they stood.
    public func copy(
        _ plan: CopyPlan,
        configure: (String) throws(RejoinFailure) -> Void
    ) throws(RejoinFailure) -> CopyReport {
        var report = CopyReport()
        let layout = plan.layout
        do throws(RejoinFailure) {
            try discard(layout)
            try prepare(layout)
            let sync = try startSync(layout)
            do throws(RejoinFailure) {
                try fill(plan, &report)
                try verify(layout, &report)
                try system { () throws(SystemError) in try pointLinks(layout) }
                try configure(layout.data.new)
                let start = Moment.now()
                try system { () throws(SystemError) in try sync.finish() }
                report.add("syncing", since: start)
            } catch {
                sync.end()
                throw error
            }
            report.bytes = layout.filled.reduce(0) { $0 + allocatedBytes($1.new) }
            return report
        } catch {
            try? discard(layout)
            throw error
        }
    }

    private func fill(_ plan: CopyPlan, _ report: inout CopyReport) throws(RejoinFailure) {
        let slot = try CopySlot(context: context, isInterrupted: isInterrupted).reserve()
        let start = Moment.now()
        if let full = options.incrementalFrom {
            try CopyIncrement(step: self, full: full).run(plan, slot: slot, &report)
        } else {
            try CopyProgram(step: self, plan: plan, slot: slot).run()
            report.add("copying", since: start)
        }
        try checkSource(plan)
    }

    /// Removes this run's or an earlier run's copy: only names that nothing else has.
    public func discard(_ layout: CopyLayout) throws(RejoinFailure) {
        endOrphanedCopies(into: layout.data.new)
        try system { () throws(SystemError) in
            for place in layout.filled {
                try removeTree(place.new)
                try removeTree(place.increment)
            }
        }
    }

    private func prepare(_ layout: CopyLayout) throws(RejoinFailure) {
        try system { () throws(SystemError) in
            for place in layout.filled {
                if FileFacts(place.directory) == nil, place.isInside {
                    try makeDirectory(place.directory, mode: 0o700, owner: context.account)
                    context.progress.note("made the \(place.role.noun) \(place.directory)")
                }
                let former = FileFacts(place.directory)?.mode ?? 0o700
                // PostgreSQL accepts these two modes; the group's right to read is an operator's choice.
                let mode: UInt32 = place.role == .data && former == 0o750 ? 0o750 : 0o700
                try makeDirectory(place.new, mode: mode, owner: context.account)
            }
        }
    }

    private func startSync(_ layout: CopyLayout) throws(RejoinFailure) -> CopySync {
        do throws(SystemError) {
            return try CopySync(layout.filled.map(\.new))
        } catch {
            throw failure(.failed, error.description)
        }
    }

    /// Has the new directory's symbolic links say where things will stand.
    private func pointLinks(_ layout: CopyLayout) throws(SystemError) {
        for place in layout.filled {
            switch place.role {
            case .data, .formerTablespace: continue
            case .wal where layout.mounted.contains("pg_wal"): continue
            case .wal: try replaceLink(layout.data.new + "/pg_wal", place.link)
            case .tablespace(let oid): try replaceLink(layout.data.new + "/pg_tblspc/\(oid)", place.link)
            }
        }
    }

    func replaceLink(_ path: String, _ target: String) throws(SystemError) {
        let temporary = path + ".pgsql-swift.new"
        try removeFile(temporary)
        guard symlink(target, temporary) == 0 else { throw SystemError("make symbolic link \(temporary)") }
        if geteuid() == 0 {
            guard lchown(temporary, context.account.userID, context.account.groupID) == 0 else {
                throw SystemError("chown \(temporary)")
            }
        }
        guard rename(temporary, path) == 0 else { throw SystemError("rename \(temporary) to \(path)") }
    }
}

extension CopyReport {
    mutating func add(_ name: String, since start: Moment) {
        stages.append(Stage(name: name, milliseconds: Moment.now().milliseconds(since: start)))
    }
}

/// A path that exists: the directory, or the one in which it would be made.
func nearest(_ path: String) -> String { FileFacts(path) == nil ? parentDirectory(path) : path }
