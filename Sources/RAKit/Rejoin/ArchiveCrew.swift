internal import Glibc
internal import RACore
internal import Synchronization

/// What the threads of a fetch share: the files that are left, and how it goes.
private final class ArchiveQueue: Sendable {
    struct State {
        var left: ArraySlice<WALSegment>
        var done = 0
        var running = 0
        /// The first file that couldn't be had; nothing new is begun after it.
        var fault: (segment: WALSegment, fault: ArchiveFault)?
        var isStopped = false
    }

    private let state: Mutex<State>

    init(_ segments: [WALSegment], threads: Int) {
        state = Mutex(State(left: segments[...], running: threads))
    }

    var now: State { state.withLock { $0 } }

    func next() -> WALSegment? {
        state.withLock { state in
            guard state.fault == nil, !state.isStopped else { return nil }
            return state.left.popFirst()
        }
    }

    func end(_ segment: WALSegment, _ fault: ArchiveFault?) {
        state.withLock { state in
            if let fault { state.fault = state.fault ?? (segment, fault) } else { state.done += 1 }
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }
    func leave() { state.withLock { $0.running -= 1 } }
}

/// One thread's means: a way to each origin.
struct ArchiveWorker: Sendable {
    let readers: [(origin: String, opening: ArchiveOpening)]
    let check: ArchiveCheck
    /// Where what is brought waits until it is verified.
    let directory: String
    let patience: Int

    /// Fetches one file, verified, to a path: from the first origin that has it whole, each asked twice for a bad one.
    func fetch(_ segment: WALSegment, to target: String) throws(ArchiveFault) {
        var reasons: [String] = []
        for (origin, opening) in readers {
            switch opening {
            case .failed(let why): reasons.append("\(origin): \(why)")
            case .open(let reader):
                guard let why = try fetch(segment, from: reader, to: target) else { return }
                reasons.append("\(origin): \(why)")
            }
        }
        throw .bad(why: reasons.joined(separator: "; "))
    }

    /// - Returns: nil, or why this origin doesn't have it whole.
    private func fetch(
        _ segment: WALSegment,
        from reader: any ArchiveReader,
        to target: String
    ) throws(ArchiveFault) -> String? {
        let brought = directory + "/" + segment.fileName + ".brought"
        var last = ""
        for _ in 1...2 {
            try? removeFile(brought)
            try? removeFile(target)
            defer { try? removeFile(brought) }
            let growth = Growth([brought, target], seconds: patience)
            switch reader.bring(segment.fileName, to: brought, while: growth.goesOn) {
            case .absent(let why): return why
            case .failed(let why): return Interruption.isUrgent ? "interrupted" : why
            case .brought: break
            }
            do throws(ArchiveFault) {
                try check.settle(brought, as: segment, at: target, while: growth.goesOn)
                return nil
            } catch {
                guard case .bad(let why) = error else { throw error }
                last = why
            }
        }
        return last + " (fetched twice)"
    }
}

/// Whether a file that is being brought still grows.
private final class Growth {
    private let paths: [String]
    private let milliseconds: Int
    private var size: Int64 = -1
    private var end: Deadline

    init(_ paths: [String], seconds: Int) {
        self.paths = paths
        milliseconds = seconds * 1000
        end = .after(milliseconds: milliseconds)
    }

    func goesOn() -> Bool {
        guard !Interruption.isUrgent else { return false }
        let present = paths.reduce(0) { $0 + (FileFacts($1)?.size ?? 0) }
        if present != size {
            size = present
            end = .after(milliseconds: milliseconds)
        }
        return !end.isPast
    }
}

extension ArchiveFetch {
    /// Has several threads work through files, and returns when all have ended.
    ///
    /// - Throws: for the first file that couldn't be had, or after an interruption.
    func run(
        _ segments: [WALSegment],
        step: String,
        size: UInt64,
        _ body: @escaping @Sendable (ArchiveWorker, WALSegment) throws(ArchiveFault) -> Void
    ) throws(RejoinFailure) {
        let crew = (0..<max(1, min(workers, segments.count))).map { _ in worker() }
        let queue = ArchiveQueue(segments, threads: crew.count)
        for worker in crew {
            let work: @Sendable () -> Void = {
                while let segment = queue.next() {
                    do throws(ArchiveFault) {
                        try body(worker, segment)
                        queue.end(segment, nil)
                    } catch {
                        queue.end(segment, error)
                    }
                }
                queue.leave()
            }
            if !startThread(work) { work() }
        }
        // Each file ends by itself, when it stops growing at the latest; a person may have it end after the present ones.
        while queue.now.running > 0 {
            if Interruption.isRequested { queue.stop() }
            let total = UInt64(segments.count) * size
            context.progress.see(.init(step, doneBytes: UInt64(queue.now.done) * size, totalBytes: total))
            pause(milliseconds: 20)
        }
        try conclude(queue.now.fault, isComplete: queue.now.done == segments.count)
    }

    private func worker() -> ArchiveWorker {
        ArchiveWorker(
            readers: origins.map { ($0.summary, $0.open()) },
            check: makeCheck(),
            directory: context.files.fetched,
            patience: patience
        )
    }

    private func conclude(
        _ fault: (segment: WALSegment, fault: ArchiveFault)?,
        isComplete: Bool
    ) throws(RejoinFailure) {
        if Interruption.isRequested, !isComplete {
            throw RejoinFailure(.resumable, "interrupted; the files that were fetched are kept")
        }
        guard let fault else { return }
        switch fault.fault {
        case .local(let why): throw RejoinFailure(.failed, why)
        case .bad(let why):
            throw RejoinFailure(
                .failed,
                "WAL file \"\(fault.segment.fileName)\" can't be had from the archive: \(why)"
            )
        }
    }
}
