import RACore
import Testing

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
        #expect(cast(["beta": Build.published(1, 50)]) == [nil, Self.own, nil])
    }

    private func cast(
        _ published: [String: PublishedPosition],
        own: PublishedPosition = own,
        _ change: (inout ClusterObservation) -> Void = { _ in }
    ) -> [PublishedPosition?] {
        ballots(published, own: own, change).map(\.position)
    }

    private func ballots(
        _ published: [String: PublishedPosition],
        own: PublishedPosition = own,
        isPatient: Bool = true,
        _ change: (inout ClusterObservation) -> Void = { _ in }
    ) -> [Ballot] {
        var cluster = Build.cluster(Build.nodes.map { Build.node($0) })
        change(&cluster)
        return RACore.ballots(
            Build.set(own: "beta"),
            positions: published.map { NodePosition(node: $0.key, position: $0.value) }.with("beta", own),
            own: "beta",
            cluster: cluster,
            isPatient: isPatient
        )
    }

    /// What a node told before the last promotion, or before it was lost or failed, is no vote.
    @Test func anOldPositionIsNoVote() {
        let stale = Build.published(1, 100, seen: RecordStamp(term: 0, serial: 9))
        #expect(cast(["alpha": Self.own, "gamma": stale]) == [Self.own, Self.own, nil])
        #expect(cast(["alpha": Self.own]) { $0.nodes[0].isOnline = false } == [nil, Self.own, nil])
        #expect(cast(["alpha": Self.own]) { $0.nodes[0].resourceRole = .failed } == [nil, Self.own, nil])
        let new = Build.published(1, 100, seen: nil)
        #expect(cast(["alpha": new], own: new) == [new, new, nil])
    }

    /// A node that failed has no vote, and still knows of commits that were acknowledged without the others: its record was
    /// the newer one, and the cluster has lost it.
    @Test func whatAFailedNodeHasSeenCounts() {
        let newer = RecordStamp(term: 2, serial: 4)
        let told = ballots(["alpha": Build.published(1, 100, seen: newer)]) {
            ($0.nodes[0].resourceRole, $0.nodes[2].isOnline) = (.failed, false)
        }
        #expect(told[0].position == nil && told[0].told?.seen == newer)
        let record = Build.record("alpha", 1, of: ["beta"], lsn: 50, term: 2, serial: 3)
        #expect(choosePrimary(told, record: record, mode: .sync) == .lacking(["alpha", "gamma"]))
        var known = record
        known.serial = 4
        #expect(choosePrimary(told, record: known, mode: .sync) == .chosen("beta", because: .synchronous(["beta"])))
    }

    @Test func nobodyIsChosenWhileALostNodeMayStillServe() {
        var cluster = Build.cluster([Build.node("alpha", isOnline: false, isUnclean: true), Build.node("beta")])
        #expect(undecidedNode(Build.set(own: "beta"), cluster: cluster) == "alpha")
        cluster.nodes[0].isUnclean = false
        cluster.nodes[0].isJoining = true
        #expect(undecidedNode(Build.set(own: "beta"), cluster: cluster) == "alpha")
        cluster.nodes[0].isJoining = false
        #expect(undecidedNode(Build.set(own: "beta"), cluster: cluster) == nil)
    }

    @Test func whoeverMayComeIsAwaited() {
        func isAwaited(_ own: PublishedPosition = Self.own, _ change: (inout ClusterNode) -> Void) -> Bool {
            ballots([:], own: own) { change(&$0.nodes[0]) }[0].isAwaited
        }
        #expect(isAwaited { _ in })
        #expect(isAwaited { $0.resourceRole = .stopped })
        #expect(!isAwaited { $0.isOnline = false })
        #expect(!isAwaited { $0.isInStandbyMode = true })
        #expect(!isAwaited { $0.resourceRole = .failed })
        #expect(
            !isAwaited {
                $0.resourceRole = .stopped
                $0.transientAttributes["fail-count-pgsql#monitor_3000"] = "1"
            }
        )
        #expect(isAwaited(Build.published(1, 100, seen: nil)) { $0.isOnline = false }, "of a new cluster")
        #expect(!ballots([:], isPatient: false)[0].isAwaited)
    }

    @Test func standingForElectionPublishesAndPromotesNobody() {
        let set = Build.set(own: "beta")
        var cluster = Build.cluster([Build.node("beta", status: .stop)])
        let effects = standForElection(set, position: Self.own, cluster: cluster)
        #expect(effects.allSatisfy { $0.node == "beta" })
        for effect in effects { cluster.apply(effect) }
        #expect(cluster.node("beta")?.isPromotable == false)
        #expect(cluster.node("beta")?[.xlogLocation] == "0000000000000064")
        #expect(standForElection(set, position: Self.own, cluster: cluster).isEmpty)
    }

    /// Without a candidate only a victory makes promotable, and only this node.
    @Test(
        arguments: [
            (.chosen("beta", because: .new), "-INFINITY", ["beta": "1000"]),
            (.chosen("beta", because: .new), "1000", [:]),
            (.chosen("alpha", because: .new), "100", ["beta": "-INFINITY"]),
            (.lacking(["alpha"]), "100", ["beta": "-INFINITY"]), (.foreign("alpha"), "1000", ["beta": "-INFINITY"]),
            (.forked("alpha", from: "beta"), "100", ["beta": "-INFINITY"]), (.awaiting(["alpha"]), "100", [:]),
            (.lacking([]), "-INFINITY", [:]),
        ] as [(ElectionOutcome, String, [String: String])]
    )
    func concludes(_ outcome: ElectionOutcome, _ present: String, _ scores: [String: String]) {
        #expect(conclude(outcome, ["beta": present], candidate: nil) == scores)
    }

    /// The chosen one outdoes the candidate, whoever sees it; a candidate that is chosen stays as it is.
    @Test func theChosenOneOutdoesTheCandidate() {
        let present = ["alpha": "100", "beta": "-INFINITY", "gamma": "-INFINITY"]
        for node in ["beta", "gamma"] {
            #expect(
                conclude(.chosen(node, because: .everybody), present, candidate: "alpha") == [
                    node: "1000", "alpha": "-INFINITY",
                ]
            )
        }
        #expect(conclude(.chosen("alpha", because: .everybody), present, candidate: "alpha") == [:])
        #expect(conclude(.lacking(["gamma"]), present, candidate: "alpha") == ["alpha": "-INFINITY"])
        #expect(conclude(.awaiting(["gamma"]), present, candidate: "alpha") == [:])
    }

    private func conclude(_ outcome: ElectionOutcome, _ present: [String: String], candidate: String?) -> [String:
        String]
    {
        let cluster = Build.cluster(present.keys.sorted().map { Build.node($0, score: present[$0]) })
        var scores: [String: String] = [:]
        for effect in concludeElection(outcome, Build.set(own: "beta"), cluster: cluster, candidate: candidate) {
            if case .set(.score, let node, let value) = effect { scores[node] = value }
        }
        return scores
    }

    @Test func theBestScoreIsPromoted() {
        func promotable(_ scores: [String?], isOnline: Bool = true) -> String? {
            let nodes = zip(Build.nodes, scores).map { Build.node($0, score: $1, isOnline: isOnline) }
            return promotableNode(Build.set(), cluster: Build.cluster(nodes))
        }
        #expect(promotable(["99", "100", "-INFINITY"]) == "beta")
        #expect(promotable(["-INFINITY", nil, "0"]) == nil)
        #expect(promotable(["99", "100", nil], isOnline: false) == nil)
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
        let beta = Build.node("beta", record: "DISCONNECT", status: .stop)
        let cluster = Build.cluster([Build.primaryNode(), beta])
        #expect(
            followPrimary(Build.set(own: "beta"), cluster: cluster) == [
                .set(.status, node: "beta", value: "HS:alone")
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

    /// A demotion that failed may have left a primary that serves, and a position is final only when none does.
    @Test(arguments: [
        (RecordedRole.unpromoted, true, true), (.stopped, true, true), (.failed, true, false), (.unknown, true, false),
        (.promoted, true, false), (.failed, false, true), (.promoted, false, true),
    ])
    func primaryIsOverOnceItIsDemotedOrGone(_ role: RecordedRole, isOnline: Bool, isOver: Bool) {
        var former = Build.node("alpha")
        (former.resourceRole, former.isOnline) = (role, isOnline)
        let cluster = Build.cluster([former, Build.node("beta")])
        let record = Build.record("alpha")
        #expect(isPrimaryOver(Build.set(own: "beta"), record: record, cluster: cluster) == isOver)
        var lost = cluster
        lost.nodes[0].isOnline = false
        lost.nodes[0].isUnclean = true
        #expect(!isPrimaryOver(Build.set(own: "beta"), record: record, cluster: lost))
        #expect(
            isPrimaryOver(Build.set(own: "beta"), record: nil, cluster: cluster) == (role != .promoted || !isOnline)
        )
    }
}
