internal import Glibc

/// A moment on the machine's monotonic clock, which no clock step moves.
public struct Moment: Sendable, Hashable, Comparable {
    public let nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static func now() -> Moment {
        read(CLOCK_MONOTONIC)
    }

    /// The time since the machine started, its sleep included: comparable between processes, and small after a restart.
    public static func sinceBoot() -> Moment {
        read(CLOCK_BOOTTIME)
    }

    private static func read(_ clock: clockid_t) -> Moment {
        var time = timespec()
        clock_gettime(clock, &time)
        return Moment(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    public static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

    public func advanced(milliseconds: Int) -> Moment {
        Moment(nanoseconds: nanoseconds + UInt64(max(0, milliseconds)) * 1_000_000)
    }

    public func milliseconds(since earlier: Moment) -> Int {
        nanoseconds <= earlier.nanoseconds ? 0 : Int((nanoseconds - earlier.nanoseconds) / 1_000_000)
    }
}

/// The moment at which a wait ends, whatever it waits for.
public struct Deadline: Sendable, Hashable {
    public let moment: Moment

    public init(_ moment: Moment) { self.moment = moment }

    public static func after(milliseconds: Int) -> Deadline {
        Deadline(Moment.now().advanced(milliseconds: milliseconds))
    }

    public var remainingMilliseconds: Int { moment.milliseconds(since: .now()) }

    public var isPast: Bool { Moment.now() >= moment }

    /// The nearer of two.
    public func capped(milliseconds: Int) -> Deadline {
        Deadline(min(moment, Moment.now().advanced(milliseconds: milliseconds)))
    }

    /// This deadline moved nearer, so that something remains to be done after it.
    public func earlier(milliseconds: Int) -> Deadline {
        let step = UInt64(max(0, milliseconds)) * 1_000_000
        return Deadline(Moment(nanoseconds: moment.nanoseconds > step ? moment.nanoseconds - step : 0))
    }
}

/// Sleeps, for the pauses between two looks at a condition.
public func pause(milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: (milliseconds % 1000) * 1_000_000)
    var rest = timespec()
    while nanosleep(&time, &rest) != 0 && errno == EINTR { time = rest }
}

/// Looks at a condition every few milliseconds until it holds or the deadline is past.
///
/// - Returns: what `look` returned last: nil means that the deadline ended the wait.
public func wait<Value>(until deadline: Deadline, everyMilliseconds step: Int = 20, _ look: () -> Value?) -> Value? {
    while true {
        if let value = look() { return value }
        guard !deadline.isPast else { return nil }
        pause(milliseconds: min(step, max(1, deadline.remainingMilliseconds)))
    }
}
