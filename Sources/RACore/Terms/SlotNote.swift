/// What keeps a replication slot from keeping more.
public enum SlotLimit: String, Sendable, Hashable, CaseIterable {
    /// Parameter `slot_keep_max_share`: room in pg_wal's file system.
    case space
    /// Parameter `slot_keep_max_bytes`.
    case bytes
    /// Parameter `slot_keep_max_age`.
    case age
    /// The server's own `max_slot_wal_keep_size` or `idle_replication_slot_timeout`.
    case server
    /// `pgrex-tool slots drop`.
    case command
}

/// What is to be told of a node's slot: the value of `<resource>-slot`; nothing is told of a slot that is in order.
public enum SlotNote: Sendable, Hashable {
    /// Half of a limit is reached; `keeper` has the slot.
    case near(SlotLimit, keeper: String)
    case dropped(DroppedSlot)

    /// "near=space keeper=pg1" or "dropped=space keeper=pg1 lsn=0/3000000 timeline=1 time=2026-11-21T18:00:00Z".
    public var text: String {
        switch self {
        case .near(let limit, let keeper): "near=\(limit.rawValue) keeper=\(keeper)"
        case .dropped(let slot): slot.text
        }
    }

    public init?(_ text: String) {
        let words = RecordWords(text)
        guard let keeper = words.first("keeper").map(String.init) else { return nil }
        if let limit = words.first("near").flatMap({ SlotLimit(rawValue: String($0)) }) {
            self = .near(limit, keeper: keeper)
            return
        }
        guard let limit = words.first("dropped").flatMap({ SlotLimit(rawValue: String($0)) }),
            let time = words.first("time").map(String.init)
        else { return nil }
        self = .dropped(
            DroppedSlot(limit: limit, keeper: keeper, lsn: words.first("lsn").flatMap { LSN($0) }, time: time)
        )
    }

    /// For people, with the next command.
    public func sentence(node: String) -> String {
        switch self {
        case .near(let limit, let keeper):
            "\(keeper) keeps WAL for \(node), and half of the limit is reached (\(limit.words)): bring \(node) back, or it "
                + "will need a rewind or a copy. Next: pgrex-tool slots"
        case .dropped(let slot):
            "\(slot.keeper) no longer keeps WAL for \(node) since \(slot.time) (\(slot.limit.words)): without an archive "
                + "\(node) needs a rewind or a copy. Next, on \(node): pgrex-tool rejoin"
        }
    }
}

/// A slot that was given up.
public struct DroppedSlot: Sendable, Hashable {
    public var limit: SlotLimit
    /// The node that had the slot.
    public var keeper: String
    /// From where on the slot kept WAL; nil when the server itself had lost that.
    public var lsn: LSN?
    public var time: String

    public init(limit: SlotLimit, keeper: String, lsn: LSN?, time: String) {
        self.limit = limit
        self.keeper = keeper
        self.lsn = lsn
        self.time = time
    }

    var text: String {
        "dropped=\(limit.rawValue) keeper=\(keeper)\(lsn.map { " lsn=\($0)" } ?? "") time=\(time)"
    }
}

extension SlotLimit {
    /// The limit in the words of its setting.
    public var words: String {
        switch self {
        case .space: "slot_keep_max_share"
        case .bytes: "slot_keep_max_bytes"
        case .age: "slot_keep_max_age"
        case .server: "the server's max_slot_wal_keep_size or idle_replication_slot_timeout"
        case .command: "pgrex-tool slots drop"
        }
    }
}
