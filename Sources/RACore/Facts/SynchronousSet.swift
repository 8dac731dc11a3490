/// Which of the standbys that `synchronous_standby_names` lists commits wait for.
public enum SynchronousMethod: String, Sendable, Hashable, CaseIterable {
    /// The first of the list that are connected.
    case first
    /// Any of the list, whoever is quickest.
    case any
}

/// The standbys that commits wait for: a value of `synchronous_standby_names`.
public struct SynchronousSet: Sendable, Hashable {
    /// Standby names in order of preference, as the agent lists them.
    public var names: [String]
    /// How many of them a commit waits for.
    public var count: Int
    public var method: SynchronousMethod

    public init(names: [String], count: Int = 1, method: SynchronousMethod = .first) {
        self.names = names
        self.count = count
        self.method = method
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
        // With one name both methods are the same.
        return names.count == 1 ? list : "\(method == .any ? "ANY" : "FIRST") \(count) (\(list))"
    }

    /// Reads a value that is in effect, whoever wrote it; nil for a form that names nobody, as "*".
    ///
    /// Grammar: documentation of `synchronous_standby_names`: `name, ...`, `n (name, ...)`, `FIRST n (...)`, `ANY n (...)`.
    public init?(setting: String) {
        var tokens = Tokens(setting)
        guard let words = tokens.all() else { return nil }
        var names: [String] = []
        var count = 1
        var method = SynchronousMethod.first
        var inner = words[...]
        if let open = words.firstIndex(of: .mark("(")) {
            guard words.last == .mark(")"), open > 0, case .name(let number) = words[open - 1],
                let given = Int(number)
            else { return nil }
            count = given
            if open > 1, case .name(let word) = words[0], sameName(word, "any") { method = .any }
            inner = words[(open + 1)..<(words.count - 1)]
        }
        for token in inner {
            switch token {
            case .name(let name):
                guard name != "*" else { return nil }
                names.append(name)
            case .mark(let mark): guard mark == "," else { return nil }
            }
        }
        self.init(names: names, count: names.isEmpty ? 0 : min(count, names.count), method: method)
    }

    /// What a commit that waits as the setting says keeps, of the cluster's own nodes: others may be the ones that it
    /// waited for.
    public func guarantee(among nodes: [String]) -> Guarantee {
        let members = nodes.filter { contains($0) }
        let outside = names.filter { name in !nodes.contains { sameName($0, name) } }.count
        let kept = count - outside
        return kept > 0 ? Guarantee(members: members, count: kept) : .none
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
