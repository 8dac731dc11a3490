internal import Glibc
internal import RAKit

/// A meaning, shown as a colour.
enum Colour: Sendable, Hashable, CaseIterable {
    case none, good, warning, bad, faint

    /// SGR parameters (ECMA-48).
    fileprivate var parameters: String {
        switch self {
        case .none: ""
        case .good: "32"
        case .warning: "33"
        case .bad: "1;31"
        case .faint: "2"
        }
    }
}

/// How output is dressed.
struct Style: Sendable, Hashable {
    var isColoured: Bool

    static let plain = Style(isColoured: false)

    /// Colours on a terminal only, and not where NO_COLOR asks for none (https://no-color.org).
    static var ofStandardOutput: Style {
        let isUnwanted = environmentValue("NO_COLOR").map { !$0.isEmpty } ?? false
        return Style(isColoured: isTerminal && !isUnwanted && environmentValue("TERM") != "dumb")
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether somebody can answer a question.
    static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    func paint(_ text: String, _ colour: Colour) -> String {
        isColoured && colour != .none ? "\u{1B}[\(colour.parameters)m\(text)\u{1B}[0m" : text
    }
}

/// The wall clock's time as a person reads it, with the offset from UTC: "2026-11-21 06:03:20 +0900".
func localTime() -> String {
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S %z", &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
