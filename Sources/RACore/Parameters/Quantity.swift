/// A kind of number that people write with a unit.
public enum QuantityKind: Sendable, Hashable, CaseIterable {
    /// Bytes, with PostgreSQL's units, which are powers of 1024.
    case size
    /// Seconds.
    case duration

    /// The units in lower case, and how many bytes or seconds each is.
    var units: [(name: String, factor: Int)] {
        switch self {
        case .size: [("b", 1), ("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30), ("tb", 1 << 40)]
        case .duration: [("s", 1), ("min", 60), ("h", 3600), ("d", 86_400)]
        }
    }

    /// What such a text may look like.
    var example: String {
        switch self {
        case .size: "20GB"
        case .duration: "7d"
        }
    }

    /// Reads a whole number with or without a unit, in either case; nil for anything else, or too large a number.
    public func read(_ text: String) -> Int? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        let unit = String(
            decoding: text.utf8.dropFirst(digits.count).drop { $0 == UInt8(ascii: " ") }.map(lowerCased),
            as: UTF8.self
        )
        guard let factor = unit.isEmpty ? 1 : units.first(where: { $0.name == unit })?.factor else { return nil }
        let (product, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        return isTooLarge ? nil : product
    }
}

extension ParameterDefinition {
    /// A number with a unit, 0 unless set.
    static func quantity(
        _ name: String,
        of kind: QuantityKind,
        isReloadable: Bool = false,
        _ text: ParameterText,
        _ assign: @escaping @Sendable (inout Parameters, Int) -> Void
    ) -> ParameterDefinition {
        .text(
            name,
            default: "0",
            isReloadable: isReloadable,
            text,
            reading: { kind.read($0) },
            orElse: .notAQuantity(kind),
            assign
        )
    }
}
