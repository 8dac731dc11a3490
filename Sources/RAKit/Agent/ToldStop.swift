import RACore

/// How long a stop waits for what is being told; it takes a tenth of a second.
private let tellingMilliseconds = 300
/// How long processes may take to notice that their postmaster has ended.
private let orphanMilliseconds = 1000

/// How much of what a stop tells the cluster was told already, when the postmaster had ended by itself.
enum ToldStop: String {
    /// That nobody is to be promoted here, or a failure has said so; the rest is being told.
    case begun
    /// Everything that a failover needs.
    case whole
}

extension Agent {
    private var toldStopNote: RunFile { RunFile("told-stop", resource: environment.resource) }

    /// What the note is worth: that of another run of the cluster manager, which has forgotten what it was told, or of data
    /// that a server has had since, is worth nothing.
    var shutdownMark: String? {
        FileFacts(dataDirectory + "/global/pg_control").map { "\(clusterManagerMark()) \($0.inode) \($0.modified)" }
    }

    /// What was told since the postmaster ended, as far as that still holds.
    var toldStop: ToldStop? { noteOfShutdown(toldStopNote).flatMap { ToldStop(rawValue: String($0)) } }

    /// What a note says of the end of the last server; nil for one that isn't worth anything any more.
    func noteOfShutdown(_ file: RunFile) -> Substring? {
        guard let note = file.read(), let mark = shutdownMark, note.first == mark[...] else { return nil }
        return note.body
    }

    /// Whether everything was told: what is being told is waited for, as long as it usually takes.
    func awaitToldStop() -> Bool {
        let end = deadline.capped(milliseconds: tellingMilliseconds)
        let told = wait(until: end, everyMilliseconds: 2) { () -> ToldStop?? in
            toldStop == .begun ? nil : .some(toldStop)
        }
        return told == .some(.whole)
    }

    func noteToldStop(_ told: ToldStop) {
        guard let mark = shutdownMark else { return }
        toldStopNote.write(first: mark, body: told.rawValue)
    }

    /// Whatever starts a server.
    func forgetToldStop() { toldStopNote.remove() }

    /// Tells what the stop of an instance would whose postmaster has ended: that nobody is to be promoted here, and where
    /// its data end.
    ///
    /// - Returns: whether it could.
    func tellStopped(_ cluster: ClusterObservation) -> Bool {
        var isPublished = false
        let effects = announceStop(replicaSet(cluster), cluster: cluster)
        // Where the data end may take a while to find out, and is told beside the rest.
        let failure = tools.write(effects, by: deadline.capped(milliseconds: 5000)) {
            isPublished = tellEnd(cluster)
        }
        return failure == nil && isPublished
    }

    /// Tells where the data of an instance end whose postmaster has ended by itself, once nothing may write any more.
    private func tellEnd(_ cluster: ClusterObservation) -> Bool {
        let isAlone = wait(until: .after(milliseconds: orphanMilliseconds), everyMilliseconds: 10) { () -> Bool? in
            findServerProcesses(dataDirectory: dataDirectory).isEmpty ? true : nil
        }
        guard isAlone != nil, let stopped = stoppedEnd() else { return false }
        return tools.write([announcement(stopped, cluster)], by: deadline.capped(milliseconds: 2000)) == nil
    }
}
