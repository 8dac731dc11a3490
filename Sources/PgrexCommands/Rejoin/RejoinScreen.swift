internal import RACore
internal import RAKit

/// How far a rejoin is, in a sentence for `status`.
func rejoinSentence(_ rejoin: PublishedRejoin, node: String) -> String {
    switch rejoin.outcome {
    case .underWay: "\(node) is brought back: \(rejoinProgressText(rejoin))."
    case .interrupted:
        "The rejoin of \(node) was interrupted (\(rejoin.step)). HINT: 'pgrex-tool rejoin' there goes on."
    case .ended(let code, let why): "The rejoin of \(node) ended with exit code \(code.rawValue): \(why)"
    }
}

/// Step, share, rate and time left: "copying, 45 % of 1.2GB at 32MB/s, 20s left".
func rejoinProgressText(_ rejoin: PublishedRejoin) -> String {
    var text = rejoin.step
    if let total = rejoin.totalBytes, total > 0 {
        text += ", \(min(rejoin.doneBytes, total) * 100 / total) % of \(byteText(total))"
    } else if rejoin.doneBytes > 0 {
        text += ", \(byteText(rejoin.doneBytes))"
    }
    if rejoin.rate > 0 { text += " at \(byteText(rejoin.rate))/s" }
    if let left = rejoin.secondsLeft { text += ", \(durationText(left)) left" }
    return text
}

func rejoinStatusJSON(_ rejoin: PublishedRejoin) -> JSONValue {
    let (state, code, why): (String, JSONValue, JSONValue) =
        switch rejoin.outcome {
        case .underWay: ("under_way", .null, .null)
        case .interrupted: ("interrupted", .null, .null)
        case .ended(let code, let why): ("failed", .integer(Int(code.rawValue)), .string(why))
        }
    return .object([
        .init("state", .string(state)), .init("step", .string(rejoin.step)),
        .init("done_bytes", .unsigned(rejoin.doneBytes)),
        .init("total_bytes", rejoin.totalBytes.map { .unsigned($0) } ?? .null),
        .init("bytes_per_second", .unsigned(rejoin.rate)), .init("exit_code", code), .init("why", why),
    ])
}

/// Draws how far a rejoin is on one line of a terminal, or says each new step on a line elsewhere.
final class RejoinMeter: Sendable {
    private let isTerminal = Style.isTerminal
    private let isQuiet: Bool
    private let last = Latest()

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    func show(_ rejoin: PublishedRejoin) {
        guard !isQuiet, last.isDue(rejoin.step, isTerminal: isTerminal) else { return }
        printOutput(isTerminal ? "\r\u{1B}[K  \(rejoinProgressText(rejoin))" : "  \(rejoinProgressText(rejoin))\n")
    }

    func line(_ text: String) {
        guard !isQuiet else { return }
        printOutput((isTerminal ? "\r\u{1B}[K" : "") + "  \(text)\n")
    }

    /// Clears what is drawn.
    func clear() {
        if isTerminal, !isQuiet { printOutput("\r\u{1B}[K") }
    }
}
