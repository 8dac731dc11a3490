internal import Glibc

/// A failed system call, in words.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    public let code: Int32
    /// What was tried and on what: "open /var/lib/pgsql".
    public let operation: String

    public init(code: Int32, _ operation: String) {
        self.code = code
        self.operation = operation
    }

    /// The error that the last system call left in `errno`.
    init(_ operation: String) {
        self.init(code: errno, operation)
    }

    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    public var description: String { "\(operation): \(errorText(code))" }
}

/// The system's text for an error number.
public func errorText(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}
