internal import Glibc
import RACore

/// The WAL files of a stopped instance that matter after a fork.
struct EvidenceFiles {
    /// A file in pg_wal, and the segment that it is.
    struct Found {
        let name: String
        let segment: WALSegment

        func isNewer(than other: Found) -> Bool {
            segment.timeline == other.segment.timeline
                ? other.name.hasSuffix(".partial") : segment.timeline > other.segment.timeline
        }
    }

    let directory: String
    let size: UInt64
    /// For each segment from the first that is read, the file that holds it: of the newest timeline of the local history.
    let chain: [UInt64: Found]
    /// All that is to be kept: segments from the fork's on, of whatever timeline from the fork's on.
    let kept: [Found]
    /// Names of history files.
    let histories: [String]
    /// Numbers of segments from the fork's on to the last one that aren't there.
    let missing: [UInt64]

    /// So many bytes of WAL before the fork are looked at for what was under way there.
    private static let before: UInt64 = 16 << 20

    /// - Throws: what can't be read.
    static func find(
        _ directory: String,
        fork: WALPosition,
        history: TimelineHistory,
        size: UInt64
    ) throws(SystemError) -> EvidenceFiles {
        var found: [Found] = []
        var histories: [String] = []
        for name in try listDirectory(directory) {
            if name.hasSuffix(".history") { histories.append(name) }
            // A former timeline's last segment gets this suffix at a promotion.
            let plain = name.hasSuffix(".partial") ? name.dropLast(8) : name[...]
            guard let segment = WALSegment(name: plain, size: size) else { continue }
            // A file that is there to be used next has another segment's WAL, or none.
            guard try holds(directory + "/" + name, segment) else { continue }
            found.append(Found(name: name, segment: segment))
        }
        return EvidenceFiles(directory, found, histories, fork: fork, history: history, size: size)
    }

    private init(
        _ directory: String,
        _ found: [Found],
        _ histories: [String],
        fork: WALPosition,
        history: TimelineHistory,
        size: UInt64
    ) {
        self.directory = directory
        self.size = size
        self.histories = histories
        let first = fork.lsn.bytes / size
        kept = found.filter { $0.segment.number >= first && $0.segment.timeline >= fork.timeline }
        var chain: [UInt64: Found] = [:]
        let ancestors = Set(history.ancestors.map(\.timeline) + [history.timeline])
        for file in found where ancestors.contains(file.segment.timeline) {
            // What an ancestor wrote after it was left isn't of this history.
            if let left = history.switchPoint(of: file.segment.timeline), file.segment.start >= left { continue }
            if let present = chain[file.segment.number], !file.isNewer(than: present) { continue }
            chain[file.segment.number] = file
        }
        let last = chain.keys.filter { $0 >= first }.max()
        missing = last.map { (first...$0).filter { chain[$0] == nil } } ?? []
        let earliest = first - min(first, max(1, EvidenceFiles.before / size))
        self.chain = chain.filter { $0.key >= earliest }
    }

    /// Runs of segments without a gap, in order.
    var runs: [ClosedRange<UInt64>] {
        var runs: [ClosedRange<UInt64>] = []
        for number in chain.keys.sorted() {
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        return runs
    }

    /// From where on WAL is read.
    var firstRead: LSN { LSN(bytes: (chain.keys.min() ?? 0) * size) }

    /// The name that a segment of a history has.
    func name(of number: UInt64, in history: TimelineHistory) -> String {
        let start = LSN(bytes: number * size)
        return history.segments(from: start, through: start, size: size).first?.fileName ?? String(number)
    }

    /// Bytes that copies of all take.
    var bytes: UInt64 {
        (kept.map(\.name) + histories).reduce(0) { sum, name in
            sum + UInt64(max(0, FileFacts(directory + "/" + name)?.size ?? 0))
        }
    }

    /// Whether a file's first page is that of its segment (xlog_internal.h: XLogPageHeaderData has the page's address at
    /// byte 8, in the byte order of the machine).
    private static func holds(_ path: String, _ segment: WALSegment) throws(SystemError) -> Bool {
        let page = try readFile(path, limit: 16)
        guard page.count >= 16 else { return false }
        let address = page.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) }
        return address == segment.start.bytes
    }
}
