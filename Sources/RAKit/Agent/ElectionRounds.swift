import RACore

/// How many looks in a row have found the same ballots.
struct ElectionRounds {
    private let file: RunFile

    /// - Parameter resource: the resource whose election is counted.
    init(resource: String) { file = RunFile("election", resource: resource) }

    /// Counts this look; 0 for the first with these ballots.
    func count(_ ballots: [Ballot]) -> Int {
        let digest = ballots.map { "\($0.node) \($0.isOnline) \($0.dataStatus.text) \($0.position?.text ?? "-")\n" }
            .joined()
        var rounds = 0
        if let note = file.read(), let former = Int(note.first), note.body == digest[...] { rounds = former + 1 }
        file.write(first: String(rounds), body: digest)
        return rounds
    }

    /// Whether this node has taken part in an election since it last followed a primary.
    var isOpen: Bool { file.exists }

    func forget() { file.remove() }
}
