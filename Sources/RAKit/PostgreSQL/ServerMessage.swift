/// One message of a server (PostgreSQL documentation, "Message Formats").
struct ServerMessage: Equatable {
    /// The message's letter.
    let kind: UInt8
    let body: [UInt8]

    init(kind: Character, body: [UInt8]) {
        self.kind = kind.asciiValue ?? 0
        self.body = body
    }

    fileprivate init(kind: UInt8, body: ArraySlice<UInt8>) {
        self.kind = kind
        self.body = Array(body)
    }

    /// What a message means to a client that asks simple queries.
    enum Meaning: Equatable {
        /// 0 when the client is let in; otherwise what the server wants first.
        case authentication(code: UInt32)
        case parameter(name: String, value: String)
        case keyData(processID: Int32)
        case error(SQLState, String)
        /// A statement's rows follow.
        case description
        case row([String?])
        /// A statement's end.
        case complete
        case ready
        /// The server begins to send data.
        case copy
        /// Nothing that an answer depends on: notices, notifications.
        case aside
        /// What no question of ours can lead to, and what is cut short.
        case unexpected
    }

    var meaning: Meaning {
        var reader = Reader(body)
        switch Character(UnicodeScalar(kind)) {
        case "R": return reader.number().map { .authentication(code: $0) } ?? .unexpected
        case "S":
            guard let name = reader.text(), let value = reader.text() else { return .unexpected }
            return .parameter(name: name, value: value)
        case "K": return reader.number().map { .keyData(processID: Int32(bitPattern: $0)) } ?? .unexpected
        case "E": return reader.error()
        case "T": return .description
        case "D": return reader.row().map { .row($0) } ?? .unexpected
        case "C", "I": return .complete
        case "Z": return .ready
        case "H": return .copy
        case "N", "A": return .aside
        case _: return .unexpected
        }
    }

    private struct Reader {
        private var rest: ArraySlice<UInt8>

        init(_ body: [UInt8]) { rest = body[...] }

        mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func number() -> UInt32? { bytes(4).map { $0.reduce(0) { $0 << 8 | UInt32($1) } } }

        mutating func text() -> String? {
            guard let end = rest.firstIndex(of: 0) else { return nil }
            defer { rest = rest[(end + 1)...] }
            return String(decoding: rest[..<end], as: UTF8.self)
        }

        mutating func row() -> [String?]? {
            guard let count = bytes(2) else { return nil }
            var columns: [String?] = []
            for _ in 0..<count.reduce(0, { $0 << 8 | Int($1) }) {
                guard let length = number() else { return nil }
                guard length != UInt32.max else {
                    columns.append(nil)
                    continue
                }
                guard let value = bytes(Int(length)) else { return nil }
                columns.append(String(decoding: value, as: UTF8.self))
            }
            return columns
        }

        mutating func error() -> Meaning {
            var state = SQLState.unknown
            var message = ""
            while let field = bytes(1)?.first, field != 0 {
                guard let value = text() else { return .unexpected }
                if field == UInt8(ascii: "C") { state = SQLState(value) }
                if field == UInt8(ascii: "M") { message = firstLine(value) }
            }
            return .error(state, message)
        }
    }
}

/// Cuts what a server sends into messages.
struct MessageBuffer {
    /// No answer to our questions comes near: more is no answer.
    static let longestMessage = 16 * 1024 * 1024

    private var bytes: [UInt8] = []
    private var start = 0

    /// What can't be a message: a postmaster that can't fork says so in plain text, like servers of old.
    struct Malformed: Error, Equatable {
        /// The first line of it.
        let seen: String
    }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next whole message; nil until the rest of it has come.
    mutating func next() throws(Malformed) -> ServerMessage? {
        guard bytes.count - start >= 5 else { return nil }
        let length = bytes[(start + 1)..<(start + 5)].reduce(0) { $0 << 8 | Int($1) }
        guard (4...MessageBuffer.longestMessage).contains(length) else {
            throw Malformed(seen: firstLine(String(decoding: bytes[start...].prefix(200), as: UTF8.self)))
        }
        let end = start + 1 + length
        guard bytes.count >= end else { return nil }
        defer { start = end }
        return ServerMessage(kind: bytes[start], body: bytes[(start + 5)..<end])
    }
}
