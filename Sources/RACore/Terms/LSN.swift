/// A byte position in the WAL, PostgreSQL's type `pg_lsn`.
public struct LSN: Sendable, Hashable, Comparable {
    /// The position in bytes from the start of the WAL address space.
    public let bytes: UInt64

    public init(bytes: UInt64) { self.bytes = bytes }

    /// Parses PostgreSQL's text form, two hexadecimal numbers parted by a slash ("16/B374D848").
    ///
    /// - Returns: nil when the text has another form; a number too large for 32 bits is another form.
    public init?<Text: StringProtocol>(_ text: Text) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let high = LSN.word(parts[0]), let low = LSN.word(parts[1]) else { return nil }
        bytes = UInt64(high) << 32 | UInt64(low)
    }

    /// Parses the incumbent's attribute form, sixteen hexadecimal digits ("00000016B374D848").
    public init?<Text: StringProtocol>(digits text: Text) {
        guard text.utf8.count == 16, text.utf8.allSatisfy(isHexDigit), let bytes = UInt64(text, radix: 16) else {
            return nil
        }
        self.bytes = bytes
    }

    private static func word<Text: StringProtocol>(_ text: Text) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy(isHexDigit) else { return nil }
        return UInt32(text, radix: 16)
    }

    public static func < (left: LSN, right: LSN) -> Bool { left.bytes < right.bytes }

    /// The sixteen-digit form that node attributes hold, so that text order equals number order.
    public var digits: String { paddedHex(bytes, width: 16) }

    /// The bytes from an earlier position to this one; 0 when the other is later.
    public func distance(from earlier: LSN) -> UInt64 { bytes > earlier.bytes ? bytes - earlier.bytes : 0 }
}

extension LSN: CustomStringConvertible {
    /// PostgreSQL's text form.
    public var description: String {
        String(bytes >> 32, radix: 16, uppercase: true) + "/"
            + String(bytes & 0xFFFF_FFFF, radix: 16, uppercase: true)
    }
}

func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
}

func paddedHex(_ value: UInt64, width: Int) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
