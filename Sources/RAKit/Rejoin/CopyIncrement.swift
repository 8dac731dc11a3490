internal import Glibc
import RACore

/// A copy made of a kept full backup and of what changed since (PostgreSQL 17: pg_combinebackup).
struct CopyIncrement {
    let step: CopyStep
    /// The kept backup's directory: it is only read.
    let full: String

    private var context: RejoinContext { step.context }
    private var manifest: String { full + "/backup_manifest" }

    /// Why it can't be made; nil when nothing is known against it.
    ///
    /// Whether the primary's summaries of its WAL reach back so far is the primary's to say when it is asked for the data.
    func fault() -> String? {
        guard context.source.version >= 170_000 else {
            return
                "\(context.source.node) has PostgreSQL \(context.source.majorVersion): 17 is the first that sends only changes"
        }
        guard let list = readManifest() else { return "\"\(manifest)\" can't be read as a backup's list of files" }
        if let fault = list.fault(primary: context.source.history) { return fault }
        let end = Deadline.after(milliseconds: 20_000)
        guard let connection = try? openPatiently(context.source.replication, as: context.account, by: end),
            let row = try? connection.query("SHOW summarize_wal", by: end).first?.rows.first
        else { return nil }
        return row.first == "on" ? nil : "summarize_wal is off on \(context.source.node)"
    }

    private func readManifest() -> BackupManifest? {
        guard let size = FileFacts(manifest)?.size, let head = try? readText(manifest, limit: 4096),
            let tail = try? readTail(manifest, from: max(0, size - 4096))
        else { return nil }
        return BackupManifest(head: head, tail: tail)
    }

    func run(_ plan: CopyPlan, slot: String?, _ report: inout CopyReport) throws(RejoinFailure) {
        if let fault = fault() { throw step.failure(.failed, fault) }
        let layout = plan.layout
        var start = Moment.now()
        try step.system { () throws(SystemError) in
            for place in layout.filled where place.role != .wal {
                try makeDirectory(place.increment, mode: 0o700, owner: context.account)
            }
        }
        try CopyProgram(step: step, plan: plan, slot: slot, manifest: manifest).run()
        report.add("copying", since: start)
        start = Moment.now()
        try combine(plan)
        report.add("combining", since: start)
        try step.system { () throws(SystemError) in
            for place in layout.filled { try removeTree(place.increment) }
            // WAL that is elsewhere came there at once, and the link to it isn't taken along.
            if let wal = layout.wal {
                try removeTree(layout.data.new + "/pg_wal")
                try step.replaceLink(layout.data.new + "/pg_wal", wal.new)
            }
        }
    }

    private func combine(_ plan: CopyPlan) throws(RejoinFailure) {
        let layout = plan.layout
        var words = [
            full, layout.data.increment, "--output=\(layout.data.new)", "--no-sync", "--manifest-checksums=CRC32C",
        ]
        for place in layout.tablespaces {
            words.append("--tablespace-mapping=\(quoted(place.increment))=\(quoted(place.new))")
        }
        context.progress.see(.init("combining"))
        let program = context.installation.program("pg_combinebackup")
        var command = Command(program, words, as: context.account)
        command.group = .own
        let watch = CopyWatch(
            step.limits,
            rooms: plan.rooms,
            progress: context.progress,
            isInterrupted: step.isInterrupted
        )
        let result = start(command).follow(errors: { watch.take($0) }, while: { watch.mayGoOn() })
        if let stop = watch.stop { throw step.failure(stop) }
        guard !result.isSuccess else { return }
        let complaint = copyComplaint(watch.words)
        throw step.failure(.failed, "pg_combinebackup: \(complaint.isEmpty ? result.summary : complaint)")
    }

    private func quoted(_ path: String) -> String {
        path.split(separator: "=", omittingEmptySubsequences: false).joined(separator: "\\=")
    }
}
