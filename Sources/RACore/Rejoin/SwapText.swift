/// The record of a swap as a text: a line a thing, its words apart by spaces.
extension SwapRecord {
    private static let head = "pgsql-swift-swap 1"

    public var text: String {
        var lines = [SwapRecord.head, "phase \(phase.rawValue) \(canGoBack ? "back" : "onward")"]
        lines.append((["layout", layout.major] + layout.mounted).map(percentEncoded).joined(separator: " "))
        for place in layout.places {
            let words = ["place", place.role.word, place.isInside ? "inside" : "beside"]
            let paths = [place.link, place.directory, place.source].map(percentEncoded)
            lines.append((words + paths).joined(separator: " "))
        }
        lines += out.map { "out \(percentEncoded($0.from)) \(percentEncoded($0.to))" }
        lines += into.map { "into \(percentEncoded($0.from)) \(percentEncoded($0.to))" }
        return (lines + ["end", ""]).joined(separator: "\n")
    }

    /// Parses a record; nil for half of one, or another form.
    public init?(text: String) {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: false) }
        guard lines.count > 3, text.hasPrefix(SwapRecord.head + "\n"), lines.last == ["end"],
            lines[1].count == 3, lines[1][0] == "phase", let phase = Phase(rawValue: String(lines[1][1])),
            lines[2].count >= 2, lines[2][0] == "layout"
        else { return nil }
        var places: [CopyPlace] = []
        var moves: (out: [SwapMove], into: [SwapMove]) = ([], [])
        for line in lines[3...].dropLast() {
            let words = line.map { percentDecoded($0) }
            switch words[0] {
            case "out" where words.count == 3: moves.out.append(SwapMove(from: words[1], to: words[2]))
            case "into" where words.count == 3: moves.into.append(SwapMove(from: words[1], to: words[2]))
            case "place" where words.count == 6:
                guard let role = CopyRole(word: words[1]) else { return nil }
                let isInside = words[2] == "inside"
                places.append(
                    CopyPlace(role: role, link: words[3], directory: words[4], isInside: isInside, source: words[5])
                )
            case _: return nil
            }
        }
        guard places.first?.role == .data else { return nil }
        self.init(
            phase: phase,
            canGoBack: lines[1][2] == "back",
            layout: CopyLayout(
                major: percentDecoded(lines[2][1]),
                places: places,
                mounted: lines[2].dropFirst(2).map { percentDecoded($0) }
            ),
            out: moves.out,
            into: moves.into
        )
    }
}

extension CopyRole {
    fileprivate var word: String {
        switch self {
        case .data: "data"
        case .wal: "wal"
        case .tablespace(let oid): "tablespace=\(oid)"
        case .formerTablespace(let oid): "former=\(oid)"
        }
    }

    fileprivate init?(word: String) {
        let parts = word.split(separator: "=")
        let oid = parts.last.flatMap { UInt32($0) }
        switch (parts.first, oid) {
        case ("data", nil): self = .data
        case ("wal", nil): self = .wal
        case ("tablespace", let oid?): self = .tablespace(oid: oid)
        case ("former", let oid?): self = .formerTablespace(oid: oid)
        case _: return nil
        }
    }
}

/// A word without spaces and line ends: those bytes and "%" become "%" and two hexadecimal digits.
private func percentEncoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
        if byte > 0x20, byte != UInt8(ascii: "%"), byte != 0x7F {
            bytes.append(byte)
        } else {
            bytes += Array("%\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func percentDecoded(_ word: some StringProtocol) -> String {
    let bytes = Array(word.utf8)
    var plain: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
            let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
        {
            plain.append(byte)
            index += 3
        } else {
            plain.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: plain, as: UTF8.self)
}
