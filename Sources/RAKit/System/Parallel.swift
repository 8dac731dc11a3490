internal import Glibc
internal import Synchronization

/// Runs blocking questions side by side, a thread each, and collects what is there at the deadline.
///
/// A thread that hangs, in a name server's time-out say, is left behind: it can't be ended safely, and its answer is
/// dropped. For short-lived programs.
/// - Returns: in the order of the questions; nil for one that wasn't answered in time.
func askSideBySide<Answer: Sendable>(
    _ questions: [@Sendable () -> Answer],
    by deadline: Deadline
) -> [Answer?] {
    let board = Board<Answer>(count: questions.count)
    for (index, question) in questions.enumerated() {
        let isStarted = startThread { board.post(question(), at: index) }
        if !isStarted { board.post(question(), at: index) }
    }
    return wait(until: deadline, everyMilliseconds: 1) { board.complete } ?? board.present
}

/// Where threads leave their answers.
private final class Board<Answer: Sendable>: Sendable {
    private let answers: Mutex<[Answer?]>

    init(count: Int) { answers = Mutex(Array(repeating: nil, count: count)) }

    func post(_ answer: Answer, at index: Int) { answers.withLock { $0[index] = answer } }

    var present: [Answer?] { answers.withLock { $0 } }

    /// nil while an answer is missing.
    var complete: [Answer?]? {
        let present = present
        return present.allSatisfy { $0 != nil } ? present : nil
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// - Returns: whether the thread was started.
func startThread(_ run: @escaping @Sendable () -> Void) -> Bool {
    let body = Unmanaged.passRetained(ThreadBody(run))
    var thread = pthread_t()
    let result = pthread_create(
        &thread,
        nil,
        { body in
            if let body { Unmanaged<ThreadBody>.fromOpaque(body).takeRetainedValue().run() }
            return nil
        },
        body.toOpaque()
    )
    guard result == 0 else {
        body.release()
        return false
    }
    pthread_detach(thread)
    return true
}
