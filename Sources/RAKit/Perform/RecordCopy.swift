import RACore

/// This node's own copy of the newest durable record that it has seen.
///
/// The cluster may lose a record: of a node that was cut off, the copy of the CIB may win when it comes back.
struct RecordCopy {
    let path: String

    /// nil without one, or for a text that isn't a record.
    func read() -> ClusterRecord? {
        guard let text = try? readText(path, limit: 65_536) else { return nil }
        return ClusterRecord(String(text.prefix { !$0.isNewline }))
    }

    /// Writes it so that it survives a power cut.
    func write(_ record: ClusterRecord, owner: Account?) throws(SystemError) {
        if let owner { try ensureDirectory(parentDirectory(path), mode: 0o700, owner: owner) }
        try replaceFile(path, with: Array((record.text + "\n").utf8), owner: owner)
    }
}

extension Agent {
    var recordCopy: RecordCopy { RecordCopy(path: ownFiles.record) }

    /// The newest record, of the cluster's and of this node's own copy, which is kept up with it.
    func newestRecord(_ cluster: ClusterObservation) -> ClusterRecord? {
        let copy = recordCopy.read()
        let newest = RACore.newestRecord(in: cluster, resource: environment.resource, copy: copy)
        if let newest, isWorthKeeping(newest, own: ownNode(), copy: copy) {
            do throws(SystemError) {
                try recordCopy.write(newest, owner: account)
            } catch {
                log.warning(error.description)
            }
        }
        return newest
    }

    /// Where this node's data stand; nil when their history can't be read.
    func position(_ facts: ServerFacts, record: ClusterRecord?) -> PublishedPosition? {
        guard let history = facts.history else { return nil }
        return PublishedPosition(
            systemIdentifier: facts.systemIdentifier,
            history: history,
            lsn: facts.lsn,
            replayedLSN: facts.replayedLSN,
            seen: record?.stamp,
            hasTakenPart: partNote.read()?.first == clusterManagerMark()[...],
            timesSteppedBack: ElectionRounds(resource: environment.resource).timesSteppedBack
        )
    }

    private var partNote: RunFile { RunFile("part", resource: environment.resource) }

    /// Notes that the instance was a primary, or received WAL from one, since the node joined the cluster: what it knows
    /// isn't from before it was fenced, or from before the others went on without it.
    func noteTakenPart() {
        let mark = clusterManagerMark()
        if partNote.read()?.first != mark[...] { partNote.write(first: mark, body: "") }
    }
}
