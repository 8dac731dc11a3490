/// What stands in a directory that a copy replaces.
public enum CopyRole: Sendable, Hashable {
    case data
    /// The WAL, where it isn't inside the data directory.
    case wal
    case tablespace(oid: UInt32)
    /// A tablespace that the data here have and the primary has no more: only taken away.
    case formerTablespace(oid: UInt32)

    /// Whether the copy brings something for it.
    public var isFilled: Bool {
        switch self {
        case .data, .wal, .tablespace: true
        case .formerTablespace: false
        }
    }

    /// For people: "data directory".
    public var noun: String {
        switch self {
        case .data: "data directory"
        case .wal: "WAL directory"
        case .tablespace(let oid), .formerTablespace(let oid): "tablespace \(oid)'s directory"
        }
    }
}

/// One directory that a copy replaces, and where the new and the former content stand meanwhile.
public struct CopyPlace: Sendable, Hashable {
    public static let newName = ".rejoin-new"
    public static let oldName = ".rejoin-old"
    /// Where what changed since a kept backup stands until both are combined.
    public static let incrementName = ".rejoin-increment"

    public let role: CopyRole
    /// What a symbolic link to it says, or the parameter: the path that stays in the configuration.
    public let link: String
    /// The directory itself, behind symbolic links.
    public let directory: String
    /// Whether the copy stands inside, and entries are exchanged one by one, because the directory itself can't be renamed.
    public let isInside: Bool
    /// Where the directory that is copied stands on the primary; "" for what isn't a tablespace.
    public let source: String

    public init(role: CopyRole, link: String, directory: String, isInside: Bool, source: String = "") {
        self.role = role
        self.link = link
        self.directory = directory
        self.isInside = isInside
        self.source = source
    }

    public var new: String { directory + (isInside ? "/" : "") + CopyPlace.newName }
    public var increment: String { directory + (isInside ? "/" : "") + CopyPlace.incrementName }
    public var old: String { directory + (isInside ? "/" : "") + CopyPlace.oldName }

    /// Which entries of a directory that is exchanged entry by entry are the instance's.
    ///
    /// - Parameters:
    ///   - major: PostgreSQL's major version, whose directories in a tablespace are named after it ("PG_15_202209061").
    ///   - mounted: names of entries that are mount points, whose content is a place of its own.
    public func own(_ entries: [String], major: String, mounted: [String] = []) -> [String] {
        switch role {
        case .data, .wal:
            let foreign = [CopyPlace.newName, CopyPlace.oldName, CopyPlace.incrementName, "lost+found"] + mounted
            return entries.filter { !foreign.contains($0) }
        case .tablespace, .formerTablespace: return entries.filter { $0.hasPrefix("PG_\(major)_") }
        }
    }
}

/// Every directory that a copy replaces.
public struct CopyLayout: Sendable, Hashable {
    public let major: String
    /// The data directory comes first.
    public let places: [CopyPlace]
    /// Names of entries of the data directory that are mount points: they stay where they are.
    public let mounted: [String]

    public init(major: String, places: [CopyPlace], mounted: [String] = []) {
        self.major = major
        self.places = places
        self.mounted = mounted
    }

    public var data: CopyPlace { places[0] }
    public var wal: CopyPlace? { places.first { $0.role == .wal } }
    public var filled: [CopyPlace] { places.filter(\.role.isFilled) }
    public var tablespaces: [CopyPlace] { filled.filter { $0.role != .data && $0.role != .wal } }

    /// The tablespaces as the primary names them.
    public var sources: Set<String> { Set(tablespaces.map(\.source)) }
}
