/// What a sentinel watches: one postmaster, and the processes through which it sends or receives WAL.
public struct SentinelWatch: Sendable, Hashable {
    public var postmaster: Int32
    /// WAL links of a primary, the WAL receiver of a standby, in ascending order.
    public let links: [Int32]

    public init(postmaster: Int32, links: [Int32] = []) {
        self.postmaster = postmaster
        self.links = links.sorted()
    }

    /// The same postmaster alone.
    public var withoutLinks: SentinelWatch { SentinelWatch(postmaster: postmaster) }

    /// As the sentinel's arguments.
    public var words: [String] { ([postmaster] + links).map { String($0) } }

    /// Reads the sentinel's arguments; nil when one isn't a process number.
    public init?(words: some Sequence<some StringProtocol>) {
        var numbers: [Int32] = []
        for word in words {
            guard let number = Int32(word), number > 0 else { return nil }
            numbers.append(number)
        }
        guard let first = numbers.first else { return nil }
        self.init(postmaster: first, links: Array(numbers.dropFirst()))
    }
}
