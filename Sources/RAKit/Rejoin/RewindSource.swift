import RACore

/// Has the primary ready for a rewind.
struct RewindSource {
    let context: RejoinContext
    let role: RewindRole

    /// For how long a checkpoint may take.
    var checkpointSeconds = 600

    /// Waits until the primary's control file is of its own timeline (E5).
    ///
    /// A checkpoint is asked for where the role may; otherwise the one that every promotion begins is waited for.
    func awaitCheckpoint() throws(RejoinFailure) {
        let end = Deadline.after(milliseconds: checkpointSeconds * 1000)
        var isRequested = false
        var last = "it wasn't asked"
        while true {
            switch look(by: end) {
            case .known(let timelines) where timelines.current == timelines.checkpoint: return
            case .known(let timelines):
                last =
                    "its control file is still of timeline \(timelines.checkpoint), and it is on \(timelines.current)"
                if !isRequested, role.mayCheckpoint { requestCheckpoint() }
                if !isRequested { context.progress.note("waiting for a checkpoint of \(context.source.node): \(last)") }
                isRequested = true
            case .unknown(let why): last = why
            }
            context.progress.see(.init("waiting for a checkpoint"))
            guard !Interruption.isRequested else {
                throw RejoinFailure(.resumable, "interrupted before anything was changed")
            }
            guard !end.isPast else { throw failure(last) }
            pause(milliseconds: 100)
        }
    }

    private func failure(_ last: String) -> RejoinFailure {
        RejoinFailure(
            .resumable,
            redactingPasswords("\(context.source.node) made no checkpoint within \(checkpointSeconds) s: \(last)")
                + ". HINT: Run CHECKPOINT on \(context.source.node), then 'pgrex-tool rejoin' again."
        )
    }

    private func look(by deadline: Deadline) -> Observed<(current: TimelineID, checkpoint: TimelineID)> {
        let end = deadline.capped(milliseconds: 10_000)
        do throws(ConnectionFailure) {
            let connection = try Connection.open(role.target, as: context.account, by: end)
            do throws(QueryFailure) {
                return .known(try Queries.timelines(connection, by: end))
            } catch {
                return .unknown(why: error.text)
            }
        } catch {
            return .unknown(why: error.text)
        }
    }

    /// The first of the WAL segments from a position on that the primary has no file of; nil when it has all, as far as it
    /// can be asked.
    ///
    /// - Parameter position: where the replay after a rewind will begin.
    func missingSegment(from position: LSN, size: UInt64) -> WALSegment? {
        let end = Deadline.after(milliseconds: 10_000)
        guard let connection = try? Connection.open(role.target, as: context.account, by: end),
            let names = try? Queries.walFiles(connection, by: end)
        else { return nil }
        return firstMissing(names, in: context.source.history.history, from: position, through: position, size: size)
    }

    /// The server goes on with it when this connection has ended.
    private func requestCheckpoint() {
        let end = Deadline.after(milliseconds: 2000)
        guard let connection = try? Connection.open(role.target, as: context.account, by: end) else { return }
        _ = try? connection.query("CHECKPOINT", by: end)
    }
}

/// The first segment of a part of a history that no file is there for; nil when none is missing.
///
/// A file of another timeline does as well where the one that was left has the same WAL up to there.
func firstMissing(
    _ names: [String],
    in history: TimelineHistory,
    from start: LSN,
    through end: LSN,
    size: UInt64
) -> WALSegment? {
    let numbers = Set(names.compactMap { WALSegment(name: $0, size: size)?.number })
    return history.segments(from: start, through: end, size: size).first { !numbers.contains($0.number) }
}
