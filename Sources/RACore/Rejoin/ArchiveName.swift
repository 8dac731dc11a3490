/// How a file in an archive is packed.
public enum ArchivePacking: String, Sendable, Hashable, CaseIterable {
    case gzip
    case lz4
    case zstd
    case bzip2

    /// What follows the name of a packed file.
    public var suffix: String {
        switch self {
        case .gzip: ".gz"
        case .lz4: ".lz4"
        case .zstd: ".zst"
        case .bzip2: ".bz2"
        }
    }

    /// The program that unpacks it to its standard output with `-dc`.
    public var program: String { rawValue }

    /// How a file is packed by its first bytes (RFC 1952; LZ4 frame format; RFC 8878; bzip2); nil for one that isn't.
    public init?(content: some Collection<UInt8>) {
        let head = Array(content.prefix(4))
        for (packing, magic) in ArchivePacking.magic where head.starts(with: magic) {
            self = packing
            return
        }
        return nil
    }

    private static let magic: [(ArchivePacking, [UInt8])] = [
        (.gzip, [0x1F, 0x8B]), (.lz4, [0x04, 0x22, 0x4D, 0x18]), (.zstd, [0x28, 0xB5, 0x2F, 0xFD]),
        (.bzip2, [0x42, 0x5A, 0x68]),
    ]
}

/// What a file of an archive is by its name.
public enum ArchiveName: Sendable, Hashable {
    case segment(WALSegment)
    /// The part of a timeline's last segment that was written before the timeline was left.
    case partial(WALSegment)
    /// A backup's history file, and the segment in which the backup began.
    case backup(WALSegment)
    case history(TimelineID)

    /// Parses a name with or without a suffix of packing; nil for what PostgreSQL doesn't archive.
    public init?(_ name: String, size: UInt64) {
        var stem = name[...]
        for packing in ArchivePacking.allCases where stem.hasSuffix(packing.suffix) {
            stem = stem.dropLast(packing.suffix.count)
            break
        }
        let parts = stem.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 2, parts[1] == "history", parts[0].utf8.count == 8, parts[0].utf8.allSatisfy(isHexDigit),
            let timeline = UInt32(parts[0], radix: 16).flatMap({ TimelineID($0) })
        {
            self = .history(timeline)
            return
        }
        guard let first = parts.first, let segment = WALSegment(name: first, size: size) else { return nil }
        if parts.count == 1 {
            self = .segment(segment)
        } else if parts.count == 2, parts[1] == "partial" {
            self = .partial(segment)
        } else if parts.count == 3, parts[2] == "backup", parts[1].utf8.count == 8,
            parts[1].utf8.allSatisfy(isHexDigit)
        {
            self = .backup(segment)
        } else {
            return nil
        }
    }
}
