internal import RACore

extension ArchiveFetch {
    /// Has the history files of the source's timelines in pg_wal: from the source itself, which has them all.
    ///
    /// An archive may lack one, or hold it under another name; a server sends it to whoever may replicate
    /// (documentation, "Streaming Replication Protocol", TIMELINE_HISTORY).
    func fetchHistories(_ install: ArchiveInstall) throws(RejoinFailure) {
        let history = context.source.history.history
        let timelines = (history.ancestors.map(\.timeline) + [history.timeline]).filter { $0.number > 1 }
        var missing: [TimelineID] = []
        for timeline in timelines where try !isSettled(timeline, install.directory) { missing.append(timeline) }
        guard !missing.isEmpty else { return }
        let deadline = Deadline.after(milliseconds: 30_000)
        let connection: Connection
        do throws(ConnectionFailure) {
            connection = try Connection.open(context.source.replication, as: context.connector, by: deadline)
        } catch {
            throw RejoinFailure(
                .failed,
                "the source can't be asked for \"\(missing[0].historyFileName)\": \(redactingPasswords(error.text))"
            )
        }
        for timeline in missing {
            let text = try ask(connection, timeline, by: deadline)
            try trying { () throws(SystemError) in
                try ensureFile(
                    install.directory + "/" + timeline.historyFileName,
                    contains: text,
                    owner: context.account
                )
            }
            context.progress.note("fetched \(timeline.historyFileName) from the source")
        }
    }

    /// Whether the node has a timeline's history as the source tells it.
    ///
    /// - Throws: when it has another one, of the same number.
    private func isSettled(_ timeline: TimelineID, _ directory: String) throws(RejoinFailure) -> Bool {
        let path = directory + "/" + timeline.historyFileName
        guard let text = try? readText(path), let present = TimelineHistory(timeline: timeline, text: text) else {
            return false
        }
        guard present.ancestors != expected(timeline).ancestors else { return true }
        throw RejoinFailure(
            .failed,
            "\"\(path)\" tells another history than the source's: \"\(words(present))\" here, "
                + "\"\(words(expected(timeline)))\" there. HINT: The node's data have diverged; run it again to see how."
        )
    }

    private func expected(_ timeline: TimelineID) -> TimelineHistory {
        let ancestors = context.source.history.history.ancestors.filter { $0.timeline < timeline }
        return TimelineHistory(timeline: timeline, ancestors: ancestors)
    }

    private func words(_ history: TimelineHistory) -> String {
        history.ancestors.map { "\($0.timeline) until \($0.switchPoint)" }.joined(separator: ", ")
    }

    private func ask(
        _ connection: Connection,
        _ timeline: TimelineID,
        by deadline: Deadline
    ) throws(RejoinFailure) -> String {
        let rows: [Rows]
        do throws(QueryFailure) {
            rows = try connection.query("TIMELINE_HISTORY \(timeline)", by: deadline)
        } catch {
            throw RejoinFailure(.failed, "the source doesn't send \"\(timeline.historyFileName)\": \(error.text)")
        }
        guard let text = rows.first?.rows.first?.last ?? nil, TimelineHistory(timeline: timeline, text: text) != nil
        else {
            throw RejoinFailure(.failed, "the source's \"\(timeline.historyFileName)\" can't be read")
        }
        return text
    }
}
