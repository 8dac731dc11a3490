/// Replaces each password in a text by eight stars: in connection strings, URIs, configuration lines and SQL.
///
/// Errs on the side of hiding too much: a quote that is never closed hides the rest of the text.
public func redactingPasswords(_ conninfo: String) -> String {
    var scanner = PasswordScanner(Array(conninfo.utf8))
    scanner.scan()
    return String(decoding: scanner.output, as: UTF8.self)
}

/// Copies bytes to `output`, except for the values that follow the word "password" or stand in a URI.
private struct PasswordScanner {
    private let input: [UInt8]
    private var position = 0
    private(set) var output: [UInt8] = []

    init(_ input: [UInt8]) { self.input = input }

    mutating func scan() {
        while position < input.count {
            if let end = passwordValue() ?? uriPassword() {
                output.append(contentsOf: redacted.utf8)
                position = end
            } else {
                output.append(input[position])
                position += 1
            }
        }
    }

    /// Copies "password" and what leads to its value.
    ///
    /// - Returns: the end of the value; nil, with nothing copied, when no value begins after this place.
    private mutating func passwordValue() -> Int? {
        guard matches("password", at: position) else { return nil }
        var start = position + "password".utf8.count
        if byte(start) == UInt8(ascii: "\"") { start += 1 }
        start = skippingBlanks(start)
        let sign = byte(start)
        let isAssigned = sign == UInt8(ascii: "=")
        if isAssigned || sign == UInt8(ascii: ":") { start = skippingBlanks(start + 1) }
        guard let first = byte(start), isAssigned || isQuote(first) else { return nil }
        output.append(contentsOf: input[position..<start])
        return endOfValue(start)
    }

    /// The end of the password when `position` is just after the colon of "://user:"; nil elsewhere.
    private func uriPassword() -> Int? {
        guard position > 0, input[position - 1] == UInt8(ascii: ":"), followsURIUser(position - 1) else { return nil }
        let end = input[position...].firstIndex { isBlank($0) || isQuote($0) || $0 == UInt8(ascii: "/") } ?? input.count
        // An empty password is nothing to hide, and an end that is no step forward would be looked for again for ever.
        return input[position..<end].lastIndex(of: UInt8(ascii: "@")).flatMap { $0 > position ? $0 : nil }
    }

    /// Whether only a user name stands between "://" and the colon at `colon`.
    private func followsURIUser(_ colon: Int) -> Bool {
        var start = colon
        while start > 0, !isBlank(input[start - 1]), !isQuote(input[start - 1]), input[start - 1] != UInt8(ascii: "/") {
            start -= 1
            if input[start] == UInt8(ascii: ":"), start != colon { return false }
        }
        return start >= 3 && matches("://", at: start - 3)
    }

    private func endOfValue(_ start: Int) -> Int {
        guard let first = byte(start) else { return start }
        guard isQuote(first) else { return endOfWord(start) }
        // A quoted value inside a quoted configuration value has its quotes doubled.
        let isDoubled = byte(start + 1) == first && !isEndOrBlank(start + 2)
        return endOfQuoted(start + (isDoubled ? 2 : 1), quote: first, isDoubled: isDoubled)
    }

    private func endOfQuoted(_ start: Int, quote: UInt8, isDoubled: Bool) -> Int {
        var index = start
        while let next = byte(index) {
            if next == UInt8(ascii: "\\") {
                index += 2
            } else if next == quote, !isDoubled || byte(index + 1) == quote {
                // Whatever is glued to the closing quote belongs to the value in somebody's grammar.
                return endOfWord(index + (isDoubled ? 2 : 1))
            } else {
                index += 1
            }
        }
        return input.count
    }

    private func endOfWord(_ start: Int) -> Int {
        var index = start
        while let next = byte(index), !isBlank(next) {
            index += next == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index, input.count)
    }

    private func matches(_ word: String, at start: Int) -> Bool {
        start + word.utf8.count <= input.count
            && input[start..<(start + word.utf8.count)].elementsEqual(word.utf8) { lowerCased($0) == $1 }
    }

    private func byte(_ index: Int) -> UInt8? { index < input.count ? input[index] : nil }
    private func isEndOrBlank(_ index: Int) -> Bool { byte(index).map(isBlank) ?? true }

    private func skippingBlanks(_ start: Int) -> Int {
        var index = start
        while let next = byte(index), isBlank(next) { index += 1 }
        return index
    }
}

/// Whether a byte is a space, a tab or a line break.
func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

private func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") }
