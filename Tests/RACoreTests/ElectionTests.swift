import RACore
import Testing

@Suite struct ElectionTests {
    private func decide(
        _ own: String,
        _ ballots: [Ballot],
        mode: ReplicationMode = .sync,
        looks: Int = 0,
        patience: Int = 3
    ) -> ElectionVerdict {
        decideElection(own: own, ballots: ballots, mode: mode, confirmations: looks, patience: patience)
    }

    @Test func timelineCountsBeforeLSN() {
        let ballots = [
            Build.ballot("alpha", .latest, Build.published(1, 900)),
            Build.ballot("beta", .synchronous, Build.published(2, 100)),
        ]
        #expect(decide("beta", ballots) == .won)
        #expect(decide("alpha", ballots) == .lost(to: "beta"))
    }

    @Test func tiesGoToTheFirstOfTheList() {
        let ballots = Build.nodes.map { Build.ballot($0, .none, Build.published(1, 100)) }
        #expect(decide("alpha", ballots) == .won)
        #expect(decide("beta", ballots) == .lost(to: "alpha"))
        #expect(decide("gamma", ballots) == .lost(to: "alpha"))
    }

    @Test func whoMayLackCommitsIsBarredHoweverFarItCame() {
        let ballots = [
            Build.ballot("alpha", .latest, nil, isOnline: false),
            Build.ballot("beta", .synchronous, Build.published(1, 100)),
            Build.ballot("gamma", .asynchronous, Build.published(2, 999)),
        ]
        #expect(decide("gamma", ballots) == .barred(holders: ["alpha", "beta"]))
        #expect(decide("beta", ballots) == .won)
    }

    /// In synchronous mode every holder has all that was acknowledged: an absent one isn't waited for.
    @Test func anAbsentHolderIsAwaitedInAsyncOnly() {
        let ballots = [
            Build.ballot("alpha", .latest, nil, isOnline: false),
            Build.ballot("beta", .synchronous, Build.published(1, 100)),
        ]
        #expect(decide("beta", ballots, mode: .sync, looks: 0) == .won)
        #expect(decide("beta", ballots, mode: .async, looks: 2) == .waiting(missing: ["alpha"]))
        #expect(decide("beta", ballots, mode: .async, looks: 3) == .won)
    }

    @Test func aPresentHolderIsAwaitedLonger() {
        let ballots = [
            Build.ballot("alpha", .latest, nil), Build.ballot("beta", .synchronous, Build.published(1, 100)),
        ]
        #expect(decide("beta", ballots, looks: 8) == .waiting(missing: ["alpha"]))
        #expect(decide("beta", ballots, looks: 9) == .won)
        #expect(decide("alpha", ballots, looks: 99) == .waiting(missing: ["alpha"]))
    }

    @Test func dataOfAnotherSystemEndsTheElection() {
        let ballots = [
            Build.ballot("alpha", .none, Build.published(1, 100)),
            Build.ballot("beta", .none, Build.published(1, 100, system: 2)),
        ]
        #expect(decide("alpha", ballots) == .foreign(node: "beta"))
        #expect(decide("beta", ballots) == .foreign(node: "alpha"))
    }

    /// Over every pair of ballots beside its own: one winner, the record obeyed, nothing won by what isn't known.
    @Test func atMostOneWins() {
        let records: [DataStatus] = [
            .none, .latest, .disconnected, .synchronous, .asynchronous, .other("CATCHUP|ASYNC"),
        ]
        let positions = [nil, Build.published(1, 100), Build.published(1, 200), Build.published(2, 50)]
        let faces = records.flatMap { record in positions.map { (record, $0) } }
        for mode in [ReplicationMode.sync, .async] {
            for first in faces {
                for second in faces {
                    for third in faces.prefix(12) {
                        check([first, second, third], mode)
                    }
                }
            }
        }
    }

    private func check(_ faces: [(DataStatus, PublishedPosition?)], _ mode: ReplicationMode) {
        let ballots = zip(Build.nodes, faces).map { Build.ballot($0, $1.0, $1.1) }
        let holders = ballots.filter { $0.dataStatus.holdsEverything(in: mode) }
        var winners = 0
        for ballot in ballots where decide(ballot.node, ballots, mode: mode, looks: 99, patience: 1) == .won {
            winners += 1
            guard let own = ballot.position else {
                Issue.record("won without a position: \(ballots)")
                return
            }
            let isEntitled = holders.isEmpty ? ballot.dataStatus == .none : holders.contains(ballot)
            let isBehind = (holders.isEmpty ? ballots.filter { $0.dataStatus == .none } : holders)
                .contains { $0.position.map { $0.position > own.position } ?? false }
            if !isEntitled || isBehind { Issue.record("\(ballot.node) won: \(mode) \(ballots)") }
        }
        if winners > 1 { Issue.record("\(winners) winners: \(mode) \(ballots)") }
    }
}

@Suite struct StandbySupervisionTests {
    private static let own = Build.published(1, 100)

    @Test(arguments: [
        (RecordedRole.promoted, StatusValue?.none, true, false, true), (.promoted, .primary, true, false, true),
        (.promoted, .primary, false, false, false), (.promoted, .primary, true, true, false),
        (.unpromoted, .primary, true, false, true), (.unpromoted, .alone, true, false, false),
        (.unknown, .primary, true, false, true), (.stopped, .primary, true, false, false),
        (.failed, .primary, true, false, false),
    ])
    func findsThePrimary(
        _ role: RecordedRole,
        _ status: StatusValue?,
        _ isOnline: Bool,
        _ isUnclean: Bool,
        _ isFound: Bool
    ) {
        let alpha = Build.node("alpha", status: status, role: role, isOnline: isOnline, isUnclean: isUnclean)
        let cluster = Build.cluster([alpha, Build.node("beta")])
        #expect((primaryElsewhere(Build.set(own: "beta"), cluster: cluster) == "alpha") == isFound)
        #expect(primaryElsewhere(Build.set(own: "alpha"), cluster: cluster) == nil)
    }

    @Test func ballotsTakeTheOwnPositionAsItIsNow() {
        var beta = Build.node("beta", record: "STREAMING|SYNC")
        beta[.position] = Build.published(1, 50).text
        var gamma = Build.node("gamma", record: "LATEST", isOnline: false)
        gamma[.position] = "nonsense"
        let ballots = ballots(Build.set(own: "beta"), own: Self.own, cluster: Build.cluster([beta, gamma]))
        #expect(
            ballots == [
                Build.ballot("alpha", .none, nil, isOnline: false), Build.ballot("beta", .synchronous, Self.own),
                Build.ballot("gamma", .latest, nil, isOnline: false),
            ]
        )
    }

    @Test func standingForElectionPublishesAndPromotesNobody() {
        let set = Build.set(own: "beta")
        var cluster = Build.cluster([Build.node("beta", status: .stop)])
        let effects = standForElection(set, position: Self.own, cluster: cluster)
        #expect(effects.allSatisfy { $0.node == "beta" && !$0.isPositive(in: .async) })
        for effect in effects { cluster.apply(effect) }
        #expect(cluster.node("beta")?[.position] == Self.own.text)
        #expect(cluster.node("beta")?[.xlogLocation] == "0000000000000064")
        #expect(standForElection(set, position: Self.own, cluster: cluster).isEmpty)
    }

    /// Only a victory makes promotable, and only this node.
    @Test(
        arguments: [
            (ElectionVerdict.won, nil, "1000"), (.won, "-INFINITY", "1000"), (.won, "100", nil), (.won, "1000", nil),
            (.lost(to: "alpha"), "100", "-INFINITY"), (.barred(holders: []), "1000", "-INFINITY"),
            (.barred(holders: ["alpha"]), nil, "-INFINITY"), (.foreign(node: "alpha"), "1000", "-INFINITY"),
            (.waiting(missing: ["alpha"]), "100", nil), (.waiting(missing: ["alpha"]), nil, nil),
            (.lost(to: "alpha"), "-INFINITY", nil),
        ] as [(ElectionVerdict, String?, String?)]
    )
    func concludes(_ verdict: ElectionVerdict, _ present: String?, _ score: String?) {
        let cluster = Build.cluster([Build.node("beta", score: present)])
        let effects = concludeElection(verdict, Build.set(own: "beta"), cluster: cluster)
        #expect(effects == (score.map { [.set(.score, node: "beta", value: $0)] } ?? []))
    }

    /// The primary gives no score to a standby that calls itself stopped: it would never be promotable again.
    @Test(
        arguments: [
            (StatusValue.stop, true), (.unknown, true), (nil, true), (.alone, false), (.synchronous, false),
        ] as [(StatusValue?, Bool)]
    )
    func aStandbyThatRunsTakesBackThatItIsStopped(_ status: StatusValue?, _ isTakenBack: Bool) {
        let beta = Build.node("beta", record: "STREAMING|SYNC", status: status)
        let effects = followPrimary(Build.set(own: "beta"), cluster: Build.cluster([Build.primaryNode(), beta]))
        #expect(effects == (isTakenBack ? [.set(.status, node: "beta", value: "HS:alone")] : []))
    }

    @Test func aStandbyThatWasCutOffSaysSoOnceThereIsAPrimary() {
        var beta = Build.node("beta", record: "DISCONNECT", status: .stop)
        beta[.position] = Self.own.text
        let cluster = Build.cluster([Build.primaryNode(), beta])
        #expect(
            followPrimary(Build.set(own: "beta"), cluster: cluster) == [
                .delete(.position, node: "beta"), .set(.status, node: "beta", value: "HS:alone"),
            ]
        )
    }

    /// Before it is started or demoted, and after it is stopped, an instance isn't promotable; its record stays.
    @Test func announcementsTakeTheScoreAndKeepTheRecord() {
        let set = Build.set(own: "beta")
        for announce in [announceStart, announceDemotion, announceStop] {
            var cluster = Build.cluster([Build.primaryNode("beta")])
            let effects = announce(set, cluster)
            #expect(effects.first == .set(.score, node: "beta", value: "-INFINITY"))
            for effect in effects { cluster.apply(effect) }
            #expect(cluster.node("beta")?[.dataStatus] == "LATEST")
            #expect(cluster.node("beta")?[.status] != "PRI")
            #expect(announce(set, cluster).isEmpty)
        }
    }
}
