/// Walks along a line of pg_waldump's from one word that it knows to the next.
struct LineCursor {
    private let bytes: [UInt8]
    private var place = 0

    init(_ line: some StringProtocol) { bytes = Array(line.utf8) }

    func starts(with text: StaticString) -> Bool { find(text, at: place) }

    /// Whether a text stands further on.
    func has(_ text: StaticString) -> Bool { index(of: text) != nil }

    /// Goes behind the next place of a text; stays where there is none.
    @discardableResult
    mutating func skip(past text: StaticString) -> Bool {
        guard let found = index(of: text) else { return false }
        place = found + text.utf8CodeUnitCount
        return true
    }

    /// The next word, without the blanks before it and the comma or semicolon behind it.
    mutating func word() -> String {
        skipBlanks()
        let begin = place
        while place < bytes.count, ![0x20, 0x2C, 0x3B].contains(bytes[place]) { place += 1 }
        return String(decoding: bytes[begin..<place], as: UTF8.self)
    }

    /// The number here, behind blanks and a colon; nil, and no step, where there is none.
    mutating func number() -> UInt32? {
        var end = place
        while end < bytes.count, bytes[end] == 0x20 || bytes[end] == UInt8(ascii: ":") { end += 1 }
        let begin = end
        while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
        guard let number = UInt32(String(decoding: bytes[begin..<end], as: UTF8.self)) else { return nil }
        place = end
        return number
    }

    /// The relation of the record's first block.
    mutating func relation() -> RelationFile? { skip(past: "blkref #0: rel") ? RelationFile(word()) : nil }

    /// What stands further on.
    var rest: String { String(decoding: bytes[place...], as: UTF8.self) }

    /// The record's flags; 0 where none are told.
    var flags: UInt32 {
        var copy = self
        guard copy.skip(past: "flags") else { return 0 }
        while copy.place < bytes.count, [0x20, 0x3A].contains(bytes[copy.place]) { copy.place += 1 }
        return UInt32(copy.word().dropFirst(2), radix: 16) ?? 0
    }

    /// The moment of a transaction's end, without the program's words: "2026-11-30 06:24:29.413601 UTC"; "" without one.
    var time: String {
        let words = rest.split { $0 == " " || $0 == ";" }
        guard let date = words.firstIndex(where: { isDate($0) }), date + 1 < words.count else { return "" }
        return words[date...].prefix(3).joined(separator: " ")
    }

    /// The parts behind the semicolons, by their names: "rels", "subxacts".
    var parts: [Substring: [Substring]] {
        var found: [Substring: [Substring]] = [:]
        for part in rest.split(separator: ";").dropFirst() {
            guard let colon = part.firstIndex(of: ":") else { continue }
            let name = part[..<colon].drop { $0 == " " }
            found[name] = part[part.index(after: colon)...].split(separator: " ")
        }
        return found
    }

    /// The name that PREPARE TRANSACTION gave: "gid NAME: 2026-11-30 ...", where the name may hold anything.
    func preparedName(in text: String) -> String {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard let mark = words.firstIndex(of: "gid"), let date = words.lastIndex(where: { isDate($0) }), mark + 1 < date
        else { return "" }
        let name = words[(mark + 1)..<date].joined(separator: " ")
        return name.hasSuffix(":") ? String(name.dropLast()) : name
    }

    private func isDate(_ word: Substring) -> Bool {
        let parts = word.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0].utf8.count >= 4 && parts.allSatisfy { UInt32($0) != nil }
    }

    private mutating func skipBlanks() {
        while place < bytes.count, bytes[place] == 0x20 { place += 1 }
    }

    private func index(of text: StaticString) -> Int? {
        let count = text.utf8CodeUnitCount
        guard bytes.count >= count else { return nil }
        var index = place
        while index <= bytes.count - count {
            if find(text, at: index) { return index }
            index += 1
        }
        return nil
    }

    private func find(_ text: StaticString, at index: Int) -> Bool {
        guard index + text.utf8CodeUnitCount <= bytes.count else { return false }
        for step in 0..<text.utf8CodeUnitCount where bytes[index + step] != text.utf8Start[step] { return false }
        return true
    }
}
