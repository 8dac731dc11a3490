import RACore

/// How many looks in a row have found the same ballots.
struct ElectionRounds {
    private let file: RunFile
    private let stepBackNote: RunFile

    /// - Parameter resource: the resource whose election is counted.
    init(resource: String) {
        file = RunFile("election", resource: resource)
        stepBackNote = RunFile("stepped-back", resource: resource)
    }

    /// Whether this node lets others go first, since it was chosen in vain.
    var hasSteppedBack: Bool { stepBackNote.exists }

    func stepBack() { stepBackNote.write(first: "yes", body: "") }

    /// Counts this look; 0 for the first with this digest of the ballots.
    func count(_ digest: String) -> Int {
        var rounds = 0
        if let note = file.read(), let former = Int(note.first), note.body == digest[...] { rounds = former + 1 }
        file.write(first: String(rounds), body: digest)
        return rounds
    }

    /// Notes that this node takes part, so that it takes its position back later.
    func open() { if !file.exists { file.write(first: "0", body: "") } }

    /// Whether this node has taken part in an election since it last followed a primary.
    var isOpen: Bool { file.exists }

    func forget() {
        file.remove()
        stepBackNote.remove()
    }
}
