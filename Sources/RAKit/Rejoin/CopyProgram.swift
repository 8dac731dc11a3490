import RACore

/// Runs pg_basebackup, and says why it ended.
struct CopyProgram {
    let step: CopyStep
    let plan: CopyPlan
    let slot: String?
    /// The list of a kept backup: only what changed since comes then, and to a place of its own.
    var manifest: String?

    private var context: RejoinContext { step.context }
    private var layout: CopyLayout { plan.layout }

    var command: Command {
        let connection = ProgramConnection(context.source.replication)
        let label = step.options.label ?? "pgsql-swift rejoin of \(context.node)"
        let target: (CopyPlace) -> String = { manifest == nil ? $0.new : $0.increment }
        var words = [
            "--pgdata=\(target(layout.data))", "--dbname=\(connection.conninfo)", "--wal-method=stream",
            "--checkpoint=fast",
            "--no-sync", "--no-password", "--progress", "--label=\(label)",
        ]
        if context.source.version >= 130_000 { words.append("--manifest-checksums=CRC32C") }
        if let slot { words.append("--slot=\(slot)") }
        if let rate = step.options.maxRate { words.append("--max-rate=\(rate)k") }
        if let wal = layout.wal { words.append("--waldir=\(wal.new)") }
        for place in layout.tablespaces {
            words.append("--tablespace-mapping=\(quoted(place.source))=\(quoted(target(place)))")
        }
        if let manifest { words.append("--incremental=\(manifest)") }
        let program = context.installation.program("pg_basebackup")
        var command = Command(program, words, environment: connection.environment, as: context.account)
        command.group = .own
        return command
    }

    private func quoted(_ path: String) -> String {
        path.split(separator: "=", omittingEmptySubsequences: false).joined(separator: "\\=")
    }

    func run() throws(RejoinFailure) {
        let watch = CopyWatch(
            step.limits,
            rooms: plan.rooms,
            walDirectory: layout.wal?.new ?? (manifest == nil ? layout.data.new : layout.data.increment) + "/pg_wal",
            progress: context.progress,
            isInterrupted: step.isInterrupted
        )
        let result = start(command).follow(errors: { watch.take($0) }, while: { watch.goesOn() })
        if let stop = watch.stop { throw step.failure(stop) }
        if !watch.damage.isEmpty {
            throw step.failure(
                .failed,
                "\(context.source.node)'s own data are damaged: checksums are wrong in "
                    + "\(watch.damage.joined(separator: ", ")): no copy of them is put in. HINT: The former data here may "
                    + "have these pages whole: keep them. pg_amcheck on \(context.source.node) says what is concerned."
            )
        }
        guard !result.isSuccess else { return }
        throw failure(result, watch)
    }

    private func failure(_ result: CommandResult, _ watch: CopyWatch) -> RejoinFailure {
        let complaint = copyComplaint(watch.words)
        let words = "pg_basebackup: \(complaint.isEmpty ? result.summary : complaint)"
        if complaint.contains("No space left on device") {
            return step.failure(.failed, "\(words). HINT: Make room there.")
        }
        if let change = step.changeOfSource() {
            return step.failure(.resumable, "\(change) (\(words)). HINT: \(CopyStep.anew)")
        }
        return step.failure(.failed, words)
    }
}

extension CopyStep {
    /// Why a copy was ended.
    func failure(_ stop: CopyWatch.Stop) -> RejoinFailure {
        switch stop {
        case .interrupted: return interrupted
        case .stalled(let seconds):
            return failure(.failed, "nothing came from \(context.source.node) for \(seconds) s")
        case .checkpoint(let seconds):
            return failure(
                .failed,
                "\(context.source.node) didn't finish its checkpoint within \(seconds) s. HINT: Its disk is slow or busy: "
                    + "run it again when it is less so."
            )
        case .room(let room):
            return failure(
                .failed,
                "the file system of \"\(room.path)\" has only \(room.free >> 20) MB left of the \(room.margin >> 20) MB that "
                    + "must stay free: the copy was ended and removed. HINT: Make room there."
            )
        }
    }
}
