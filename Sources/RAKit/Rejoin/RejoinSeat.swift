public import RACore

/// The right to bring a node back: one run at a time has it, from the first look on, so that what it decides by stays true.
public struct RejoinSeat: Sendable {
    let files: RejoinFiles
    private let lock: FileLock

    /// Takes it.
    ///
    /// - Throws: who else has it.
    public init(_ context: ResourceContext) throws(RejoinFailure) {
        let parameters = context.configuration.reading.parameters
        guard let account = Account(name: parameters.pgdba) else {
            throw RejoinFailure(.refused, "user \"\(parameters.pgdba)\" (parameter pgdba) doesn't exist on this node")
        }
        files = OwnedFiles(directory: findTemporaryDirectory(parameters, account: account)).rejoin
        do throws(SystemError) {
            try files.prepare(owner: account)
        } catch {
            throw RejoinFailure(.failed, "the agent's directory (parameter tmpdir): \(error.description)")
        }
        lock = try RejoinSeat.takeLock(files)
    }

    /// One who only looks whether it is taken holds it for a moment, and isn't waited for longer than that.
    private static func takeLock(_ files: RejoinFiles) throws(RejoinFailure) -> FileLock {
        let end = Deadline.after(milliseconds: 1000)
        while true {
            switch FileLock.take(files.runLock, holder: holder) {
            case .held(let lock): return lock
            case .failed(let failure): throw RejoinFailure(.failed, failure.description)
            case .busy(let holder):
                guard end.isPast else {
                    pause(milliseconds: 50)
                    continue
                }
                throw RejoinFailure(
                    .refused,
                    "another rejoin runs on this node: \(holder). HINT: 'pgrex-tool status' shows how far it is."
                )
            }
        }
    }

    /// Who works, for whoever is told to wait.
    private static var holder: String {
        "process \(ownProcessID()) of \(commandingName()), since \(timestamp())"
    }
}

extension RejoinFiles {
    /// Makes the directory, so that locks can be taken in it.
    func prepare(owner: Account) throws(SystemError) {
        try ensureDirectory(parentDirectory(directory), mode: 0o700, owner: owner)
        try ensureDirectory(directory, mode: 0o700, owner: owner)
    }
}
