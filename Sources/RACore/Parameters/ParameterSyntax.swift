/// The longest name PostgreSQL keeps whole, in bytes: NAMEDATALEN - 1.
///
/// It bounds slot names and `application_name`, and so node names.
public let longestPostgreSQLName = 63

/// The words that mean true: exactly those of the OCF shell library's `ocf_is_true`.
let trueWords = ["yes", "true", "1", "YES", "TRUE", "True", "ja", "on", "ON"]

/// The opposites of `trueWords`. The shell library takes every other text for false; here it is a problem.
let falseWords = ["no", "false", "0", "NO", "FALSE", "False", "nein", "off", "OFF"]

func truthValue(_ text: String) -> Bool? {
    if trueWords.contains(text) { return true }
    return falseWords.contains(text) ? false : nil
}

/// Reads decimal digits with an optional minus sign; nothing else is a number, not even blanks around one.
func readInteger(_ text: String, in range: ClosedRange<Int>, default standard: Int) -> Result<Int, ValueFault> {
    let digits = text.hasPrefix("-") ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
        return .failure(.notAnInteger(range: range, default: standard))
    }
    // A number too large for Int is out of any range.
    guard let number = Int(text), range.contains(number) else {
        return .failure(.outOfRange(range: range, default: standard))
    }
    return .success(number)
}

/// Splits at white space; several blanks count as one.
func wordsOf(_ text: String) -> [String] {
    text.utf8.split(whereSeparator: isBlank).map { String(decoding: $0, as: UTF8.self) }
}

/// A line break would end a configuration file's line, and PostgreSQL has no escape for one there.
func faultOfLine(_ text: String) -> ValueFault? {
    text.utf8.contains { $0 == 0x0A || $0 == 0x0D } ? .lineBreak : nil
}

func isSlotNameByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
}

/// The name of the replication slot kept for a node: the base, an underscore and the node's name in lower case.
///
/// Each byte outside a-z, 0-9 and _ becomes an underscore, as in the incumbent agent. Distinct nodes can so get one name:
/// `validateParameters` finds that.
public func slotName(base: String, node: String) -> String {
    let bytes = node.utf8.map { byte in
        let lower = lowerCased(byte)
        return isSlotNameByte(lower) ? lower : UInt8(ascii: "_")
    }
    return base + "_" + String(decoding: bytes, as: UTF8.self)
}
