import RACore

/// A small note of one resource, kept where a restart of the node forgets it.
struct RunFile {
    private let path: String

    /// - Parameter name: what is noted; the end of the file's name.
    init(_ name: String, resource: String) {
        path = RunFile.path(name, resource: resource)
    }

    /// Where such a note stands.
    static func path(_ name: String, resource: String) -> String {
        let folder = environmentValue("HA_RSCTMP") ?? "/run/resource-agents"
        return folder + "/pgsql-swift-" + resource + "." + name
    }

    var exists: Bool { FileFacts(path) != nil }

    /// The first line and what follows it; nil without a note.
    func read() -> (first: Substring, body: Substring)? {
        guard let text = try? readText(path), let end = text.firstIndex(of: "\n") else { return nil }
        return (text[..<end], text[text.index(after: end)...])
    }

    /// Notes it; a failure counts as no note.
    ///
    /// - Returns: nil, or what failed.
    @discardableResult
    func write(first: String, body: String) -> SystemError? {
        let folder = parentDirectory(path)
        do throws(SystemError) {
            if FileFacts(folder) == nil, let root = Account(name: "root") {
                try ensureDirectory(folder, mode: 0o755, owner: root)
            }
            try replaceFile(path, with: Array("\(first)\n\(body)".utf8))
            return nil
        } catch {
            return error
        }
    }

    func remove() { try? removeFile(path) }
}
