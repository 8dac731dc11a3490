internal import Glibc

/// Messages to the system log and to the caller; what an operator reads at night.
///
/// A monitor that finds nothing new writes nothing.
public struct Log: Sendable {
    /// How much a line matters to whoever reads the log.
    public enum Severity: Sendable, Hashable {
        case info, notice, warning, error
    }

    private let tag: String

    /// - Parameter resource: stands in every line, as several instances may run on a node.
    public init(resource: String) { tag = "pgsql-swift(\(resource))" }

    public func info(_ text: String) { write(.info, text) }
    public func notice(_ text: String) { write(.notice, text) }
    public func warning(_ text: String) { write(.warning, text) }
    public func error(_ text: String) { write(.error, text) }

    /// Tells Pacemaker why an action failed (OCF 1.1, "ocf-exit-reason"): shown by crm_mon beside the failure.
    public func exitReason(_ text: String) {
        write(.error, text)
        emit("ocf-exit-reason:\(oneLine(text))\n")
    }

    /// A line of a severity that depends on what happened.
    public func write(_ severity: Severity, _ text: String) {
        let line = oneLine(text)
        let (priority, word) = marks(severity)
        "\(tag)[\(getpid())]: \(word): \(line)".withCString { message in
            withVaList([message]) { vsyslog(priority | LOG_DAEMON, "%s", $0) }
        }
        emit("\(tag): \(word): \(line)\n")
    }

    private func marks(_ severity: Severity) -> (Int32, String) {
        switch severity {
        case .info: (LOG_INFO, "info")
        case .notice: (LOG_NOTICE, "notice")
        case .warning: (LOG_WARNING, "warning")
        case .error: (LOG_ERR, "error")
        }
    }

    private func oneLine(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
    }

    private func emit(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, bytes.count) }
    }
}
