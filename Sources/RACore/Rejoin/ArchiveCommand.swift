/// A `restore_command` or another command of its form with its placeholders filled in.
///
/// %f is the file's name, %p where it is to be put, %r the oldest file that must be kept, %% a percent sign
/// (documentation, "Archive Recovery"); anything else stays as it is, as the server leaves it. No quotes are added, as the
/// server adds none: a command has its own, and the values have no character that a shell cares for.
public func expandRestoreCommand(_ command: String, file: String, path: String, oldestKept: String) -> String {
    var text = ""
    var isEscaped = false
    for character in command {
        guard isEscaped else {
            if character == "%" { isEscaped = true } else { text.append(character) }
            continue
        }
        isEscaped = false
        switch character {
        case "f": text += file
        case "p": text += path
        case "r": text += oldestKept
        case "%": text += "%"
        default: text += "%\(character)"
        }
    }
    return isEscaped ? text + "%" : text
}

/// Where an `archive_command` puts its files on its own machine; nil when that can't be told.
///
/// It can where the command's last word with %f is a plain path that ends in the file's name, whatever suffix follows:
/// `cp %p /archive/%f`, `test ! -f /archive/%f && install -m 0600 %p "/archive/%f"`, `gzip < %p > /archive/%f.gz`.
public func archiveDirectory(ofArchiveCommand command: String) -> String? {
    directory(of: command, placeholder: "%f")
}

/// Where a `restore_command` takes its files from on its own machine; nil when that can't be told.
public func archiveDirectory(ofRestoreCommand command: String) -> String? {
    directory(of: command, placeholder: "%f")
}

private func directory(of command: String, placeholder: String) -> String? {
    guard let words = shellWords(command) else { return nil }
    // What another machine's shell does with a path says nothing of this one's.
    let remote = ["ssh", "rsh", "scp", "sftp", "curl", "wget"]
    guard !words.contains(where: { word in remote.contains(String(word.split(separator: "/").last ?? "")) }) else {
        return nil
    }
    for word in words.reversed() {
        var path = word[...]
        while let first = path.first, first == ">" || first == "<" { path = path.dropFirst() }
        for prefix in ["of=", "if="] where path.hasPrefix(prefix) { path = path.dropFirst(prefix.count) }
        guard let place = path.lastSlash, path[path.index(after: place)...].hasPrefix(placeholder) else { continue }
        let directory = path[..<place]
        let suffix = path[path.index(place, offsetBy: placeholder.count + 1)...]
        let isPlain =
            !directory.contains { "%$`*?[{~".contains($0) } && suffix.allSatisfy { $0 == "." || $0.isASCIIWord }
        guard directory.hasPrefix("/"), isPlain else { return nil }
        return String(directory)
    }
    return nil
}

/// A command's words without their quotes, as far as a simple command goes; nil when a quote isn't closed.
private func shellWords(_ command: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    for character in command {
        if isEscaped {
            word = (word ?? "") + String(character)
            isEscaped = false
        } else if let open = quote {
            if character == open { quote = nil } else { word = (word ?? "") + String(character) }
        } else if character == "\\" {
            isEscaped = true
        } else if character == "'" || character == "\"" {
            quote = character
            word = word ?? ""
        } else if character.isWhitespace || ";|&()".contains(character) {
            if let word { words.append(word) }
            word = nil
        } else if character == ">" || character == "<" {
            if let word { words.append(word) }
            word = ""
        } else {
            word = (word ?? "") + String(character)
        }
    }
    guard quote == nil, !isEscaped else { return nil }
    return words + [word].compactMap { $0 }
}

extension Substring {
    fileprivate var lastSlash: Index? { lastIndex(of: "/") }
}

extension Character {
    fileprivate var isASCIIWord: Bool { isASCII && (isLetter || isNumber) }
}
