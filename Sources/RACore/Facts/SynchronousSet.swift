/// The standbys that commits wait for: a value of `synchronous_standby_names`.
public struct SynchronousSet: Sendable, Hashable {
    /// Standby names in order of preference, as the agent lists them.
    public var names: [String]
    /// How many of them a commit waits for.
    public var count: Int

    public init(names: [String], count: Int = 1) {
        self.names = names
        self.count = count
    }

    public static let none = SynchronousSet(names: [], count: 0)

    public var isEmpty: Bool { names.isEmpty }

    public func contains(_ name: String) -> Bool { names.contains { sameName($0, name) } }

    /// The setting's value. Names are always quoted: "-", "." and leading digits need it.
    public var setting: String {
        guard !names.isEmpty else { return "" }
        let list = names.map { name in
            "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }
        .joined(separator: ", ")
        return count == 1 && names.count == 1 ? list : "FIRST \(count) (\(list))"
    }

    /// The names in a value that is in effect, whoever wrote it; nil for a form that names nobody, as "*".
    ///
    /// Grammar: documentation of `synchronous_standby_names`: `name, ...`, `n (name, ...)`, `FIRST n (...)`, `ANY n (...)`.
    public static func names(inSetting setting: String) -> [String]? {
        var tokens = Tokens(setting)
        guard let words = tokens.all() else { return nil }
        let inner: ArraySlice<Token>
        if let open = words.firstIndex(of: .mark("(")) {
            guard words.last == .mark(")") else { return nil }
            inner = words[(open + 1)..<(words.count - 1)]
        } else {
            inner = words[...]
        }
        var names: [String] = []
        for token in inner {
            switch token {
            case .name(let name):
                guard name != "*" else { return nil }
                names.append(name)
            case .mark(let mark): guard mark == "," else { return nil }
            }
        }
        return names
    }
}

private enum Token: Equatable {
    case name(String)
    case mark(String)
}

private struct Tokens {
    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    mutating func all() -> [Token]? {
        var tokens: [Token] = []
        while let character = rest.first {
            switch character {
            case " ", "\t", "\n": rest.removeFirst()
            case "(", ")", ",":
                tokens.append(.mark(String(character)))
                rest.removeFirst()
            case "\"":
                guard let name = quoted() else { return nil }
                tokens.append(.name(name))
            case _: tokens.append(.name(bare()))
            }
        }
        return tokens
    }

    private mutating func bare() -> String {
        let word = rest.prefix { !" \t\n(),\"".contains($0) }
        rest = rest[word.endIndex...]
        return String(word)
    }

    private mutating func quoted() -> String? {
        rest.removeFirst()
        var name = ""
        while let character = rest.first {
            rest.removeFirst()
            guard character == "\"" else {
                name.append(character)
                continue
            }
            guard rest.first == "\"" else { return name }
            rest.removeFirst()
            name.append("\"")
        }
        return nil
    }
}
