/// Swift source without its comments and string texts, of the same length: rules look at code only.
struct SwiftCode {
    /// One element a line.
    let lines: [String]

    init(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        scanner.scanCode(until: nil)
        lines = String(decoding: scanner.output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// A function or initializer with a body, from its name to its closing brace.
    struct Function: Equatable {
        let line: Int
        let length: Int
        let head: String
    }

    var functions: [Function] {
        lines.indices.compactMap { index in
            guard isFunctionHead(lines[index]), let end = bodyEnd(from: index) else { return nil }
            return Function(line: index + 1, length: end - index + 1, head: trimmed(lines[index]))
        }
    }

    private func isFunctionHead(_ line: String) -> Bool {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "(" || $0 == "<" || $0 == "?" }).map(String.init)
        guard let place = words.firstIndex(where: { $0 == "func" || $0 == "init" }) else { return false }
        return words[..<place].allSatisfy { word in
            word.hasPrefix("@")
                || [
                    "public", "private", "fileprivate", "internal", "static", "mutating", "nonmutating", "convenience",
                    "override", "final",
                ].contains(word)
        }
    }

    /// The line of the brace that closes the body; nil for a requirement without one.
    private func bodyEnd(from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<lines.count {
            for byte in lines[index].utf8 {
                switch byte {
                case UInt8(ascii: "("): parentheses += 1
                case UInt8(ascii: ")"): parentheses -= 1
                case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
                case UInt8(ascii: "}"):
                    if braces == 0, parentheses == 0 { return nil }
                    if braces == 1 { return index }
                    braces = max(0, braces - 1)
                case _: continue
                }
            }
        }
        return nil
    }
}

func trimmed(_ line: some StringProtocol) -> String {
    String(line.drop { $0 == " " || $0 == "\t" })
}

/// Walks through Swift and blanks what isn't code; line ends stay.
private struct Scanner {
    let bytes: [UInt8]
    var output: [UInt8] = []
    var place = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        output.reserveCapacity(bytes.count)
    }

    private func at(_ text: StaticString) -> Bool {
        guard place + text.utf8CodeUnitCount <= bytes.count else { return false }
        return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where place < bytes.count {
            output.append(bytes[place] == UInt8(ascii: "\n") ? bytes[place] : UInt8(ascii: " "))
            place += 1
        }
    }

    /// Copies code up to a closing parenthesis of its own, or to the end.
    mutating func scanCode(until end: UInt8?) {
        var depth = 0
        while place < bytes.count {
            let byte = bytes[place]
            if at("//") {
                while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { blank(1) }
            } else if at("/*") {
                while place < bytes.count, !at("*/") { blank(1) }
                blank(2)
            } else if byte == UInt8(ascii: "\"") || at("#\"") {
                scanString()
            } else {
                if end != nil, byte == UInt8(ascii: "(") { depth += 1 }
                if byte == end {
                    if depth == 0 { return }
                    depth -= 1
                }
                output.append(byte)
                place += 1
            }
        }
    }

    private mutating func scanString() {
        let isRaw = bytes[place] == UInt8(ascii: "#")
        if isRaw { blank(1) }
        let quotes = at("\"\"\"") ? 3 : 1
        blank(quotes)
        while place < bytes.count {
            if at("\"\"\"") && quotes == 3 || quotes == 1 && at("\"") && (!isRaw || at("\"#")) {
                blank(quotes + (isRaw ? 1 : 0))
                return
            }
            if at("\\(") && !isRaw {
                blank(2)
                scanCode(until: UInt8(ascii: ")"))
                blank(1)
            } else {
                blank(at("\\") && !isRaw ? 2 : 1)
            }
        }
    }
}
