internal import Glibc
public import RACore

/// The node's own configuration, set aside while pg_rewind or a copy brings the primary's.
///
/// What stands in the data directory and is read from there: the server's files, what they include, certificates and
/// keys. Files elsewhere (Debian's /etc/postgresql) stay where they are. Keys are as secret here as there.
public struct KeptConfiguration: Sendable {
    private let files: RejoinFiles
    private let installation: Installation

    public init(_ context: RejoinContext) { self.init(context.files, context.installation) }

    init(_ files: RejoinFiles, _ installation: Installation) {
        self.files = files
        self.installation = installation
    }

    private var directory: String { files.configuration }
    private var list: String { directory + "/list" }

    /// Whether one is kept: it comes under its name only once all of it is on disk.
    public var isComplete: Bool { FileFacts(list) != nil }

    /// Sets the configuration aside.
    ///
    /// One that is kept already stays as long as a rejoin is under way: the data directory may have the primary's by now.
    /// Without data there is nothing to keep.
    public func save() throws(RejoinFailure) {
        let isUnderWay = FileFacts(files.journal) != nil || FileFacts(files.taint) != nil
        guard !(isComplete && isUnderWay), FileFacts(installation.dataDirectory + "/PG_VERSION") != nil else { return }
        do throws(SystemError) {
            try ensureDirectory(installation.temporaryDirectory, mode: 0o700, owner: installation.account)
            try ensureDirectory(files.directory, mode: 0o700, owner: installation.account)
            try build(directory + ".new")
        } catch {
            throw RejoinFailure(.failed, "can't keep the node's own configuration: \(error.description)")
        }
    }

    private func build(_ new: String) throws(SystemError) {
        try removeFlatDirectory(new)
        try ensureDirectory(new, mode: 0o700, owner: installation.account)
        let set = ConfigurationFileSet(installation)
        var entries: [KeptEntry] = set.directories.sorted().map { .directory($0) }
        entries += set.absent.sorted().map { .absent($0) }
        for (number, place) in set.inside.sorted().enumerated() {
            let path = installation.dataDirectory + "/" + place
            guard let facts = FileFacts(path) else { throw SystemError(code: ENOENT, "stat \(path)") }
            // Bytes, not text: a key may be in any form.
            let content = bytes(ofByteText: try readByteText(path))
            try replaceFile("\(new)/\(number)", with: content, owner: installation.account)
            if let target = linkTarget(path) { entries.append(.link(place, target)) }
            entries.append(.file(number, facts.mode, facts.ownerID, facts.groupID, place))
        }
        let text = entries.map { $0.text + "\n" }.joined()
        try replaceFile(new + "/list", with: Array(text.utf8), owner: installation.account)
        try removeFlatDirectory(directory)
        guard rename(new, directory) == 0 else { throw SystemError("rename \(new) to \(directory)") }
        try syncDirectory(files.directory)
    }

    /// Puts the configuration into a data directory, in the place of the primary's.
    ///
    /// - Returns: what a reader should know of: what was put back, what was taken away, or that the node's own is lost.
    public func restore(into target: String) throws(RejoinFailure) -> [String] {
        guard isComplete else { return lossNotes(target) }
        do throws(SystemError) {
            let entries = try readText(list).split(separator: "\n").compactMap { KeptEntry($0) }
            var changes = RestoredConfiguration(source: directory, target: target, owner: installation.account)
            for entry in entries { try changes.apply(entry, of: entries) }
            return changes.notes
        } catch {
            throw RejoinFailure(.resumable, "can't put the node's own configuration back: \(error.description)")
        }
    }

    /// Forgets it: called when the rejoin has ended, before its journal goes.
    public func discard() throws(SystemError) {
        try removeFlatDirectory(directory + ".new")
        try removeFlatDirectory(directory)
    }

    private func lossNotes(_ target: String) -> [String] {
        let main = installation.configurationFile
        guard main.hasPrefix(installation.dataDirectory + "/") else { return [] }
        return [
            "this node's own configuration isn't there any more: it has the primary's now. HINT: Look at listen_addresses, "
                + "port and what else differs between the nodes, in \(target)/postgresql.conf and pg_hba.conf."
        ]
    }
}

/// A line of the list of kept files.
enum KeptEntry: Hashable {
    /// The content's name beside the list, mode, owner, group, and the path from the data directory.
    case file(Int, UInt32, UInt32, UInt32, String)
    /// The file of that path, which comes next, is a symbolic link.
    case link(String, String)
    /// A file that wasn't there, and would be read.
    case absent(String)
    /// A directory of which every file is read.
    case directory(String)

    var text: String {
        switch self {
        case .file(let number, let mode, let user, let group, let place):
            "file \(number) \(String(mode, radix: 8)) \(user) \(group) \(place)"
        case .link(let place, let target): "link \(place)\t\(target)"
        case .absent(let place): "absent \(place)"
        case .directory(let place): "directory \(place)"
        }
    }

    init?(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "file":
            let parts = words[1].split(separator: " ", maxSplits: 4)
            guard parts.count == 5, let number = Int(parts[0]), let mode = UInt32(parts[1], radix: 8),
                let user = UInt32(parts[2]), let group = UInt32(parts[3])
            else { return nil }
            self = .file(number, mode, user, group, String(parts[4]))
        case "link":
            let parts = words[1].split(separator: "\t")
            guard parts.count == 2 else { return nil }
            self = .link(String(parts[0]), String(parts[1]))
        case "absent": self = .absent(String(words[1]))
        case "directory": self = .directory(String(words[1]))
        case _: return nil
        }
    }

    /// The path of what is kept; nil for what isn't.
    var keptPlace: String? {
        if case .file(_, _, _, _, let place) = self { return place }
        return nil
    }
}

/// Configuration files on their way into a data directory.
private struct RestoredConfiguration {
    let source: String
    let target: String
    let owner: Account
    private(set) var notes: [String] = []

    init(source: String, target: String, owner: Account) {
        self.source = source
        self.target = target
        self.owner = owner
    }

    mutating func apply(_ entry: KeptEntry, of all: [KeptEntry]) throws(SystemError) {
        switch entry {
        case .file(let number, let mode, let user, let group, let place):
            let content = bytes(ofByteText: try readByteText("\(source)/\(number)"))
            // A link to elsewhere: the server, and pg_rewind, write and read through it.
            let path = resolved(target + "/" + place)
            let present = (try? readByteText(path)).map { bytes(ofByteText: $0) }
            if let facts = FileFacts(path), present == content, facts.mode == mode, facts.ownerID == user { return }
            try ensureParent(path)
            try replaceFile(path, with: content, mode: mode, ownerID: user, groupID: group)
            notes.append("put this node's own \(place) back")
        case .link(let place, let wanted):
            let path = target + "/" + place
            guard linkTarget(path) != wanted else { return }
            try ensureParent(path)
            try removeFile(path)
            guard symlink(wanted, path) == 0 else { throw SystemError("link \(path) to \(wanted)") }
            try syncDirectory(parentDirectory(path))
        case .absent(let place): try takeAway(place)
        case .directory(let place):
            let kept = Set(all.compactMap(\.keptPlace))
            for name in (try? listDirectory(target + "/" + place)) ?? []
            where name.hasSuffix(".conf") && !kept.contains(place + "/" + name) {
                try takeAway(place + "/" + name)
            }
        }
    }

    private mutating func takeAway(_ place: String) throws(SystemError) {
        let path = target + "/" + place
        guard FileFacts(path)?.isRegular ?? false else { return }
        try removeFile(path)
        try syncDirectory(parentDirectory(path))
        notes.append("removed the primary's \(place), which this node didn't have")
    }

    private func ensureParent(_ path: String) throws(SystemError) {
        let parent = parentDirectory(path)
        if FileFacts(parent) == nil { try ensureDirectory(parent, mode: 0o700, owner: owner) }
    }
}

/// Removes a directory that has files only; that there is none is success.
func removeFlatDirectory(_ path: String) throws(SystemError) {
    guard FileFacts(path) != nil else { return }
    // The list first: what is left without it counts for nothing.
    try removeFile(path + "/list")
    for name in try listDirectory(path) { try removeFile(path + "/" + name) }
    guard rmdir(path) == 0 else { throw SystemError("remove \(path)") }
}
