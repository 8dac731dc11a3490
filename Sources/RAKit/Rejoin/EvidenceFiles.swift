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
    /// The names of all that is to be kept: segments from the fork's on, of whatever timeline from the fork's on.
    let kept: [String]
    /// Where segments begin whose first page can't be read: they are kept, and nothing in them is.
    let spoiled: [LSN]
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
        var (found, spoiled): ([Found], [Found]) = ([], [])
        var histories: [String] = []
        for name in try listDirectory(directory) {
            if name.hasSuffix(".history") { histories.append(name) }
            guard let segment = WALSegment(name: plainName(name), size: size) else { continue }
            switch SegmentContent(try readFile(directory + "/" + name, limit: WALPage.headerSize), of: segment) {
            case .own: found.append(Found(name: name, segment: segment))
            case .spoiled: spoiled.append(Found(name: name, segment: segment))
            case .other: continue
            }
        }
        return EvidenceFiles(directory, found, spoiled, histories, fork: fork, history: history, size: size)
    }

    /// A former timeline's last segment gets a suffix at a promotion.
    private static func plainName(_ name: String) -> Substring {
        name.hasSuffix(".partial") ? name.dropLast(8) : name[...]
    }

    /// Every file that has a segment's name, for data of which it can't be told where they left the primary's history:
    /// also those that are there to be used next, as what they hold may be from after that place.
    static func all(_ directory: String) throws(SystemError) -> EvidenceFiles {
        let names: [String]
        do throws(SystemError) {
            names = try listDirectory(directory)
        } catch {
            // A link that leads nowhere may lead to a disk that isn't there now.
            guard error.isMissing, linkTarget(directory) == nil else { throw error }
            names = []
        }
        let segments = names.filter { name in
            let plain = plainName(name)
            return plain.utf8.count == 24 && plain.allSatisfy { $0.isHexDigit && !$0.isLowercase }
        }
        return EvidenceFiles(directory, segments, histories: names.filter { $0.hasSuffix(".history") })
    }

    private init(_ directory: String, _ names: [String], histories: [String]) {
        self.directory = directory
        self.histories = histories
        (kept, spoiled, chain, missing, size) = (names, [], [:], [], 0)
    }

    /// The system that the files say they are of; nil when none can be read.
    var system: UInt64? {
        for name in kept {
            guard let head = try? readFile(directory + "/" + name, limit: WALPage.headerSize),
                let page = WALPage(head), page.magic >> 8 == 0xD1
            else { continue }
            return page.systemIdentifier
        }
        return nil
    }

    private init(
        _ directory: String,
        _ found: [Found],
        _ spoiled: [Found],
        _ histories: [String],
        fork: WALPosition,
        history: TimelineHistory,
        size: UInt64
    ) {
        self.directory = directory
        self.size = size
        self.histories = histories
        let first = fork.lsn.bytes / size
        let isOwn = { (file: Found) in file.segment.number >= first && file.segment.timeline >= fork.timeline }
        kept = (found + spoiled).filter(isOwn).map(\.name).sorted()
        self.spoiled = spoiled.filter(isOwn).map(\.segment.start)
        var chain: [UInt64: Found] = [:]
        let ancestors = Set(history.ancestors.map(\.timeline) + [history.timeline])
        for file in found where ancestors.contains(file.segment.timeline) {
            // What an ancestor wrote after it was left isn't of this history.
            if let left = history.switchPoint(of: file.segment.timeline), file.segment.start >= left { continue }
            if let present = chain[file.segment.number], !file.isNewer(than: present) { continue }
            chain[file.segment.number] = file
        }
        let last = chain.keys.filter { $0 >= first }.max()
        let unreadable = Set(spoiled.map(\.segment.number))
        missing = last.map { (first...$0).filter { chain[$0] == nil && !unreadable.contains($0) } } ?? []
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
        (kept + histories).reduce(0) { sum, name in
            sum + UInt64(max(0, FileFacts(directory + "/" + name)?.size ?? 0))
        }
    }
}
