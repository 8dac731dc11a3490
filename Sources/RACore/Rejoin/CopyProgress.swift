/// What a line of pg_basebackup's errors says (documentation, "pg_basebackup", option --progress).
public enum CopyLine: Sendable, Hashable {
    /// The server prepares; nothing is sent yet.
    case waitingForCheckpoint
    /// - Parameter isLast: whether all tablespaces are through, and only WAL may still come.
    case progress(done: UInt64, total: UInt64, isLast: Bool)
    /// A page that fails its checksum: the server says so in its own language, but names file and block.
    case damage(file: String, block: UInt64)
    /// Anything else, which may be why it ends.
    case words

    public init(_ line: some StringProtocol) {
        let text = String(line)
        if text.contains("waiting for checkpoint") {
            self = .waitingForCheckpoint
        } else if let sight = CopyLine.sight(text) {
            self = sight
        } else if let page = CopyLine.page(text) {
            self = page
        } else {
            self = .words
        }
    }

    /// "1234/5678 kB (21%), 0/1 tablespace".
    private static func sight(_ text: String) -> CopyLine? {
        let words = text.split(separator: " ")
        guard words.count >= 5, words[1] == "kB", words[4].hasPrefix("tablespace"),
            let bytes = pair(words[0]), let tablespaces = pair(words[3])
        else { return nil }
        return .progress(done: bytes.0 * 1024, total: bytes.1 * 1024, isLast: tablespaces.0 >= tablespaces.1)
    }

    private static func pair(_ word: Substring) -> (UInt64, UInt64)? {
        let halves = word.split(separator: "/")
        guard halves.count == 2, let left = UInt64(halves[0]), let right = UInt64(halves[1]), right < 1 << 50,
            left < 1 << 50
        else { return nil }
        return (left, right)
    }

    /// A relation's file and, after it, the first number: "./base/5/1234", block 0.
    private static func page(_ text: String) -> CopyLine? {
        let isPart: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0.isNumber || "./_".contains($0)) }
        var rest = text[...]
        while let begin = rest.firstIndex(where: isPart) {
            let word = rest[begin...].prefix(while: isPart)
            rest = rest[word.endIndex...]
            guard let file = relationFile(word) else { continue }
            let number = rest.drop { !$0.isNumber }.prefix { $0.isNumber }
            guard rest.first.map({ !isPart($0) }) ?? false, let block = UInt64(number) else { return nil }
            return .damage(file: file, block: block)
        }
        return nil
    }

    private static func relationFile(_ word: Substring) -> String? {
        let parts = word.split(separator: "/").drop { $0 == "." }
        guard let folder = parts.first, ["base", "global", "pg_tblspc"].contains(folder), parts.count > 1,
            parts.last?.first?.isNumber ?? false
        else { return nil }
        return parts.joined(separator: "/")
    }
}

/// Why pg_basebackup says it ended: its first error, which later ones only follow from.
public func copyComplaint(_ lines: [String]) -> String {
    let mark = ": error: "
    let errors = lines.compactMap { line -> String? in
        guard let range = firstRange(of: mark, in: line) else { return nil }
        return String(line[range.upperBound...])
    }
    let cause = errors.first { !$0.contains("background process") && !$0.contains("child process") } ?? errors.first
    return cause ?? lines.last { !$0.isEmpty } ?? ""
}

private func firstRange(of mark: String, in text: String) -> Range<String.Index>? {
    var start = text.startIndex
    while start < text.endIndex {
        if text[start...].hasPrefix(mark) { return start..<text.index(start, offsetBy: mark.count) }
        start = text.index(after: start)
    }
    return nil
}
