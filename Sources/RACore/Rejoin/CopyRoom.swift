/// How much a copy brings into each directory.
public struct CopySizes: Sendable, Hashable {
    /// The data directory without WAL and tablespaces, in bytes.
    public var data: UInt64
    /// By the tablespace's number.
    public var tablespaces: [UInt32: UInt64]

    public init(data: UInt64, tablespaces: [UInt32: UInt64] = [:]) {
        self.data = data
        self.tablespaces = tablespaces
    }

    public var total: UInt64 { tablespaces.values.reduce(data, +) }

    func bytes(of role: CopyRole) -> UInt64 {
        switch role {
        case .data: data
        case .tablespace(let oid): tablespaces[oid] ?? 0
        case .wal, .formerTablespace: 0
        }
    }
}

/// What a copy needs in one file system, and what is there.
public struct CopyRoom: Sendable, Hashable {
    /// Room for the WAL that the primary writes meanwhile.
    public static let walBytes: UInt64 = 64 << 20

    /// One of its directories.
    public let path: String
    public let needed: UInt64
    /// What must be left over, during the copy as well: 5 % of what is needed, and the WAL's room where the WAL goes.
    public let margin: UInt64
    public let free: UInt64

    public init(path: String, needed: UInt64, margin: UInt64, free: UInt64) {
        self.path = path
        self.needed = needed
        self.margin = margin
        self.free = free
    }

    public var isEnough: Bool { free >= needed + margin }

    /// One clause for people.
    public var text: String {
        "the copy needs \(needed >> 20) MB and a margin of \(margin >> 20) MB in the file system of \"\(path)\", where "
            + "\(free >> 20) MB are free"
    }
}

/// Adds up what a copy needs in each file system.
///
/// - Parameters:
///   - fileSystem: the number of the file system that a place's copy is made in.
///   - free: bytes that are free in it, or will be once former contents are removed.
public func copyRooms(
    _ layout: CopyLayout,
    _ sizes: CopySizes,
    fileSystem: (CopyPlace) -> UInt64,
    free: (CopyPlace) -> UInt64
) -> [CopyRoom] {
    var rooms: [(number: UInt64, place: CopyPlace, bytes: UInt64, hasWAL: Bool)] = []
    let walPlace = layout.wal ?? layout.data
    for place in layout.filled {
        let number = fileSystem(place)
        let bytes = sizes.bytes(of: place.role)
        if let index = rooms.firstIndex(where: { $0.number == number }) {
            rooms[index].bytes += bytes
            rooms[index].hasWAL = rooms[index].hasWAL || place == walPlace
        } else {
            rooms.append((number, place, bytes, place == walPlace))
        }
    }
    return rooms.map { room in
        CopyRoom(
            path: room.place.directory,
            needed: room.bytes,
            margin: room.bytes / 20 + (room.hasWAL ? CopyRoom.walBytes : 0),
            free: free(room.place)
        )
    }
}
