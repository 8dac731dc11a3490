/// How an instance's data are made, as far as it must be the same on both sides.
public struct DataFormat: Sendable, Hashable {
    /// "15".
    public var majorVersion: String
    /// Bytes of a WAL segment file.
    public var segmentSize: UInt64
    /// Bytes of a page.
    public var blockSize: UInt64
    public var hasChecksums: Bool

    public init(majorVersion: String, segmentSize: UInt64, blockSize: UInt64, hasChecksums: Bool) {
        self.majorVersion = majorVersion
        self.segmentSize = segmentSize
        self.blockSize = blockSize
        self.hasChecksums = hasChecksums
    }
}

/// What the machine brings to the data.
public struct MachineFormat: Sendable, Hashable {
    /// "x86_64"; nil where it isn't known.
    public var architecture: String?
    /// The C library's version, by which texts are ordered; nil where it isn't known, or no text is ordered by it.
    public var libraryVersion: String?

    public init(architecture: String?, libraryVersion: String?) {
        self.architecture = architecture
        self.libraryVersion = libraryVersion
    }
}

/// What keeps data or programs of this node from following a primary.
///
/// - Parameters:
///   - data: those that are here; nil when there are none, or when a copy replaces them.
///   - programs: the major version of the node's programs.
///   - method: by checksums, only pg_rewind is concerned: it mixes pages of both sides.
/// - Returns: one clause each, with both values.
public func compareFormats(
    data: DataFormat?,
    programs: String,
    primary: DataFormat,
    node: String,
    method: RejoinMethod
) -> [String] {
    var faults: [String] = []
    if programs != primary.majorVersion {
        faults.append(
            "this node's programs are PostgreSQL \"\(programs)\", and \(node) runs \"\(primary.majorVersion)\""
        )
    }
    guard let data, method < .incremental else { return faults }
    if data.majorVersion != primary.majorVersion {
        faults.append(
            "the data here are of PostgreSQL \"\(data.majorVersion)\", and \(node) runs \"\(primary.majorVersion)\""
        )
    }
    if data.segmentSize != primary.segmentSize {
        faults.append(
            "WAL segments have \"\(data.segmentSize)\" bytes here, and \"\(primary.segmentSize)\" on \(node)"
        )
    }
    if data.blockSize != primary.blockSize {
        faults.append("pages have \"\(data.blockSize)\" bytes here, and \"\(primary.blockSize)\" on \(node)")
    }
    if method == .rewind, data.hasChecksums != primary.hasChecksums {
        faults.append(
            "data checksums are \"\(onOff(data.hasChecksums))\" here, and \"\(onOff(primary.hasChecksums))\" on \(node): "
                + "pg_rewind would mix pages with and without"
        )
    }
    return faults
}

/// What is said of two machines.
///
/// - Returns: what forbids it, and what is only to be known: PostgreSQL itself only warns of another C library, and an
///   upgrade node by node goes through such a state.
public func compareMachines(
    own: MachineFormat,
    primary: MachineFormat,
    node: String
) -> (faults: [String], notes: [String]) {
    var faults: [String] = []
    var notes: [String] = []
    if let mine = own.architecture, let theirs = primary.architecture, mine != theirs {
        faults.append("this machine is \"\(mine)\", and that of \(node) is \"\(theirs)\"")
    }
    if let mine = own.libraryVersion, let theirs = primary.libraryVersion, mine != theirs {
        notes.append(
            "the C library is \"\(mine)\" here and \"\(theirs)\" on \(node): indexes over texts may be ordered otherwise. "
                + "HINT: Bring both to one version, and REINDEX after a failover."
        )
    }
    return (faults, notes)
}

/// The machine in the answer of version(): "PostgreSQL 15.18 (...) on x86_64-pc-linux-gnu, compiled by ...".
public func architecture(inVersion text: String) -> String? {
    let words = text.split(separator: " ")
    guard let index = words.firstIndex(of: "on"), index + 1 < words.count,
        let name = words[index + 1].split(separator: "-").first
    else { return nil }
    return architectureName(String(name))
}

/// One name for what several call a machine; nil for a family in which the word tells too little.
public func architectureName(_ name: String) -> String? {
    switch name.lowercased() {
    case "x86_64", "amd64": "x86_64"
    case "aarch64", "arm64": "aarch64"
    case "powerpc64le", "ppc64le": "ppc64le"
    case "powerpc64", "ppc64": "ppc64"
    case "s390x", "riscv64", "loongarch64": name.lowercased()
    case _: nil
    }
}

private func onOff(_ value: Bool) -> String { value ? "on" : "off" }

/// A setting that a standby must have at least as high as its primary (documentation, "Hot Standby", Administrator's
/// Overview).
public struct StandbyLimit: Sendable, Hashable {
    public static let names = [
        "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
        "max_locks_per_transaction",
    ]

    public var name: String
    public var own: Int
    public var primary: Int
    /// The file in which it is to be set.
    public var file: String

    public init(name: String, own: Int, primary: Int, file: String) {
        self.name = name
        self.own = own
        self.primary = primary
        self.file = file
    }

    public var isTooLow: Bool { own < primary }

    /// Why a standby wouldn't start, with the line that would change it.
    public func reason(node: String) -> String {
        "\(name) is \"\(own)\" here and \"\(primary)\" on \(node): a standby with less doesn't start. "
            + "HINT: Set '\(name) = \(primary)' in \(file)."
    }
}
