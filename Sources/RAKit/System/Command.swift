internal import Glibc

/// A program to run: a plain value, so that a plan can be printed and a test can compare it.
public struct Command: Sendable, Hashable {
    /// Absolute, or a bare name that is looked for in PATH.
    public var program: String
    public var arguments: [String]
    /// Set over the inherited environment; nil removes a variable.
    public var environment: [String: String?]
    /// Who runs it; nil for the caller.
    public var account: Account?
    public var group = ProcessGroup.callers

    public init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        as account: Account? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.account = account
    }
}

/// To which processes a terminal's signals go.
public enum ProcessGroup: Sendable, Hashable {
    /// A Ctrl-C ends it with its caller.
    case callers
    /// Only its caller decides when it ends.
    case own
}

/// How a command ended.
public enum CommandEnd: Sendable, Hashable {
    case exited(Int32)
    case killed(signal: Int32)
    case timedOut
    case notStarted(why: String)
}

/// A command's end and what it wrote.
public struct CommandResult: Sendable, Hashable {
    public let end: CommandEnd
    public let output: [UInt8]
    public let errors: [UInt8]

    public init(end: CommandEnd, output: [UInt8] = [], errors: [UInt8] = []) {
        self.end = end
        self.output = output
        self.errors = errors
    }

    public var isSuccess: Bool { end == .exited(0) }

    /// How it ended and the last line of what it complained, in one clause.
    public var summary: String {
        let complaint = lastLine(String(decoding: errors, as: UTF8.self))
        let tail = complaint.isEmpty ? "" : ": \(complaint)"
        switch end {
        case .exited(let code): return "exit code \(code)\(tail)"
        case .killed(let signal): return "killed by signal \(signal)\(tail)"
        case .timedOut: return "no end within its time\(tail)"
        case .notStarted(let why): return why
        }
    }
}

/// The last line of a text that says something.
public func lastLine(_ text: String) -> String {
    for line in text.split(whereSeparator: \.isNewline).reversed() {
        let trimmed = trimSpaces(line)
        if !trimmed.isEmpty { return trimmed }
    }
    return ""
}

/// A text without spaces and tabs at its ends.
public func trimSpaces<Text: StringProtocol>(_ text: Text) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
    let bytes = Array(text.utf8)
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else {
        return ""
    }
    return String(decoding: bytes[first...last], as: UTF8.self)
}

/// Where a bare program name stands in PATH, or in the usual system folders when PATH lacks them.
public func findProgram(_ name: String) -> String? {
    if name.hasPrefix("/") { return isExecutable(name) ? name : nil }
    let path = environmentValue("PATH") ?? ""
    for folder in path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin", "/sbin", "/bin"] {
        let candidate = folder + "/" + name
        if isExecutable(candidate) { return candidate }
    }
    return nil
}

/// An environment variable of this process; nil when unset.
public func environmentValue(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
}

/// The names of all environment variables of this process.
public func environmentNames() -> [String] {
    var names: [String] = []
    var cursor = environ
    while let entry = cursor.pointee {
        let text = String(cString: entry)
        names.append(
            text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        )
        cursor += 1
    }
    return names
}
