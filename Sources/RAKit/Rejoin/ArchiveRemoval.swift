internal import Glibc
public import RACore

extension ArchiveSite {
    /// What becomes of files that nobody needs.
    public enum Disposal: Sendable, Hashable {
        case remove
        /// To this directory; it is made.
        case move(to: String)
    }

    /// Carries a plan out, oldest files first, so that what is left after an end in between is an archive as well.
    ///
    /// - Returns: the files that are gone, and nil or what failed then.
    public func carryOut(
        _ plan: ArchiveCleaningPlan,
        _ disposal: Disposal
    ) -> (done: [ArchiveFile], failure: String?) {
        var done: [ArchiveFile] = []
        do throws(SystemError) {
            if case .move(let target) = disposal { try ensureDirectory(target, mode: 0o700, owner: account) }
            for file in plan.unneeded {
                let path = directory + "/" + file.name
                switch disposal {
                case .remove: try removeFile(path)
                case .move(let target): try move(path, to: target + "/" + file.name)
                }
                done.append(file)
            }
            try syncDirectory(directory)
            if case .move(let target) = disposal { try syncDirectory(target) }
            return (done, nil)
        } catch {
            return (done, error.description)
        }
    }

    private func move(_ path: String, to target: String) throws(SystemError) {
        // What stands there under this name was moved before, and may be another one.
        guard FileFacts(target) == nil else { throw SystemError(code: EEXIST, "move \(path) to \(target)") }
        try copyOrMove(path, to: target, owner: account)
    }

    /// Where files go when only `--move` was said: a dated directory in the archive, as PG-REX makes it.
    public func datedDirectory() -> String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y%m%d_%H%M%S", &parts)
        return directory + "/" + String(decoding: buffer[0..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
