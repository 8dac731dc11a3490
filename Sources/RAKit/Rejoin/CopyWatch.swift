internal import Glibc
import RACore

/// Watches a copy that is under way: how far it is, and whether it may go on.
final class CopyWatch {
    /// Why a copy is ended before its end.
    enum Stop: Hashable {
        case interrupted
        case stalled(seconds: Int)
        case checkpoint(seconds: Int)
        case room(CopyRoom)
    }

    private let limits: CopyLimits
    private let rooms: [CopyRoom]
    private let walDirectory: String
    private let progress: RejoinProgress
    private let isInterrupted: () -> Bool

    private(set) var stop: Stop?
    private(set) var damage: [String] = []
    private(set) var words: [String] = []
    /// When the server had finished its checkpoint and the first data came.
    private(set) var firstData: Moment?
    private var lastProgress = Moment.now()
    private var done: UInt64 = 0
    private var isLast = false
    private var walMark: [Int] = []
    private var nextLook = Moment.now()
    private var nextStallLook = Moment.now()

    init(
        _ limits: CopyLimits,
        rooms: [CopyRoom],
        walDirectory: String = "",
        progress: RejoinProgress,
        isInterrupted: @escaping () -> Bool
    ) {
        self.limits = limits
        self.rooms = rooms
        self.walDirectory = walDirectory
        self.progress = progress
        self.isInterrupted = isInterrupted
    }

    func take(_ line: Substring) {
        switch CopyLine(line) {
        case .waitingForCheckpoint: progress.see(.init("waiting for a checkpoint"))
        case .progress(let bytes, let total, let isLast):
            if bytes > 0, firstData == nil { firstData = .now() }
            if bytes != done || isLast != self.isLast { lastProgress = .now() }
            done = bytes
            self.isLast = isLast
            progress.see(.init("copying", doneBytes: bytes, totalBytes: max(total, bytes)))
        case .damage(let file, let block):
            if damage.count < 10 { damage.append("block \(block) of \(file)") }
        case .words:
            words = (words + [trimSpaces(line)]).suffix(20)
        }
    }

    /// Whether the copy may go on; asked several times a second.
    func goesOn() -> Bool {
        guard mayGoOn() else { return false }
        let now = Moment.now()
        guard now >= nextStallLook else { return true }
        nextStallLook = now.advanced(milliseconds: 300)
        lookAtWAL()
        stop = stall(now)
        return stop == nil
    }

    /// Whether work on this node alone may go on, which tells no progress.
    func mayGoOn() -> Bool {
        guard stop == nil else { return false }
        if isInterrupted() { stop = .interrupted }
        let now = Moment.now()
        guard stop == nil, now >= nextLook else { return stop == nil }
        nextLook = now.advanced(milliseconds: 300)
        stop = shortage()
        return stop == nil
    }

    /// What was read before the server's checkpoint is over isn't a stall: that takes as long as its disk needs.
    private func stall(_ now: Moment) -> Stop? {
        let silent = now.milliseconds(since: lastProgress)
        if firstData == nil, silent > limits.checkpointMilliseconds { return .checkpoint(seconds: silent / 1000) }
        return firstData != nil && silent > limits.stallMilliseconds ? .stalled(seconds: silent / 1000) : nil
    }

    private func shortage() -> Stop? {
        for room in rooms {
            guard let free = freeBytes(room.path), free < room.margin else { continue }
            return .room(CopyRoom(path: room.path, needed: 0, margin: room.margin, free: free))
        }
        return nil
    }

    /// At the end of the data only WAL comes: a file's time tells of it, as its size is fixed.
    private func lookAtWAL() {
        guard isLast else { return }
        var mark: [Int] = []
        for name in (try? listDirectory(walDirectory)) ?? [] {
            var facts = stat()
            if stat(walDirectory + "/" + name, &facts) == 0 {
                mark.append(facts.st_mtim.tv_sec &* 1_000_000_000 &+ facts.st_mtim.tv_nsec)
            }
        }
        if mark != walMark { lastProgress = .now() }
        walMark = mark
    }
}
