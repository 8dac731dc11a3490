/// What one line of a configuration file says (documentation, "Parameter Interaction via the Configuration File").
public enum ConfigurationEntry: Sendable, Hashable {
    /// - Parameter name: in lower case, as names know no case.
    case setting(name: String, value: String)
    case include(String)
    case includeIfExists(String)
    case includeDirectory(String)
}

/// A configuration file's entries, in their order.
public func parseConfiguration(_ text: String) -> [ConfigurationEntry] {
    text.split(whereSeparator: \.isNewline).compactMap { parseConfigurationLine($0) }
}

/// Turns the lines that set one of some settings into comments.
///
/// - Parameter isMeant: asked with a name in lower case.
/// - Returns: the text, and the lines as they were; a text without such a line comes back as it is.
public func commentingOut(
    _ text: String,
    where isMeant: (String) -> Bool
) -> (text: String, lines: [String]) {
    var lines: [String] = []
    // By scalars: for a string, a carriage return and a line feed are one character.
    let changed = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { scalars in
        let line = Substring(scalars)
        guard case .setting(let name, _) = parseConfigurationLine(line), isMeant(name) else { return String(line) }
        lines.append(String(line))
        return "# commented out by pgrex-tool rejoin: " + line
    }
    return lines.isEmpty ? (text, []) : (changed.joined(separator: "\n"), lines)
}

/// Whether a setting would have a standby end its recovery, or wait, before it is where the primary is.
public func isRecoveryTarget(_ name: String) -> Bool {
    // That one says which timeline to follow: the agent sets it, and its setting wins.
    name.hasPrefix("recovery_target") && name != "recovery_target_timeline"
}

private func parseConfigurationLine(_ line: Substring) -> ConfigurationEntry? {
    let line = line.drop(while: isBlank)
    let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == "$" }
    guard !name.isEmpty, let value = configurationValue(line[name.endIndex...]) else { return nil }
    switch name.lowercased() {
    case "include": return .include(value)
    case "include_if_exists": return .includeIfExists(value)
    case "include_dir": return .includeDirectory(value)
    case let name: return .setting(name: name, value: value)
    }
}

/// The value after a name, with or without a sign and quotes; nil when there is none.
private func configurationValue(_ text: Substring) -> String? {
    var rest = text.drop(while: isBlank)
    if rest.first == "=" { rest = rest.dropFirst().drop(while: isBlank) }
    guard rest.first == "'" else {
        let word = rest.prefix { !isBlank($0) && $0 != "#" }
        return word.isEmpty ? nil : String(word)
    }
    rest = rest.dropFirst()
    var value = ""
    while let character = rest.popFirst() {
        switch (character, rest.first) {
        case ("'", "'"), ("\\", .some):
            if let next = rest.popFirst() { value.append(next) }
        case ("'", _): return value
        case _: value.append(character)
        }
    }
    return nil
}

/// The files that a client authentication or user name map file refers to: included ones (PostgreSQL 16), and lists of
/// names ("@file").
///
/// - Returns: paths as written; a directory's ends with a slash.
public func referencedFiles(ofAccessFile text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).flatMap { line -> [String] in
        let words = line.prefix { $0 != "#" }.split(whereSeparator: isBlank).map { unquoted(String($0)) }
        guard let first = words.first else { return [] }
        if words.count > 1, ["include", "include_if_exists"].contains(first) { return [words[1]] }
        if words.count > 1, first == "include_dir" { return [words[1] + "/"] }
        return words.flatMap { $0.split(separator: ",") }.filter { $0.hasPrefix("@") }.map { String($0.dropFirst()) }
    }
}

private func unquoted(_ word: String) -> String {
    guard word.count > 1, word.hasPrefix("\""), word.hasSuffix("\"") else { return word }
    return String(word.dropFirst().dropLast())
}

private func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
