import RACore

/// The signal files of a data directory, with which a server can't run its recovery alone (E4).
struct SignalFiles {
    let files: RejoinFiles
    let installation: Installation

    private static let names = ["standby.signal", "recovery.signal"]

    private func path(_ name: String) -> String { installation.dataDirectory + "/" + name }

    /// Takes them away, and notes which there were before it does.
    func setAside() throws(SystemError) {
        let present = Self.names.filter { FileFacts(path($0)) != nil }
        guard !present.isEmpty else { return }
        try ensureDirectory(files.directory, mode: 0o700, owner: installation.account)
        let noted = (try? readText(files.signals))?.split(separator: "\n").map(String.init) ?? []
        let all = Self.names.filter { present.contains($0) || noted.contains($0) }
        try ensureFile(files.signals, contains: all.map { $0 + "\n" }.joined(), owner: installation.account)
        for name in present { try removeFile(path(name)) }
        try syncDirectory(installation.dataDirectory)
    }

    /// Puts them back: nothing came of it.
    func putBack() throws(SystemError) {
        guard let text = try? readText(files.signals) else { return }
        let noted = text.split(separator: "\n").map(String.init)
        for name in Self.names where noted.contains(name) {
            try ensureFile(path(name), contains: "", owner: installation.account)
        }
        try forget()
    }

    /// Forgets which there were.
    func forget() throws(SystemError) { try removeFile(files.signals) }
}
