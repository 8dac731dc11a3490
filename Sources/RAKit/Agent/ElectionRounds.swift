import RACore

/// How many looks in a row have found the same ballots; kept where a restart of the node forgets it.
struct ElectionRounds {
    private let path: String

    /// - Parameter resource: the resource whose election is counted.
    init(resource: String) {
        let folder = environmentValue("HA_RSCTMP") ?? "/run/resource-agents"
        path = folder + "/pgsql-swift-" + resource + ".election"
    }

    /// Counts this look; 0 for the first with these ballots.
    func count(_ ballots: [Ballot]) -> Int {
        let digest = ballots.map { "\($0.node) \($0.isOnline) \($0.dataStatus.text) \($0.position?.text ?? "-")\n" }
            .joined()
        var rounds = 0
        if let text = try? readText(path), let end = text.firstIndex(of: "\n"), let former = Int(text[..<end]),
            text[text.index(after: end)...] == digest[...]
        {
            rounds = former + 1
        }
        let folder = parentDirectory(path)
        if FileFacts(folder) == nil, let root = Account(name: "root") {
            try? ensureDirectory(folder, mode: 0o755, owner: root)
        }
        try? replaceFile(path, with: Array("\(rounds)\n\(digest)".utf8))
        return rounds
    }

    /// Whether this node has taken part in an election since it last followed a primary.
    var isOpen: Bool { FileFacts(path) != nil }

    func forget() { try? removeFile(path) }
}
