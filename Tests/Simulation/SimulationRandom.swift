/// Numbers that look random and come back with their seed (SplitMix64, Steele, Lea and Flood 2014).
struct SimulationRandom: RandomNumberGenerator {
    private var state: UInt64

    /// Neighbouring seeds begin far apart: the state moves by a constant, so that runs would else be shifts of each
    /// other.
    init(seed: UInt64) { state = SimulationRandom.mix(seed ^ 0xD1B5_4A32_D192_ED03) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SimulationRandom.mix(state)
    }

    private static func mix(_ state: UInt64) -> UInt64 {
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A number from 0 to `count` - 1.
    mutating func below(_ count: Int) -> Int { Int(truncatingIfNeeded: ((next() >> 32) &* UInt64(count)) >> 32) }

    /// True once in `rarity` times.
    mutating func oneIn(_ rarity: Int) -> Bool { below(rarity) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }
}
