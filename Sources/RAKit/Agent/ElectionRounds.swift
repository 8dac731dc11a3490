import RACore

/// For how long a failover goes by what was told at its beginning: less than it takes to find out that a node that was just
/// promoted is lost, and to fence it.
private let toldMilliseconds: UInt64 = 2000

/// What this node remembers of an election from one look to the next: since when there is no primary, for how long the
/// ballots have been the same, what it has told of itself, and how often it was chosen in vain.
struct ElectionRounds {
    private let file: RunFile
    private let stepBackNote: RunFile
    private let toldNote: RunFile
    private let vacancyNote: RunFile

    /// - Parameter resource: the resource whose election is counted.
    init(resource: String) {
        file = RunFile("election", resource: resource)
        stepBackNote = RunFile("stepped-back", resource: resource)
        toldNote = RunFile("told-position", resource: resource)
        vacancyNote = RunFile("no-primary", resource: resource)
    }

    /// How often this node has let others go first, since it was chosen in vain.
    var timesSteppedBack: Int { vainly.steps }

    private var vainly: (steps: Int, looks: Int) {
        guard let note = stepBackNote.read() else { return (0, 0) }
        return (Int(note.first) ?? 0, Int(note.body) ?? 0)
    }

    /// Notes a look at which this node was chosen and the one to be promoted; after so many in a row it steps back.
    ///
    /// - Returns: whether it does so now.
    func isChosenInVain(_ isChosen: Bool, patience: Int) -> Bool {
        let former = vainly
        guard isChosen else {
            if former.looks > 0 { stepBackNote.write(first: String(former.steps), body: "0") }
            return false
        }
        let isPast = former.looks >= patience
        stepBackNote.write(
            first: String(former.steps + (isPast ? 1 : 0)),
            body: String(isPast ? 0 : former.looks + 1)
        )
        return isPast
    }

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
        forgetTold()
    }

    /// Whatever starts or ends a server, and may tell something else.
    func forgetTold() { toldNote.remove() }

    /// Notes what this node has told the others of its position, in the present run of the cluster manager.
    func noteTold(_ position: PublishedPosition) {
        toldNote.write(body: clusterManagerMark() + "\n" + position.text)
    }

    /// What this node has told the others of its position a moment ago: whatever was recorded since, it knows of.
    var told: PublishedPosition? {
        guard toldNote.isRecent(milliseconds: toldMilliseconds),
            let lines = toldNote.read()?.body.split(separator: "\n", maxSplits: 1), lines.count == 2,
            lines[0] == clusterManagerMark()[...]
        else { return nil }
        return PublishedPosition(String(lines[1]))
    }

    /// Notes that the cluster has just said that it has no primary any more.
    func noteVacancy() { vacancyNote.write() }

    /// Whether the cluster has said so since a moment.
    func isVacant(since moment: Moment) -> Bool { vacancyNote.moment.map { $0 >= moment } ?? false }

    /// Whether the cluster said so less long ago than that.
    func isVacant(forLessThan milliseconds: UInt64) -> Bool { vacancyNote.isRecent(milliseconds: milliseconds) }
}
