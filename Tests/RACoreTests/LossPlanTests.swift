import RACore
import Testing

/// What an operator may give up, and what not.
@Suite struct LossPlanTests {
    private let record = Build.record("alpha", lsn: 50, term: 3)

    private func position(_ lsn: UInt64) -> PublishedPosition { Build.published(1, lsn, seen: record.stamp) }

    private func plan(
        _ positions: [String: PublishedPosition],
        wanted: String? = nil,
        agreed: String? = nil,
        _ change: (inout ClusterObservation) -> Void = { _ in }
    ) -> Result<LossPlan, LossRefusal> {
        var cluster = Build.cluster(Build.nodes.map { Build.node($0, isOnline: $0 != "alpha") })
        change(&cluster)
        return planLoss(
            Build.set(),
            positions: positions.keys.sorted().map { NodePosition(node: $0, position: positions[$0] ?? position(0)) },
            record: record,
            cluster: cluster,
            wanted: wanted,
            agreed: agreed
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
        let named = try plan(here, wanted: "BETA").get()
        #expect(named.candidate == "beta" && named.givenUp == ["alpha", "gamma"], "gamma has more than beta")
        let ballots = Build.nodes.map { Build.ballot($0, here[$0]) }
        #expect(
            choosePrimary(ballots, record: named.record, mode: .sync) == .chosen("beta", because: .lastPrimary("beta"))
        )
        #expect(plan(here, wanted: "alpha") == .failure(.notACandidate("alpha", here: ["beta", "gamma"])))
    }

    /// Of two that were promoted apart also the one with the lower timeline.
    @Test func ofTwoWaysEitherMayBeChosen() throws {
        let here = [
            "beta": Build.published(2, 120, left: [70], seen: record.stamp),
            "gamma": Build.published(3, 130, left: [80, 90], seen: record.stamp), "alpha": position(60),
        ]
        let everybody: (inout ClusterObservation) -> Void = { $0.nodes[0].isOnline = true }
        #expect(plan(here, everybody) == .failure(.mustChoose(["gamma", "beta"])))
        for (wanted, other) in [("beta", "gamma"), ("gamma", "beta")] {
            let plan = try plan(here, wanted: wanted, everybody).get()
            #expect(plan.givenUp == [other])
            let ballots = Build.nodes.map { Build.ballot($0, here[$0]) }
            let outcome = choosePrimary(ballots, record: plan.record, mode: .sync)
            #expect(outcome == .chosen(wanted, because: .lastPrimary(wanted)))
        }
    }

    @Test func ofTwoDatabasesOneMustBeNamed() throws {
        let here = ["beta": Build.published(1, 120, system: 7), "gamma": Build.published(1, 90, system: 8)]
        let unrecorded: [NodePosition] = here.map { NodePosition(node: $0.key, position: $0.value) }
        let cluster = Build.cluster(Build.nodes.map { Build.node($0, isOnline: $0 != "alpha") })
        func plan(_ wanted: String?) -> Result<LossPlan, LossRefusal> {
            planLoss(Build.set(), positions: unrecorded, record: nil, cluster: cluster, wanted: wanted)
        }
        guard case .failure(.mustChoose(let nodes)) = plan(nil) else { return #expect(Bool(false), "one was chosen") }
        #expect(nodes.sorted() == ["beta", "gamma"])
        #expect(try plan("gamma").get().givenUp == ["beta"])
    }

    /// Of a database that was recorded, a stranger is chosen by name only.
    @Test func aStrangerIsNotChosenByItsPosition() throws {
        let stranger = Build.published(1, 900, system: 7, seen: record.stamp)
        let here = ["beta": position(80), "gamma": stranger]
        #expect(try plan(here).get().candidate == "beta")
        let named = try plan(here, wanted: "gamma").get()
        #expect(named.givenUp == ["alpha", "beta"])
        #expect(plan(["gamma": stranger]) == .failure(.mustChoose(["gamma"])))
    }

    @Test func whatWasAgreedToMustStillHold() throws {
        let agreed = try plan(["beta": position(80), "gamma": position(90)]).get()
        func news(_ here: [String: PublishedPosition]) throws -> String? {
            try plan(here).get().news(since: agreed)
        }
        #expect(try news(["beta": position(85), "gamma": position(90)]) == nil)
        #expect(try news(["gamma": position(91)]) == nil, "it loses less than was agreed to")
        #expect(try news(["beta": position(95), "gamma": position(90)])?.hasPrefix("beta, on ") == true)
        #expect(try news(["gamma": position(89)])?.hasPrefix("gamma is on ") == true)
        var moved = agreed
        moved.position = Build.published(2, 95, left: [80], seen: record.stamp)
        #expect(moved.news(since: agreed)?.hasPrefix("gamma is on ") == true, "its data went another way before")
        moved.position = Build.published(1, 90, system: 7, seen: record.stamp)
        #expect(moved.news(since: agreed)?.hasPrefix("gamma is on ") == true, "it is another database")
        var more = agreed
        more.givenUp.append("beta")
        #expect(more.news(since: agreed) == "alpha, beta would be given up now, not alpha")
        #expect(agreed.news(since: more) == "alpha would be given up now, not alpha, beta")
        var back = agreed
        back.told = [NodePosition(node: "alpha", position: position(95))]
        #expect(back.news(since: agreed) == "alpha is here now" && agreed.news(since: back) == nil)
        back.told = []
        back.obstacle = .forked("alpha", from: "gamma")
        #expect(back.news(since: agreed) != nil)
    }

    /// A primary that came and went between question and answer may have acknowledged commits on the candidate's timeline.
    @Test func aPrimaryMeanwhileIsNews() throws {
        let agreed = try plan(["gamma": position(90)]).get()
        var now = try plan(["gamma": position(95)]).get()
        #expect(now.news(since: agreed) == nil)
        now.record.term += 1
        #expect(now.news(since: agreed) == "another was about to be the primary meanwhile")
    }

    /// Another node that is as far may tell its position between the question and the answer.
    @Test func whoIsAsFarChangesNothing() throws {
        let agreed = try plan(["gamma": position(90)]).get()
        let here = ["beta": position(90), "gamma": position(90)]
        #expect(try plan(here).get().candidate == "beta")
        let now = try plan(here, agreed: agreed.candidate).get()
        #expect(now.candidate == "gamma" && now.news(since: agreed) == nil)
        let further = ["beta": position(91), "gamma": position(90)]
        #expect(try plan(further, agreed: agreed.candidate).get().candidate == "beta")
    }

    @Test func whoMayStillBeThePrimaryIsFencedFirst() {
        let lost = plan(["beta": position(80)]) {
            ($0.nodes[0].isUnclean, $0.properties.isFencingEnabled) = (true, true)
        }
        #expect(lost == .failure(.notFenced("alpha")))
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
            .mustChoose(["alpha", "beta"]), .notFenced("alpha"),
        ] { #expect(refusal.text.contains("alpha")) }
    }
}
