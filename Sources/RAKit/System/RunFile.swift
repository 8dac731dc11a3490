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
        folder + "/pgsql-swift-" + resource + "." + name
    }

    private static var folder: String { environmentValue("HA_RSCTMP") ?? "/run/resource-agents" }

    /// Makes the folder of the notes where the system hasn't; what is to be written there says it when that fails.
    static func makeFolder() {
        guard FileFacts(folder) == nil, let root = Account(name: "root") else { return }
        try? ensureDirectory(folder, mode: 0o755, owner: root)
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
        RunFile.makeFolder()
        do throws(SystemError) {
            try replaceFile(path, with: Array("\(first)\n\(body)".utf8))
            return nil
        } catch {
            return error
        }
    }

    func remove() { try? removeFile(path) }

    /// Notes a moment, by default now, in the first line.
    func write(_ moment: Moment = .sinceBoot(), body: String = "") {
        write(first: String(moment.nanoseconds), body: body)
    }

    /// The moment in the first line; nil without one, and for one that is still to come: it is from before a restart of the
    /// machine.
    var moment: Moment? {
        guard let then = read().flatMap({ UInt64($0.first) }).map({ Moment(nanoseconds: $0) }) else { return nil }
        return then <= .sinceBoot() ? then : nil
    }

    /// Whether the moment is less long ago than that.
    func isRecent(milliseconds: UInt64) -> Bool {
        moment.map { Moment.sinceBoot().nanoseconds - $0.nanoseconds < milliseconds * 1_000_000 } ?? false
    }
}
