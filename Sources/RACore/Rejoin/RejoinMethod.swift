/// How a node's data become a standby's again, cheapest first.
public enum RejoinMethod: String, Sendable, Hashable, CaseIterable, Comparable {
    /// As they are: the WAL that they lack is still there.
    case follow
    /// As they are, once the WAL that they lack has been fetched from an archive.
    case archive
    /// After pg_rewind has taken back what the primary doesn't have.
    case rewind
    /// From a kept backup and what changed since (PostgreSQL 17).
    case incremental
    /// From a base backup.
    case copy

    private var cost: Int {
        switch self {
        case .follow: 0
        case .archive: 1
        case .rewind: 2
        case .incremental: 3
        case .copy: 4
        }
    }

    public static func < (left: RejoinMethod, right: RejoinMethod) -> Bool { left.cost < right.cost }
}

/// The exit codes of `pgrex-tool rejoin`.
public enum RejoinExit: Int32, Sendable, Hashable, CaseIterable {
    /// It follows the primary.
    case done = 0
    /// The command's words are wrong.
    case usage = 1
    /// Nothing was done: an operator must decide or mend something first.
    case refused = 2
    /// It failed, and everything is as it was before.
    case failed = 3
    /// It failed or was interrupted on the way: the same command goes on from there.
    case resumable = 4
    /// Going on could lose data: two primaries, or a node that has more than its primary.
    case unsafe = 5
}

/// Why a rejoin ended.
public struct RejoinFailure: Error, Sendable, Hashable {
    public let exit: RejoinExit
    /// Lower case, no full stop, no secret; `HINT:` and a full sentence may follow.
    public let reason: String

    public init(_ exit: RejoinExit, _ reason: String) {
        self.exit = exit
        self.reason = reason
    }
}
