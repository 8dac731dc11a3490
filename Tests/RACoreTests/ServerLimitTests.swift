import RACore
import Testing

/// The server's own limit of slots, for when no agent looks.
@Suite struct ServerLimitTests {
    private static let giga: UInt64 = 1 << 30
    private let limits = SlotLimits(share: 50)

    private func facts(
        own: UInt64? = nil,
        inEffect: UInt64?? = nil,
        elsewhere: Observed<Bool> = .known(false),
        others: Bool = false,
        room: UInt64? = 100 * ServerLimitTests.giga,
        cycle: UInt64 = ServerLimitTests.giga
    ) -> ServerLimitFacts {
        ServerLimitFacts(
            own: own,
            inEffect: inEffect ?? own,
            isSetElsewhere: elsewhere,
            hasOtherSlots: others,
            room: room,
            cycle: cycle
        )
    }

    @Test func roomForACheckpointIsLeft() {
        guard case .set(let megabytes) = decideServerLimit(facts(), limits: limits) else {
            Issue.record("no limit is set")
            return
        }
        #expect((89 * 1024 - 1...89 * 1024).contains(megabytes))
    }

    /// Nearer than the agent's own limit it would act before the agent has warned.
    @Test func itIsNeverTheNearerLimit() {
        let wide = facts(cycle: 80 * Self.giga)
        guard case .set(let megabytes) = decideServerLimit(wide, limits: limits) else {
            Issue.record("no limit is set")
            return
        }
        #expect((50 * 1024 - 1...50 * 1024).contains(megabytes))
    }

    @Test func smallChangesAreNotWorthAReload() {
        #expect(decideServerLimit(facts(own: 89_000), limits: limits) == .leave)
        #expect(decideServerLimit(facts(own: 50_000), limits: limits) == .set(89 * 1024))
    }

    @Test func whatIsAnotherOnesCounts() {
        #expect(decideServerLimit(facts(elsewhere: .known(true)), limits: limits) == .leave)
        #expect(decideServerLimit(facts(own: 5, elsewhere: .known(true)), limits: limits) == .remove)
        #expect(decideServerLimit(facts(own: 5, elsewhere: .unknown(why: "?")), limits: limits) == .leave)
        // The server would give up slots of others, too.
        #expect(decideServerLimit(facts(own: 5, others: true), limits: limits) == .remove)
        #expect(decideServerLimit(facts(others: true), limits: limits) == .leave)
        #expect(decideServerLimit(facts(own: 5), limits: SlotLimits(share: 0)) == .remove)
        #expect(decideServerLimit(facts(room: nil), limits: limits) == .leave)
        #expect(decideServerLimit(facts(room: 10), limits: limits) == .leave)
    }

    /// An agent that was killed before the server had read its file left a promise, or a threat to others' slots.
    @Test func whatIsWrittenComesIntoEffect() {
        #expect(decideServerLimit(facts(own: 89_000, inEffect: .some(nil)), limits: limits) == .reload)
        #expect(decideServerLimit(facts(own: 89_000, inEffect: 5), limits: limits) == .reload)
        #expect(decideServerLimit(facts(own: nil, inEffect: 5, others: true), limits: limits) == .reload)
        #expect(decideServerLimit(facts(own: nil, inEffect: 5), limits: SlotLimits(share: 0)) == .reload)
    }
}
