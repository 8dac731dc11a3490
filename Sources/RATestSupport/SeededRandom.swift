internal import RAKit

/// Numbers that look random and come back with their seed (SplitMix64, Steele, Lea and Flood 2014).
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Neighbouring seeds begin far apart: the state moves by a constant, so that runs would else be shifts of one another.
    public init(seed: UInt64) { state = SeededRandom.mix(seed ^ 0xD1B5_4A32_D192_ED03) }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SeededRandom.mix(state)
    }

    private static func mix(_ state: UInt64) -> UInt64 {
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// True once in `rarity` times.
    public mutating func oneIn(_ rarity: Int) -> Bool { Int.random(in: 0..<rarity, using: &self) == 0 }

    /// The seeds of a simulation: as many as usual, or as SIMULATION_SEEDS says ("5000", or "17-17" for one alone).
    public static func seeds(usually count: UInt64) -> ClosedRange<UInt64> {
        let bounds = (environmentValue("SIMULATION_SEEDS") ?? "").split(separator: "-").compactMap { UInt64($0) }
        guard let last = bounds.last, last > 0 else { return 1...count }
        return (bounds.count == 2 ? min(bounds[0], last) : 1)...last
    }
}
