public import RACore

/// Writes the configuration that the agent owns; every file is replaced in one step, and only when it differs.
public struct ConfigurationFiles: Sendable {
    public let installation: Installation
    public let parameters: Parameters

    public init(installation: Installation, parameters: Parameters) {
        self.installation = installation
        self.parameters = parameters
    }

    public var own: OwnedFiles { OwnedFiles(directory: installation.temporaryDirectory) }
    public var standbySignal: String { installation.dataDirectory + "/standby.signal" }

    /// Makes the next start a standby's: settings, include line, signal file.
    ///
    /// - Returns: what a reader of the log should know of.
    public func configureStandby(ownNode: String) throws(SystemError) -> [String] {
        let owner = installation.account
        try ensureDirectory(installation.temporaryDirectory, mode: 0o700, owner: owner)
        try writeStandbySettings(ownNode: ownNode)
        // The next look at the slots writes it again where it belongs.
        try removeFile(own.slotLimit)
        var names = OwnedConfiguration.standbySettings
        if parameters.repMode == .sync {
            try writeSynchronousSet(.none)
            names.append(OwnedConfiguration.synchronousSetting)
        } else {
            try removeFile(own.synchronousSet)
        }
        try ensureFile(
            own.root,
            contains: OwnedConfiguration.rootFile(dataDirectory: installation.dataDirectory),
            owner: owner
        )
        let notes = try includeOwnFiles(true) + removeOverrides(names)
        try removeFile(installation.dataDirectory + "/recovery.signal")
        try ensureFile(standbySignal, contains: "", owner: owner)
        return notes
    }

    /// Writes how this instance follows a primary; a running server takes it over when it reads its configuration again.
    public func writeStandbySettings(ownNode: String) throws(SystemError) {
        try ensureFile(
            own.standby,
            contains: OwnedConfiguration.standbyFile(parameters, ownNode: ownNode),
            owner: installation.account
        )
    }

    /// Takes the agent's settings away from an instance that isn't replicated (any more).
    public func configureAlone() throws(SystemError) -> [String] {
        try includeOwnFiles(false)
    }

    /// Makes commits wait for these standbys once the server has read its configuration again.
    public func writeSynchronousSet(_ set: SynchronousSet) throws(SystemError) {
        try ensureFile(
            own.synchronousSet,
            contains: OwnedConfiguration.synchronousFile(set),
            owner: installation.account
        )
    }

    private func includeOwnFiles(_ isIncluded: Bool) throws(SystemError) -> [String] {
        let main = resolved(installation.configurationFile)
        let present = try readByteText(main)
        let wanted = OwnedConfiguration.mainFile(
            present,
            including: isIncluded ? byteText(Array(own.root.utf8)) : nil
        )
        guard isIncluded || present.contains(OwnedConfiguration.managedMark) else { return [] }
        guard wanted != present, let facts = FileFacts(main) else { return [] }
        try replaceFile(
            main,
            with: bytes(ofByteText: wanted),
            mode: facts.mode,
            ownerID: facts.ownerID,
            groupID: facts.groupID
        )
        return ["changed the include line of \(main)"]
    }

    private func removeOverrides(_ names: [String]) throws(SystemError) -> [String] {
        let file = installation.dataDirectory + "/postgresql.auto.conf"
        guard FileFacts(file) != nil else { return [] }
        let present = try readByteText(file)
        let (text, removed) = OwnedConfiguration.withoutOwned(present, names: names)
        guard !removed.isEmpty else { return [] }
        try replaceFile(file, with: bytes(ofByteText: text), mode: 0o600, owner: installation.account)
        return ["removed \(removed.joined(separator: ", ")) from \(file), where it would override the agent's own"]
    }
}
