internal import RAKit
internal import Synchronization

/// When what was shown last: a terminal is drawn ten times a second at most, a file gets a line a step and ten seconds.
final class Latest: Sendable {
    private let state = Mutex<(step: String, moment: Moment)?>(nil)

    func isDue(_ step: String, isTerminal: Bool) -> Bool {
        state.withLock { last in
            let now = Moment.now()
            if let last, last.step == step, now.milliseconds(since: last.moment) < (isTerminal ? 100 : 10_000) {
                return false
            }
            last = (step, now)
            return true
        }
    }
}
