/// How far a node's rejoin is: the value of `<resource>-rejoin`, which only Pacemaker's daemon holds.
public struct PublishedRejoin: Sendable, Hashable {
    /// What became of it.
    public enum Outcome: Sendable, Hashable {
        case underWay
        /// - Parameter code: as `pgrex-tool rejoin` would exit.
        case ended(code: RejoinExit, why: String)
        /// It ended without a word, and its journal is there.
        case interrupted
    }

    /// "copying", "verifying the copy".
    public var step: String
    public var doneBytes: UInt64
    /// nil when it isn't known.
    public var totalBytes: UInt64?
    /// Bytes a second of this step so far.
    public var rate: UInt64
    public var outcome: Outcome

    public init(
        step: String,
        doneBytes: UInt64 = 0,
        totalBytes: UInt64? = nil,
        rate: UInt64 = 0,
        outcome: Outcome = .underWay
    ) {
        self.step = step
        self.doneBytes = doneBytes
        self.totalBytes = totalBytes
        self.rate = rate
        self.outcome = outcome
    }

    /// "done=1024 total=4096 rate=512 end=- text=copying"; no quote is in it, as the daemon's tool puts it between quotes.
    public var text: String {
        let (end, words) =
            switch outcome {
            case .underWay: ("-", step)
            case .ended(let code, let why): (String(code.rawValue), why)
            case .interrupted: ("?", step)
            }
        let total = totalBytes.map { String($0) } ?? "-"
        let plain = String(words.map { $0 == "\"" || $0.isNewline ? "'" : $0 }.prefix(400))
        return "done=\(doneBytes) total=\(total) rate=\(rate) end=\(end) text=\(plain)"
    }

    public init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        let names = ["done=", "total=", "rate=", "end=", "text="]
        guard parts.count == 5, zip(parts, names).allSatisfy({ $0.hasPrefix($1) }) else { return nil }
        let values = zip(parts, names).map { String($0.dropFirst($1.utf8.count)) }
        guard let done = UInt64(values[0]), let rate = UInt64(values[2]) else { return nil }
        let outcome: Outcome
        switch values[3] {
        case "-": outcome = .underWay
        case "?": outcome = .interrupted
        case let code:
            guard let code = Int32(code).flatMap({ RejoinExit(rawValue: $0) }) else { return nil }
            outcome = .ended(code: code, why: values[4])
        }
        self.init(step: values[4], doneBytes: done, totalBytes: UInt64(values[1]), rate: rate, outcome: outcome)
    }

    /// Seconds until this step ends at the rate so far; nil when that can't be told.
    public var secondsLeft: UInt64? {
        guard let totalBytes, rate > 0, totalBytes >= doneBytes else { return nil }
        return (totalBytes - doneBytes) / rate
    }
}
