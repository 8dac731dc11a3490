/// One `keyword=value` of a connection string.
public struct ConninfoSetting: Sendable, Hashable {
    public let keyword: String
    /// The value without quotes and escapes. May be a password: print it only through `redactingPasswords`.
    public let value: String

    public init(keyword: String, value: String) {
        self.keyword = keyword
        self.value = value
    }
}

/// What a text in libpq's `keyword=value` form says (PostgreSQL documentation, "Connection Strings").
public enum ConninfoReading: Sendable, Hashable {
    case settings([ConninfoSetting])
    /// - Parameter why: one clause without any part of the text.
    case malformed(why: String)
}

/// Parses libpq's `keyword=value` form as libpq itself does; URIs are another form.
public func parseConninfo(_ text: String) -> ConninfoReading {
    var parser = ConninfoParser(input: Array(text.utf8))
    var settings: [ConninfoSetting] = []
    while parser.skipBlanks() {
        switch parser.setting() {
        case .success(let setting): settings.append(setting)
        case .failure(let fault): return .malformed(why: fault.rawValue)
        }
    }
    return .settings(settings)
}

private enum ConninfoFault: String, Error {
    case missingSign = "a keyword has no '=' after it"
    case missingKeyword = "an '=' has no keyword before it"
    case unpairedQuote = "a single quote is never closed"
}

private struct ConninfoParser {
    let input: [UInt8]
    var position = 0

    /// Whether anything is left after blanks.
    mutating func skipBlanks() -> Bool {
        while position < input.count, isBlank(input[position]) { position += 1 }
        return position < input.count
    }

    mutating func setting() -> Result<ConninfoSetting, ConninfoFault> {
        let start = position
        while position < input.count, input[position] != UInt8(ascii: "="), !isBlank(input[position]) { position += 1 }
        let keyword = String(decoding: input[start..<position], as: UTF8.self)
        guard !keyword.isEmpty else { return .failure(.missingKeyword) }
        guard skipBlanks(), input[position] == UInt8(ascii: "=") else { return .failure(.missingSign) }
        position += 1
        guard skipBlanks() else { return .success(ConninfoSetting(keyword: keyword, value: "")) }
        return value().map { ConninfoSetting(keyword: keyword, value: $0) }
    }

    private mutating func value() -> Result<String, ConninfoFault> {
        let isQuoted = input[position] == UInt8(ascii: "'")
        if isQuoted { position += 1 }
        var bytes: [UInt8] = []
        while position < input.count {
            var byte = input[position]
            position += 1
            if isQuoted ? byte == UInt8(ascii: "'") : isBlank(byte) {
                return .success(String(decoding: bytes, as: UTF8.self))
            }
            if byte == UInt8(ascii: "\\"), position < input.count {
                byte = input[position]
                position += 1
            }
            bytes.append(byte)
        }
        return isQuoted ? .failure(.unpairedQuote) : .success(String(decoding: bytes, as: UTF8.self))
    }
}
