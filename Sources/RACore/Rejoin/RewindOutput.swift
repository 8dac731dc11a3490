/// What pg_rewind has said so far, in the C locale (messages of PostgreSQL 12 to 18).
public struct RewindOutput: Sendable, Hashable {
    /// Where the histories part.
    public private(set) var divergence: WALPosition?
    /// From where on the WAL of the target is read, and will be replayed from the source's.
    public private(set) var commonCheckpoint: WALPosition?
    /// Bytes, to the megabyte: what is to come over, and all that the source has.
    public private(set) var needed: UInt64?
    public private(set) var total: UInt64?
    /// Whether it found that nothing is to be taken back.
    public private(set) var isNeedless = false
    /// Bytes that have come, and will have.
    public private(set) var copied: UInt64?
    public private(set) var toCopy: UInt64?
    /// Its errors, the oldest first.
    public private(set) var errors: [String] = []

    public init() {}

    /// Takes a line of its output.
    ///
    /// - Returns: whether it tells how much has been copied.
    @discardableResult
    public mutating func take(_ line: some StringProtocol) -> Bool {
        if takeProgress(line) { return true }
        guard let colon = line.firstIndex(of: ":") else { return false }
        let text = line[line.index(after: colon)...].drop { $0 == " " }
        for mark in ["error: ", "fatal: "] where text.hasPrefix(mark) {
            errors.append(String(text.dropFirst(mark.count)))
            return false
        }
        if text.hasPrefix("servers diverged at WAL location ") { divergence = position(in: text) ?? divergence }
        if text.hasPrefix("rewinding from last common checkpoint at ") {
            commonCheckpoint = position(in: text) ?? commonCheckpoint
        }
        if text.hasPrefix("no rewind required") { isNeedless = true }
        if text.hasPrefix("need to copy ") { takeSizes(text) }
        return false
    }

    /// "  85520/185749 kB (46%) copied"
    private mutating func takeProgress(_ line: some StringProtocol) -> Bool {
        let words = line.split(separator: " ")
        guard words.count == 4, words[3] == "copied", words[1] == "kB" else { return false }
        let numbers = words[0].split(separator: "/").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return false }
        copied = numbers[0] << 10
        toCopy = numbers[1] << 10
        return true
    }

    /// "need to copy 181 MB (total source directory size is 199 MB)"
    private mutating func takeSizes(_ text: some StringProtocol) {
        let numbers = text.split(separator: " ").compactMap { UInt64($0) }
        guard numbers.count == 2 else { return }
        needed = numbers[0] << 20
        total = numbers[1] << 20
    }

    /// "... 0/2000060 on timeline 1"
    private func position(in text: some StringProtocol) -> WALPosition? {
        let words = text.split(separator: " ")
        guard let lsn = words.compactMap({ LSN($0) }).first,
            let timeline = words.last.flatMap({ UInt32($0) }).flatMap({ TimelineID($0) })
        else { return nil }
        return WALPosition(timeline: timeline, lsn: lsn)
    }

    /// What went wrong, in one clause: the first error has the cause, and the last one what it led to.
    public var complaint: String {
        guard let first = errors.first, let last = errors.last else { return "" }
        return first == last ? first : "\(first); \(last)"
    }
}
