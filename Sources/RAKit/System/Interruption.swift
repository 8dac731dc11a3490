internal import CSystem

/// Ctrl-C, a closed terminal or a polite end: counted instead of ending the process in the middle of something.
public enum Interruption {
    /// From now on SIGINT, SIGTERM and SIGHUP only count.
    public static func begin() { csystem_count_interruptions() }

    /// Whether one came: the work ends at the next place from which it can go on.
    public static var isRequested: Bool { csystem_interruptions() > 0 }

    /// Whether one came again: the work ends where it is.
    public static var isUrgent: Bool { csystem_interruptions() > 1 }
}
