/// What a sentinel watches: one postmaster, and the processes through which it sends WAL.
public struct SentinelWatch: Sendable, Hashable {
    public var postmaster: Int32
    /// In ascending order; none on a standby.
    public let senders: [Int32]

    public init(postmaster: Int32, senders: [Int32] = []) {
        self.postmaster = postmaster
        self.senders = senders.sorted()
    }

    /// The same postmaster, and none of its senders.
    public var withoutSenders: SentinelWatch { SentinelWatch(postmaster: postmaster) }

    /// As the sentinel's arguments.
    public var words: [String] { ([postmaster] + senders).map { String($0) } }

    /// Reads the sentinel's arguments; nil when one isn't a process number.
    public init?(words: some Sequence<some StringProtocol>) {
        var numbers: [Int32] = []
        for word in words {
            guard let number = Int32(word), number > 0 else { return nil }
            numbers.append(number)
        }
        guard let first = numbers.first else { return nil }
        self.init(postmaster: first, senders: Array(numbers.dropFirst()))
    }
}
