import RACore
import Testing

@Suite struct ElectionTests {
    /// Positions by node: alpha, beta, gamma; nil for one that isn't here.
    private func choose(
        _ positions: [PublishedPosition?],
        _ record: ClusterRecord?,
        mode: ReplicationMode = .sync,
        preferred: String? = nil
    ) -> ElectionOutcome {
        let ballots = zip(Build.nodes, positions).map { Build.ballot($0, $1) }
        return choosePrimary(ballots, record: record, mode: mode, preferred: preferred)
    }

    private static func at(_ lsn: UInt64, timeline: UInt32 = 1, seen: RecordStamp? = RecordStamp(term: 1, serial: 1))
        -> PublishedPosition
    { Build.published(timeline, lsn, seen: seen) }

    private let waited = Build.record("alpha", 1, of: ["beta"], lsn: 50)
    private let quorum = Build.record("alpha", 1, of: ["beta", "gamma"], lsn: 50)
    private let alone = Build.record("alpha", lsn: 50)

    @Test func whoCommitsWaitedForIsPromoted() {
        #expect(choose([nil, Self.at(90), nil], waited) == .chosen("beta", because: .synchronous(["beta"])))
        #expect(choose([nil, nil, Self.at(90)], waited) == .lacking(["alpha", "beta"]))
    }

    /// It has all that the synchronous standby has, and more: that one would have to be rewound.
    @Test func whoIsFurtherThanTheSynchronousStandbyIsPromoted() {
        #expect(choose([nil, Self.at(90), Self.at(95)], waited) == .chosen("gamma", because: .synchronous(["beta"])))
        #expect(choose([nil, Self.at(90), Self.at(85)], waited) == .chosen("beta", because: .synchronous(["beta"])))
    }

    @Test func theLastPrimaryBearsWitness() {
        #expect(choose([Self.at(95), nil, Self.at(90)], alone) == .chosen("alpha", because: .lastPrimary("alpha")))
        #expect(choose([Self.at(90), nil, Self.at(90)], alone) == .chosen("alpha", because: .lastPrimary("alpha")))
        #expect(choose([nil, Self.at(90), Self.at(90)], alone) == .lacking(["alpha"]))
    }

    @Test func ofAQuorumOneMayBeMissing() {
        #expect(
            choose([nil, Self.at(80), Self.at(90)], quorum)
                == .chosen("gamma", because: .synchronous(["beta", "gamma"]))
        )
        #expect(choose([nil, Self.at(80), nil], quorum) == .lacking(["alpha", "gamma"]))
        let two = Build.record("alpha", 2, of: ["beta", "gamma"], lsn: 50)
        #expect(choose([nil, Self.at(80), nil], two) == .chosen("beta", because: .synchronous(["beta"])))
    }

    @Test func everybodyTogetherNeedsNoRecord() {
        let all = [Self.at(80), Self.at(90), Self.at(70)]
        let other = Build.record("delta", lsn: 50)
        #expect(choose(all, other) == .chosen("beta", because: .everybody))
        #expect(choose([Self.at(80), Self.at(90), nil], other) == .lacking(["gamma"]))
    }

    /// A record that is older than what a node has seen, or than its data, isn't believed.
    @Test func anOldRecordIsNotBelieved() {
        let later = RecordStamp(term: 2, serial: 1)
        #expect(choose([nil, Self.at(90), Self.at(90, seen: later)], waited) == .lacking(["alpha"]))
        let ahead = Self.at(120, timeline: 2)
        #expect(choose([nil, Self.at(90), ahead], waited) == .lacking(["alpha"]))
        #expect(choose([Self.at(90), Self.at(90), ahead], waited) == .chosen("gamma", because: .everybody))
        #expect(choose([nil, Self.at(90), Self.at(90)], nil) == .lacking(["alpha"]))
    }

    @Test func aNewClusterMayBegin() {
        let new = (0..<3).map { _ in Self.at(90, seen: nil) }
        #expect(choose(new, nil) == .chosen("alpha", because: .new))
        #expect(choose([nil, Self.at(90, seen: nil), nil], nil) == .chosen("beta", because: .new))
    }

    /// A promotion that was cut short: its node may have gone on, and nobody else has what it acknowledged.
    @Test func aPromotionThatWasCutShortIsFinishedByItsNode() {
        let record = Build.record("beta", lsn: 90, isPromoting: true)
        let begun = Self.at(110, timeline: 2)
        #expect(choose([nil, begun, Self.at(90)], record) == .chosen("beta", because: .lastPrimary("beta")))
        #expect(
            choose([nil, begun, Self.at(115, timeline: 2)], record) == .chosen("gamma", because: .lastPrimary("beta"))
        )
        #expect(choose([nil, nil, Self.at(115, timeline: 2)], record) == .lacking(["alpha", "beta"]))
    }

    /// A promotion that was recorded and not carried out: its node is on the timeline of before, and what held then holds.
    @Test func aPromotionThatWasNotCarriedOutChangesNothing() {
        var record = Build.record("beta", lsn: 90, term: 2, isPromoting: true)
        let former = Guarantee(members: ["beta", "gamma"], count: 1)
        record.former = FormerRecord(primary: "alpha", lsn: LSN(bytes: 50), guarantee: former)
        let (beta, gamma) = (Self.at(90, seen: record.stamp), Self.at(95, seen: record.stamp))
        #expect(choose([nil, beta, gamma], record) == .chosen("gamma", because: .synchronous(["beta", "gamma"])))
        #expect(choose([nil, nil, gamma], record) == .lacking(["beta"]), "it may have been carried out")
        #expect(choose([nil, Self.at(91), Self.at(99)], record) == .chosen("gamma", because: .lastPrimary("beta")))
        #expect(ClusterRecord(record.text) == record)
    }

    /// The operator's word outlives a promotion that wasn't carried out.
    @Test func anAcceptedLossStaysAccepted() throws {
        var accepted = Build.record("gamma", lsn: 80, term: 4)
        accepted.isLossAccepted = true
        let here = Self.at(80, seen: accepted.stamp)
        let record = recordOfPromotion(Build.set(own: "gamma"), position: here, record: accepted, keepsFormer: true)
        #expect(ClusterRecord(record.text) == record)
        let gamma = Self.at(80, seen: record.stamp)
        let ballots = [Build.ballot("alpha", nil), Build.ballot("beta", nil), Build.ballot("gamma", gamma)]
        let outcome = choosePrimary(ballots, record: record, mode: .sync)
        #expect(outcome == .chosen("gamma", because: .lastPrimary("gamma")))
    }

    /// A constraint may keep the promoted role from the furthest node: whoever has everything as well goes before it.
    @Test func whoWasChosenInVainLetsAnotherGoFirst() {
        var gamma = Self.at(95)
        gamma.timesSteppedBack = 1
        #expect(PublishedPosition(gamma.text) == gamma)
        let beta = Self.at(90)
        let ofBeta = Build.record("alpha", 1, of: ["beta"], lsn: 50)
        #expect(choose([nil, beta, gamma], ofBeta) == .chosen("beta", because: .synchronous(["beta"])))
        #expect(choose([nil, beta, Self.at(95)], ofBeta) == .chosen("gamma", because: .synchronous(["beta"])))
        // Nobody else has what it has.
        let ofGamma = Build.record("alpha", 1, of: ["gamma"], lsn: 50)
        #expect(choose([nil, beta, gamma], ofGamma) == .chosen("gamma", because: .synchronous(["gamma"])))
        let asynchronous = Build.record("alpha", 0, of: ["beta", "gamma"], lsn: 50)
        #expect(choose([nil, beta, gamma], asynchronous, mode: .async) == .chosen("beta", because: .asynchronous))
        var equal = Self.at(90)
        equal.timesSteppedBack = 1
        #expect(choose([equal, beta, beta], nil) == .chosen("beta", because: .everybody))
        // The turn goes round.
        var twice = equal
        twice.timesSteppedBack = 2
        #expect(choose([equal, twice, twice], nil) == .chosen("alpha", because: .everybody))
    }

    /// Half of the nodes may have been left behind by the other half: who was away since its node booted knows too little.
    @Test func halfOfTheNodesBelieveOnlyWhoHasTakenPart() {
        var away = Self.at(90)
        away.hasTakenPart = false
        #expect(PublishedPosition(away.text) == away)
        let record = Build.record("alpha", lsn: 50)
        func choose(_ alpha: PublishedPosition, _ others: [PublishedPosition?]) -> ElectionOutcome {
            choosePrimary(
                zip(Build.nodes, [alpha] + others).map { Build.ballot($0, $1) },
                record: record,
                mode: .sync
            )
        }
        #expect(choose(away, [nil]) == .lacking(["beta"]))
        #expect(choose(Self.at(90), [nil]) == .chosen("alpha", because: .lastPrimary("alpha")))
        #expect(choose(away, [Self.at(80)]) == .chosen("alpha", because: .lastPrimary("alpha")))
        #expect(choose(away, [Self.at(80), nil]) == .chosen("alpha", because: .lastPrimary("alpha")))
    }

    /// Its data were made anew from something older, or came from a backup.
    @Test func whoIsBehindItsOwnRecordBearsNoWitness() {
        #expect(choose([Self.at(40), nil, Self.at(60)], alone) == .lacking(["beta"]))
        #expect(choose([nil, Self.at(40), nil], waited) == .lacking(["alpha"]))
    }

    @Test func inAsynchronousModeWhoeverStreamedMayBePromoted() {
        let record = Build.record("alpha", 0, of: ["beta"], lsn: 50)
        #expect(
            choose([nil, Self.at(90), Self.at(80)], record, mode: .async) == .chosen("beta", because: .asynchronous)
        )
        #expect(
            choose([nil, Self.at(80), Self.at(90)], record, mode: .async) == .chosen("gamma", because: .asynchronous)
        )
        #expect(choose([nil, nil, Self.at(90)], record, mode: .async) == .lacking(["alpha", "beta"]))
        #expect(choose([nil, Self.at(90), nil], record, mode: .sync) == .lacking(["alpha"]))
    }

    @Test func timelineCountsBeforeLSN() {
        let record = Build.record("alpha", timeline: 2, lsn: 150)
        let ballots = [Self.at(160, timeline: 2), Self.at(900), nil]
        #expect(choose(ballots, record) == .chosen("alpha", because: .lastPrimary("alpha")))
    }

    @Test func dataThatWentAnotherWayAreLeftOut() {
        let twin = Build.published(2, 160, left: [90])
        let record = Build.record("alpha", 1, of: ["gamma"], timeline: 2, lsn: 110)
        let there = Self.at(150, timeline: 2)
        #expect(choose([there, twin, nil], record) == .chosen("alpha", because: .lastPrimary("alpha")))
        #expect(choose([nil, twin, there], record) == .chosen("gamma", because: .synchronous(["gamma"])))
        // Of two that the record names one lacks something, and nothing tells which.
        let both = Build.record("alpha", 1, of: ["beta", "gamma"], timeline: 2, lsn: 110)
        #expect(choose([nil, twin, there], both) == .forked("gamma", from: "beta"))
    }

    @Test func dataOfAnotherSystemAreLeftOut() {
        let stranger = Build.published(5, 900, system: 2)
        #expect(choose([nil, Self.at(90), stranger], waited) == .chosen("beta", because: .synchronous(["beta"])))
        #expect(choose([nil, Self.at(90, seen: nil), stranger], nil) == .foreign("gamma"))
        // Every node was made anew by initdb and copies.
        let anew = [80, 90, 70].map { Build.published(1, $0, system: 2) }
        #expect(choose(anew, waited) == .chosen("beta", because: .everybody))
        #expect(choose([anew[0], anew[1], nil], waited) == .lacking(["alpha", "beta", "gamma"]))
    }

    @Test func tiesGoToTheCandidateThenToTheRecordThenToTheList() {
        let all = [nil, Self.at(90), Self.at(90)]
        let record = Build.record("alpha", 1, of: ["gamma"], lsn: 50)
        #expect(choose(all, record) == .chosen("gamma", because: .synchronous(["gamma"])))
        #expect(choose(all, record, preferred: "beta") == .chosen("beta", because: .synchronous(["gamma"])))
        #expect(choose(all, quorum) == .chosen("beta", because: .synchronous(["beta", "gamma"])))
    }

    @Test func whoIsHereIsAwaited() {
        var ballots = zip(Build.nodes, [nil, Self.at(90), nil]).map { Build.ballot($0, $1) }
        ballots[2].isAwaited = true
        #expect(choosePrimary(ballots, record: waited, mode: .sync) == .awaiting(["gamma"]))
    }

    @Test func anInstanceThatIsStoppedIsNoCandidate() {
        var stopped = Self.at(95)
        stopped.isRunning = false
        #expect(choose([nil, Self.at(90), stopped], waited) == .chosen("beta", because: .synchronous(["beta"])))
        var ballots = zip(Build.nodes, [nil, Self.at(90), stopped]).map { Build.ballot($0, $1) }
        ballots[2].isAwaited = true
        #expect(choosePrimary(ballots, record: waited, mode: .sync) == .awaiting(["gamma"]), "it may be started")
    }

    /// What is published spares the look at the cluster only where that would change nothing.
    @Test func aCandidateMayBeChosenByWhatIsPublished() {
        func isChosen(_ positions: [PublishedPosition?], _ record: ClusterRecord?) -> Bool {
            let told = zip(Build.nodes, positions).compactMap { node, position in
                position.map { NodePosition(node: node, position: $0) }
            }
            return RACore.isChosen("beta", Build.set(own: "gamma"), positions: told, record: record)
        }
        var stopped = Self.at(95)
        stopped.isRunning = false
        #expect(isChosen([stopped, Self.at(90), Self.at(90)], waited))
        #expect(isChosen([nil, Self.at(90), Self.at(80)], waited))
        #expect(!isChosen([nil, Self.at(90), Self.at(91)], waited), "another is further")
        #expect(!isChosen([nil, nil, Self.at(80)], waited), "it hasn't told")
        #expect(!isChosen([nil, Self.at(90), nil], quorum), "another may have more")
        let newer = Self.at(90, seen: RecordStamp(term: 1, serial: 2))
        #expect(!isChosen([nil, newer, newer], waited), "the cluster has a newer record than the one that asks")
        #expect(!isChosen([nil, newer, Self.at(90)], waited), "another has told before the newest record")
        var informed = stopped
        informed.seen = RecordStamp(term: 1, serial: 2)
        #expect(!isChosen([informed, Self.at(90), Self.at(90)], waited), "one that is stopped has seen a newer record")
        var shy = Self.at(90)
        shy.timesSteppedBack = 1
        #expect(!isChosen([nil, shy, Self.at(90)], waited), "it lets others go first")
    }
}
