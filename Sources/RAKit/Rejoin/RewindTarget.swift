internal import Glibc
import RACore

/// The data directory that is rewound, before and after.
struct RewindTarget {
    let context: RejoinContext

    private var installation: Installation { context.installation }
    private var data: String { installation.dataDirectory }

    /// Refuses data at which a server, or what is left of one, still works; a pid file of before goes.
    func verifyStopped() throws(RejoinFailure) {
        switch observePostmaster(dataDirectory: data) {
        case .running(let file), .halted(let file):
            throw RejoinFailure(
                .refused,
                "postmaster \(file.processID) runs on \"\(data)\". HINT: 'crm resource stop' or a ban on this node ends it."
            )
        case .unknown(let why):
            throw RejoinFailure(.refused, "whether a server runs on \"\(data)\" isn't known: \(why)")
        case .absent: break
        }
        let left = findServerProcesses(dataDirectory: data)
        guard left.isEmpty else {
            throw RejoinFailure(
                .refused,
                "processes of a former server still work in \"\(data)\": \(left.map(String.init).joined(separator: ", "))"
                    + ". HINT: The agent's action 'stop' ends them."
            )
        }
        try rejoinFailure(.failed) { () throws(SystemError) in try removeFile(data + "/postmaster.pid") }
    }

    /// Has data that weren't shut down cleanly recover from that crash, on their own timeline: pg_rewind wants it, and would
    /// do it with less care for the WAL. The signal files must be away (E4).
    func recover() throws(RejoinFailure) -> ControlFile {
        let before = try readControlFile()
        guard !before.clusterState.hasPrefix("shut down") else { return before }
        context.progress.note(
            "the data weren't shut down cleanly (\"\(before.clusterState)\"): recovering from that first"
        )
        context.progress.see(.init("recovering"))
        var command = ServerProgram(parameters: context.parameters, installation: installation).recoveryCommand()
        command.group = .own
        let result = start(command).follow(while: { !Interruption.isRequested })
        let after = try readControlFile()
        guard result.isSuccess, after.clusterState.hasPrefix("shut down") else {
            guard !Interruption.isRequested else {
                throw RejoinFailure(.resumable, "interrupted while the data recovered")
            }
            let messages = String(decoding: result.errors, as: UTF8.self)
            throw RejoinFailure(
                .failed,
                "the data can't recover from their crash: PostgreSQL says: \(lastError(in: messages) ?? result.summary)"
            )
        }
        return after
    }

    func readControlFile() throws(RejoinFailure) -> ControlFile {
        switch ControlFile.read(installation, by: .after(milliseconds: 30_000)) {
        case .known(let control): return control
        case .unknown(let why): throw RejoinFailure(.failed, why)
        }
    }

    /// Where the replay begins that a checkpoint stands for; its own place when that can't be read.
    func redo(of checkpoint: WALPosition) -> LSN {
        let words = [
            "-p", data + "/pg_wal", "-t", String(checkpoint.timeline.number), "-s", checkpoint.lsn.description, "-n",
            "1",
        ]
        let command = Command(installation.program("pg_waldump"), words, as: context.account)
        let result = run(command, by: .after(milliseconds: 10_000))
        // "... desc: CHECKPOINT_ONLINE redo 0/2000028; tli 1; ..."
        let parts = String(decoding: result.output, as: UTF8.self).split { $0 == " " || $0 == ";" }
        guard let index = parts.firstIndex(of: "redo"), index + 1 < parts.count else { return checkpoint.lsn }
        return LSN(parts[index + 1]) ?? checkpoint.lsn
    }

    /// The first WAL segment that the data need to become consistent and that isn't here; nil when all are.
    func missingSegment(_ control: ControlFile) -> WALSegment? {
        guard let end = control.minimumRecoveryEnd, let label = try? readText(data + "/backup_label", limit: 65_536),
            let start = label.split(whereSeparator: { " \n".contains($0) }).compactMap({ LSN($0) }).first,
            let names = try? listDirectory(data + "/pg_wal")
        else { return nil }
        let history = context.source.history.history
        return firstMissing(names, in: history, from: start, through: end.lsn, size: control.segmentSize)
    }

    /// What pg_rewind leaves and mustn't stay: slots of the former primary, which would hold its WAL back, and WAL files
    /// that came over short.
    func clean(segmentSize: UInt64) throws(SystemError) {
        let slots = data + "/pg_replslot"
        for name in (try? listDirectory(slots)) ?? [] {
            try removeFlatDirectory("\(slots)/\(name)")
            context.progress.note("removed replication slot \(name) of before")
        }
        let wal = data + "/pg_wal"
        for name in try listDirectory(wal) where WALSegment(name: name, size: segmentSize) != nil {
            guard let facts = FileFacts(wal + "/" + name), facts.isRegular, UInt64(facts.size) != segmentSize else {
                continue
            }
            try removeFile(wal + "/" + name)
            for ending in [".ready", ".done"] { try removeFile("\(wal)/archive_status/\(name)\(ending)") }
            context.progress.note(
                "removed \(name), of which only \(facts.size) bytes are here: it comes from the primary"
            )
        }
    }

    /// Makes all that was written to the data durable: each of their file systems, in one call.
    func sync() throws(SystemError) {
        context.progress.see(.init("syncing"))
        let links = ((try? listDirectory(data + "/pg_tblspc")) ?? []).map { data + "/pg_tblspc/" + $0 }
        var devices: Set<UInt64> = []
        for path in [data, data + "/pg_wal"] + links {
            guard let facts = FileFacts(path), devices.insert(facts.device).inserted else { continue }
            try syncFileSystem(path)
        }
    }
}

/// Runs file work, and turns its error into a rejoin's.
@discardableResult
func rejoinFailure<Result>(
    _ exit: RejoinExit,
    _ body: () throws(SystemError) -> Result
) throws(RejoinFailure) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw RejoinFailure(exit, error.description)
    }
}
