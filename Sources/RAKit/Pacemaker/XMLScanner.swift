/// Why a text isn't the XML that was expected.
public struct XMLFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in one clause.
    public let problem: String
    /// Where, counted in bytes from 0.
    public let byteOffset: Int

    public var description: String { "\(problem) at byte \(byteOffset)" }
}

/// Pulls elements and their attributes out of an XML text, one tag at a time.
///
/// As much of XML as Pacemaker writes: elements, attributes, character references. Text between tags, comments, CDATA
/// sections and processing instructions are passed over; a document type declaration is an error. Names and values are
/// compared as bytes: a String is made only of what is asked for.
struct XMLScanner {
    enum Event: Equatable {
        case start
        /// Also follows the start of an element that has no content (`<a/>`).
        case end
    }

    private struct Attribute {
        var name: Range<Int>
        var value: Range<Int>
    }

    private let bytes: [UInt8]
    private var position = 0
    private var open: [Range<Int>] = []
    private var attributes: [Attribute] = []
    private var name = 0..<0
    /// An empty element's end is still to be reported.
    private var isEndPending = false
    private var hasRoot = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        open.reserveCapacity(16)
        attributes.reserveCapacity(32)
    }

    /// How many elements are open; an element counts from its start until its end is reported.
    var depth: Int { open.count }

    /// The name of the element whose start or end was reported last.
    var elementName: String { String(decoding: bytes[name], as: UTF8.self) }

    /// Where the scanner stands, in bytes from the start.
    var byteOffset: Int { position }

    /// Whether the element that was reported last has this name.
    func isNamed(_ text: StaticString) -> Bool { matches(name, text) }

    /// The start or end of the next element; nil at the end of the document.
    mutating func next() throws(XMLFault) -> Event? {
        if isEndPending {
            isEndPending = false
            open.removeLast()
            return .end
        }
        while let tag = position < bytes.count ? bytes[position...].firstIndex(of: UInt8(ascii: "<")) : nil {
            position = tag + 1
            switch byte(position) {
            case UInt8(ascii: "!"): try passDeclaration()
            case UInt8(ascii: "?"): try pass(1, to: "?>", what: "a processing instruction")
            case UInt8(ascii: "/"): return try endTag()
            case _: return try startTag()
            }
        }
        position = bytes.count
        if let unclosed = open.last {
            throw fault("the text ends inside element \"\(String(decoding: bytes[unclosed], as: UTF8.self))\"")
        }
        guard hasRoot else { throw fault("there is no element") }
        return nil
    }

    /// Moves to the next child of the element at `parent`, past whatever the children before it hold.
    ///
    /// - Parameter parent: the depth at which the parent's start was reported.
    /// - Returns: false when the parent has no more children; its end has been read then.
    mutating func nextChild(of parent: Int) throws(XMLFault) -> Bool {
        while let event = try next() {
            switch event {
            case .start: if depth == parent + 1 { return true }
            case .end: if depth < parent { return false }
            }
        }
        return false
    }

    /// Moves to the next child that has this name.
    mutating func nextChild(of parent: Int, named name: StaticString) throws(XMLFault) -> Bool {
        while try nextChild(of: parent) {
            if isNamed(name) { return true }
        }
        return false
    }

    /// The value of an attribute of the element whose start was reported last.
    func attribute(_ attribute: StaticString) throws(XMLFault) -> String? {
        guard let range = range(of: attribute) else { return nil }
        return try decoded(range)
    }

    /// Whether an attribute is there and has this value. Only for values without `&`, `<` and quotes.
    func attribute(_ attribute: StaticString, is value: StaticString) -> Bool {
        range(of: attribute).map { matches($0, value) } ?? false
    }

    /// Whether an attribute is there and its bytes, character references as written, meet a condition.
    func attribute(_ attribute: StaticString, meets condition: (ArraySlice<UInt8>) -> Bool) -> Bool {
        range(of: attribute).map { condition(bytes[$0]) } ?? false
    }

    private func range(of attribute: StaticString) -> Range<Int>? {
        for candidate in attributes where matches(candidate.name, attribute) { return candidate.value }
        return nil
    }

    private func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { buffer in
            for offset in 0..<buffer.count where bytes[range.lowerBound + offset] != buffer[offset] { return false }
            return true
        }
    }

    private func byte(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

    private func fault(_ problem: String, at offset: Int? = nil) -> XMLFault {
        XMLFault(problem: problem, byteOffset: offset ?? position)
    }
}

// MARK: - Tags

extension XMLScanner {
    private mutating func startTag() throws(XMLFault) -> Event {
        guard !open.isEmpty || !hasRoot else { throw fault("a second root element") }
        name = try readName("an element")
        attributes.removeAll(keepingCapacity: true)
        while true {
            let hasBlank = skipBlanks()
            switch byte(position) {
            case UInt8(ascii: ">"):
                position += 1
                hasRoot = true
                open.append(name)
                return .start
            case UInt8(ascii: "/"):
                guard byte(position + 1) == UInt8(ascii: ">") else { throw fault("a lone \"/\" in a tag") }
                position += 2
                hasRoot = true
                isEndPending = true
                open.append(name)
                return .start
            case _:
                guard hasBlank else { throw fault("no blank before an attribute, or a tag that isn't closed") }
                try readAttribute()
            }
        }
    }

    private mutating func endTag() throws(XMLFault) -> Event {
        let start = position - 1
        position += 1
        name = try readName("an end tag")
        _ = skipBlanks()
        guard byte(position) == UInt8(ascii: ">") else { throw fault("an end tag that isn't closed") }
        position += 1
        guard let last = open.last, last.count == name.count, bytes[last].elementsEqual(bytes[name]) else {
            throw fault("end tag \"\(elementName)\" closes nothing that is open", at: start)
        }
        open.removeLast()
        return .end
    }

    private mutating func readAttribute() throws(XMLFault) {
        let attribute = try readName("an attribute")
        _ = skipBlanks()
        guard byte(position) == UInt8(ascii: "=") else { throw fault("an attribute without \"=\"") }
        position += 1
        _ = skipBlanks()
        let quote = byte(position)
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw fault("an attribute value without quotes")
        }
        let start = position + 1
        var end = start
        while end < bytes.count, bytes[end] != quote { end += 1 }
        guard end < bytes.count else { throw fault("an attribute value that isn't closed") }
        attributes.append(Attribute(name: attribute, value: start..<end))
        position = end + 1
    }

    private mutating func readName(_ what: String) throws(XMLFault) -> Range<Int> {
        let start = position
        while position < bytes.count, isNameByte(bytes[position]) { position += 1 }
        guard position > start else { throw fault("\(what) without a name") }
        return start..<position
    }

    /// Whether there was any.
    private mutating func skipBlanks() -> Bool {
        let start = position
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        return position > start
    }

    private mutating func passDeclaration() throws(XMLFault) {
        if byte(position + 1) == UInt8(ascii: "-"), byte(position + 2) == UInt8(ascii: "-") {
            return try pass(3, to: "-->", what: "a comment")
        }
        guard byte(position + 1) == UInt8(ascii: "[") else {
            throw fault("a document type declaration, which has no place here", at: position - 1)
        }
        try pass(2, to: "]]>", what: "a CDATA section")
    }

    /// Passes over an opening mark and everything to the end of a closing one.
    private mutating func pass(_ opening: Int, to end: StaticString, what: String) throws(XMLFault) {
        let start = position - 1
        let length = end.utf8CodeUnitCount
        position += opening
        while position + length <= bytes.count {
            if matches(position..<(position + length), end) {
                position += length
                return
            }
            position += 1
        }
        throw fault("\(what) that isn't closed", at: start)
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

/// Everything that can't stand in a name ends it; which letters may begin one doesn't matter to a reader.
private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x00...0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "\""),
        UInt8(ascii: "'"), UInt8(ascii: "&"):
        false
    case _: true
    }
}

// MARK: - Character references

extension XMLScanner {
    private func decoded(_ range: Range<Int>) throws(XMLFault) -> String {
        guard bytes[range].contains(UInt8(ascii: "&")) else { return String(decoding: bytes[range], as: UTF8.self) }
        var text: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "&") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            guard let end = bytes[index..<range.upperBound].firstIndex(of: UInt8(ascii: ";")),
                let replacement = character(String(decoding: bytes[(index + 1)..<end], as: UTF8.self))
            else { throw fault("an unknown character reference", at: index) }
            text.append(contentsOf: replacement.utf8)
            index = end + 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func character(_ reference: String) -> String? {
        switch reference {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        case _:
            let digits = reference.dropFirst(2)
            let number =
                reference.hasPrefix("#x")
                ? UInt32(digits, radix: 16)
                : reference.hasPrefix("#") ? UInt32(reference.dropFirst()) : nil
            return number.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
        }
    }
}
