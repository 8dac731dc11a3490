import RACore

/// Settings of a node's own that would end a standby's recovery or keep it from starting.
public struct ConflictingSettings {
    private let installation: Installation

    public init(_ installation: Installation) { self.installation = installation }

    /// The lines that would have recovery end or wait before it is where the primary is, by their files.
    ///
    /// What the agent owns besides is taken out of postgresql.auto.conf by its start.
    public func find() -> [String] {
        ConfigurationFileSet(installation).settings.flatMap { path -> [String] in
            guard let text = try? readByteText(path) else { return [] }
            return commentingOut(text, where: isRecoveryTarget).lines.map { "\(path): \(printable($0))" }
        }
    }

    /// Makes those lines comments.
    ///
    /// - Returns: what was changed.
    public func remove() throws(SystemError) -> [String] {
        var notes: [String] = []
        for path in ConfigurationFileSet(installation).settings {
            let file = resolved(path)
            let present = try readByteText(file)
            let (text, lines) = commentingOut(present, where: isRecoveryTarget)
            guard !lines.isEmpty, let facts = FileFacts(file) else { continue }
            try replaceFile(
                file,
                with: bytes(ofByteText: text),
                mode: facts.mode,
                ownerID: facts.ownerID,
                groupID: facts.groupID
            )
            notes += lines.map { "commented out in \(path), as it would end recovery early: \(printable($0))" }
        }
        return notes
    }

    private func printable(_ line: String) -> String {
        trimSpaces(String(decoding: bytes(ofByteText: line), as: UTF8.self))
    }
}
