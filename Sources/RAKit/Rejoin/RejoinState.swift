internal import RACore

/// What rejoins leave on the node for each other: the journal, and how often they failed unattended.
struct RejoinState {
    let files: RejoinFiles

    /// What the last run was doing when it ended; nil when it came to its end.
    var journal: RejoinJournal? {
        (try? readText(files.journal, limit: 65_536)).flatMap { RejoinJournal(text: $0) }
    }

    /// Whether a rejoin runs on this node.
    var isRunning: Bool {
        guard FileFacts(files.runLock) != nil else { return false }
        switch FileLock.take(files.runLock, holder: nil) {
        case .held, .failed: return false
        case .busy: return true
        }
    }

    /// Notes what is being done next; durable before it begins.
    func note(_ journal: RejoinJournal) throws(RejoinFailure) {
        do throws(SystemError) {
            try replaceFile(files.journal, with: Array(journal.text.utf8))
        } catch {
            throw RejoinFailure(.failed, "the journal can't be written: \(error.description)")
        }
    }

    /// The run came to its end.
    func close() {
        try? removeFile(files.journal)
        try? removeFile(failuresFile)
    }

    private var failuresFile: String { files.directory + "/failures" }

    /// Failures of unattended runs since the last one that came to its end.
    var unattendedFailures: Int {
        (try? readText(failuresFile, limit: 64)).flatMap { Int(trimSpaces($0)) } ?? 0
    }

    func noteUnattendedFailure() {
        try? replaceFile(failuresFile, with: Array("\(unattendedFailures + 1)\n".utf8))
    }

    /// How many failures there may be before a person must look.
    static let mostFailures = 3
}
