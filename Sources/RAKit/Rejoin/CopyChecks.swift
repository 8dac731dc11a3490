internal import Synchronization
import RACore

/// What a copy is checked for, and how its failures are told.
extension CopyStep {
    /// A failure whose words have no password; without former data nothing is as it was before.
    func failure(_ exit: RejoinExit, _ reason: String) -> RejoinFailure {
        RejoinFailure(exit == .failed && options.isInPlace ? .resumable : exit, redactingPasswords(reason))
    }

    func system(_ body: () throws(SystemError) -> Void) throws(RejoinFailure) {
        do throws(SystemError) {
            try body()
        } catch {
            throw failure(.failed, error.description)
        }
    }

    /// Asks a question that may take as long as a checkpoint, on a thread of its own, so that an interruption is heard.
    func patiently<Answer: Sendable>(
        _ question: @escaping @Sendable (RejoinContext, Deadline) -> Observed<Answer>
    ) -> Observed<Answer> {
        let context = context
        let end = Deadline.after(milliseconds: limits.checkpointMilliseconds)
        let board = AnswerBoard<Answer>()
        let isStarted = startThread { board.post(question(context, end)) }
        guard isStarted else { return question(context, end) }
        let answer = wait(until: end, everyMilliseconds: 5) { () -> Observed<Answer>? in
            board.answer ?? (isInterrupted() ? .unknown(why: "interrupted") : nil)
        }
        return answer ?? .unknown(why: "no answer within \(limits.checkpointMilliseconds / 1000) s")
    }

    /// Whether what was copied is still what was planned.
    func checkSource(_ plan: CopyPlan) throws(RejoinFailure) {
        if let change = changeOfSource() { throw failure(.resumable, "\(change). HINT: \(CopyStep.anew)") }
        let planned = context.source.history.history.timeline
        if let label = try? readText(plan.layout.data.new + "/backup_label"),
            let timeline = startTimeline(label), timeline != planned
        {
            throw failure(.resumable, "the copy is of timeline \(timeline), not of \(planned). HINT: \(CopyStep.anew)")
        }
        switch patiently({ BaseBackupOffer.tablespaces($0, by: $1) }) {
        case .unknown(let why):
            throw failure(.resumable, "\(context.source.node) no longer answers: \(why). HINT: \(CopyStep.anew)")
        case .known(let tablespaces):
            let places = Set(tablespaces.map(\.location))
            guard let new = places.subtracting(plan.layout.sources).min() else { return }
            throw failure(
                .failed,
                "tablespace \"\(new)\" was made on \(context.source.node) while the data were copied. HINT: \(CopyStep.anew)"
            )
        }
    }

    static let anew = "Run it again: it plans anew."

    /// What has become of the primary that the plan was made with; nil when it is the same.
    func changeOfSource() -> String? {
        let node = context.source.node
        switch historyOfSource() {
        case .unknown(let why): return "\(node) no longer answers: \(why)"
        case .known((let now, _, _)):
            let planned = context.source.history
            guard now.systemIdentifier == planned.systemIdentifier else {
                return
                    "the primary's system identifier is \(now.systemIdentifier) now, and was \(planned.systemIdentifier)"
            }
            guard now.history.timeline == planned.history.timeline else {
                return
                    "the primary is on timeline \(now.history.timeline) now, and was on \(planned.history.timeline): "
                    + "there was a failover"
            }
            return nil
        }
    }

    /// Asked again for two seconds: right after a copy its WAL senders' places may not be free yet.
    private func historyOfSource() -> Observed<(history: InstanceHistory, flushed: LSN, version: Int)> {
        let end = Deadline.after(milliseconds: 2000)
        while true {
            let seen = PrimaryHistory.read(
                context.source.replication,
                as: context.account,
                by: .after(milliseconds: 10_000)
            )
            if case .known = seen { return seen }
            guard !end.isPast, !isInterrupted() else { return seen }
            pause(milliseconds: 100)
        }
    }

    private func startTimeline(_ label: String) -> TimelineID? {
        for line in label.split(separator: "\n") where line.hasPrefix("START TIMELINE: ") {
            return UInt32(line.dropFirst(16)).flatMap { TimelineID($0) }
        }
        return nil
    }

    /// Compares the copy with the list that the primary made of it, and reads its WAL (pg_verifybackup, pg_waldump).
    func verify(_ layout: CopyLayout, _ report: inout CopyReport) throws(RejoinFailure) {
        guard context.source.version >= 130_000 else {
            context.progress.note("PostgreSQL 12 makes no list of a backup: what has come can't be verified")
            return
        }
        let start = Moment.now()
        context.progress.see(.init("verifying"))
        var command = Command(
            installation.program("pg_verifybackup"),
            ["--exit-on-error", "--quiet", layout.data.new],
            as: context.account
        )
        command.group = .own
        let result = RAKit.start(command).follow { !isInterrupted() }
        guard result.end != .timedOut else { throw interrupted }
        guard result.isSuccess else {
            let lines = String(decoding: result.errors, as: UTF8.self).split(separator: "\n").map(String.init)
            throw failure(
                .failed,
                "the copy isn't what \(context.source.node) sent: pg_verifybackup: \(copyComplaint(lines))"
            )
        }
        report.isVerified = true
        report.add("verifying", since: start)
    }

    var interrupted: RejoinFailure {
        failure(.resumable, "interrupted: the copy that was under way has been removed. HINT: Run it again.")
    }
}

private final class AnswerBoard<Answer: Sendable>: Sendable {
    private let state = Mutex<Observed<Answer>?>(nil)

    func post(_ answer: Observed<Answer>) { state.withLock { $0 = answer } }

    var answer: Observed<Answer>? { state.withLock { $0 } }
}
