import RACore
import Testing

/// What an operator may give up, and what not.
@Suite struct LossPlanTests {
    private let record = Build.record("alpha", lsn: 50, term: 3)

    private func position(_ lsn: UInt64) -> PublishedPosition { Build.published(1, lsn, seen: record.stamp) }

    private func plan(
        _ positions: [String: PublishedPosition],
        wanted: String? = nil,
        _ change: (inout ClusterObservation) -> Void = { _ in }
    ) -> Result<LossPlan, LossRefusal> {
        var cluster = Build.cluster(Build.nodes.map { Build.node($0, isOnline: $0 != "alpha") })
        change(&cluster)
        return planLoss(
            Build.set(),
            positions: positions.keys.sorted().map { NodePosition(node: $0, position: positions[$0] ?? position(0)) },
            record: record,
            cluster: cluster,
            wanted: wanted
        )
    }

    @Test func theFurthestIsPromotedAndEverybodyAgrees() throws {
        let here = ["beta": position(80), "gamma": position(90)]
        let plan = try plan(here).get()
        #expect(plan.candidate == "gamma" && plan.givenUp == ["alpha"])
        #expect(plan.record.stamp > record.stamp && plan.record.isLossAccepted)
        // The nodes, who see the record, choose the same.
        let ballots = Build.nodes.map { Build.ballot($0, here[$0]) }
        #expect(
            choosePrimary(ballots, record: plan.record, mode: .sync)
                == .chosen("gamma", because: .lastPrimary("gamma"))
        )
    }

    /// Of two nodes the one that is left has been away since its node booted: the operator's word counts all the same.
    @Test func halfOfTheNodesGoesByTheOperatorsWord() throws {
        var beta = position(80)
        beta.hasTakenPart = false
        let two = [Build.ballot("alpha", nil), Build.ballot("beta", beta)]
        #expect(choosePrimary(two, record: record, mode: .sync) == .lacking(["alpha"]))
        let accepted = try plan(["beta": beta]).get().record
        #expect(choosePrimary(two, record: accepted, mode: .sync) == .chosen("beta", because: .lastPrimary("beta")))
    }

    @Test func theOperatorMayName() throws {
        let here = ["beta": position(80), "gamma": position(90)]
        #expect(try plan(here, wanted: "BETA").get().candidate == "beta")
        #expect(plan(here, wanted: "alpha") == .failure(.notACandidate("alpha", here: ["beta", "gamma"])))
    }

    @Test func nothingIsGivenUpWithoutNeed() {
        #expect(plan(["alpha": position(95)]) { $0.nodes[0].isOnline = true } == .failure(.needless("alpha")))
        #expect(plan(["beta": position(80)]) { $0.hasQuorum = false } == .failure(.noQuorum))
        #expect(
            plan(["beta": position(80)]) { $0.nodes[2].resourceRole = .promoted } == .failure(.primaryRuns("gamma"))
        )
        #expect(plan([:]) == .failure(.nobodyIsHere))
        #expect(plan(["alpha": position(95)]) == .failure(.nobodyIsHere), "it isn't online")
        #expect(plan(["beta": position(80)]) { $0.nodes[1].resourceRole = .stopped } == .failure(.nobodyIsHere))
    }

    @Test func everyRefusalNamesWhatItSaw() {
        for refusal in [
            LossRefusal.primaryRuns("alpha"), .needless("alpha"), .notACandidate("alpha", here: ["beta"]),
            .mustChoose(["alpha", "beta"]),
        ] { #expect(refusal.text.contains("alpha")) }
    }
}
