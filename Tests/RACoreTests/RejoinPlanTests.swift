import RACore
import Testing

/// How a node is brought back.
@Suite struct RejoinPlanTests {
    private static let position = WALPosition(timeline: TimelineID(2).unsafelyUnwrapped, lsn: LSN(bytes: 77))

    private func plan(
        _ instance: RejoinInstance,
        primaries: [String] = ["alpha"],
        isInStandbyMode: Bool = false,
        isInMaintenance: Bool = false
    ) -> RejoinPlan {
        decideRejoin(
            RejoinFacts(
                node: "beta",
                primaries: primaries,
                isInStandbyMode: isInStandbyMode,
                isInMaintenance: isInMaintenance,
                instance: instance
            )
        )
    }

    @Test func dataThatHaveNothingOfTheirOwnGoOn() {
        #expect(plan(.stopped(.ancestor)) == .follow(primary: "alpha"))
        #expect(plan(.following) == .nothing)
    }

    @Test(arguments: [
        LocalData.absent, .unreadable(why: "w"), .foreign(ours: 1, theirs: 2), .diverged(at: RejoinPlanTests.position),
    ])
    func dataThatCantGoOnAreReplacedByACopy(_ data: LocalData) {
        #expect(plan(.stopped(data)) == .copy(primary: "alpha", data))
        #expect(data.finding(primary: "alpha") != LocalData.ancestor.finding(primary: "alpha"))
    }

    /// S8: what isn't known is no reason to replace anything.
    @Test func ignoranceChangesNothing() {
        #expect(plan(.stopped(.unknown(why: "no route"))) == .refuse(.notComparable(why: "no route")))
        #expect(plan(.busy(why: "it starts")) == .refuse(.busy(why: "it starts")))
        #expect(plan(.stopped(.ancestor), primaries: []) == .refuse(.noPrimary))
    }

    @Test func whatRunsIsLeftAlone() {
        #expect(plan(.deaf) == .refuse(.deaf("beta", primary: "alpha")))
        #expect(plan(.primary) == .refuse(.isAnotherPrimary(than: "alpha")))
        #expect(plan(.primary, primaries: ["BETA"]) == .refuse(.isThePrimary))
    }

    @Test func twoPrimariesAreNoPlaceToReturnTo() {
        let two = plan(.stopped(.absent), primaries: ["alpha", "gamma"])
        #expect(two == .refuse(.severalPrimaries(["alpha", "gamma"])))
        #expect(RejoinRefusal.severalPrimaries(["alpha", "gamma"]).isUnsafe)
        #expect(RejoinRefusal.isAnotherPrimary(than: "alpha").isUnsafe)
        #expect(!RejoinRefusal.noPrimary.isUnsafe)
    }

    @Test func aNodeThatRunsNothingIsSaidToBeOne() {
        #expect(plan(.stopped(.ancestor), isInStandbyMode: true) == .refuse(.standbyMode("beta")))
        #expect(plan(.stopped(.diverged(at: Self.position)), isInMaintenance: true) == .refuse(.maintenance))
        #expect(plan(.following, isInStandbyMode: true) == .nothing)
    }

    @Test func everyRefusalNamesTheNextStep() {
        for refusal in [
            RejoinRefusal.noPrimary, .severalPrimaries(["a", "b"]), .isAnotherPrimary(than: "a"), .standbyMode("b"),
            .maintenance, .deaf("b", primary: "a"), .busy(why: "w"), .notComparable(why: "w"),
        ] { #expect(refusal.text.contains("HINT: "), "\(refusal)") }
    }
}
