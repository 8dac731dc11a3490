import RACore
import Testing

@Suite struct PromoteDecisionTests {
    private static let records: [ClusterEffect] = [.record(Build.record("beta", isPromoting: true))]

    private func decide(
        _ state: InstanceState,
        _ isAttempted: Bool,
        _ restarts: Bool,
        isRecorded: Bool = false
    ) -> Step<InstanceEffect> {
        decidePromote(
            state,
            isAttempted: isAttempted,
            restarts: restarts,
            records: isRecorded ? [] : Self.records
        )
    }

    @Test(arguments: [
        (InstanceState.primary, false, Step<InstanceEffect>.finish(.success, because: .promoted)),
        (.standby, true, .wait(because: .promotionRequested)), (.starting, false, .wait(because: .stillStarting)),
        (.absent, false, .finish(.notRunning, because: .standbyCannotPromote)),
        (.absent, true, .finish(.genericError, because: .startFailed)),
        (.stopping, false, .finish(.genericError, because: .standbyCannotPromote)),
        (.refusing, true, .finish(.genericError, because: .refusing)),
        (.hung, false, .finish(.genericError, because: .hung)),
        (.unknown, false, .finish(.genericError, because: .unobservable)),
        (.fullStandby, false, .wait(because: .noConnectionLeft)),
    ])
    func decides(_ state: InstanceState, _ isAttempted: Bool, _ step: Step<InstanceEffect>) {
        #expect(decide(state, isAttempted, false) == step)
    }

    /// Whoever acknowledges commits from now on is recorded first; once that is seen, it is locked, then promoted.
    @Test func recordsThenLocksThenPromotes() {
        let records = Self.records.map { InstanceEffect.cluster($0) }
        for restarts in [false, true] {
            #expect(decide(.standby, false, restarts) == .perform(records, because: .mustRecordPromotion))
        }
        #expect(
            decide(.standby, false, false, isRecorded: true) == .perform([.writeLock, .promote], because: .mustPromote)
        )
        #expect(
            decide(.standby, false, true, isRecorded: true)
                == .perform([.writeLock, .restartAsPrimary], because: .mustPromote)
        )
    }

    /// A node that is cut off sees its own records: they prove nothing there.
    @Test func waitsWhereItsRecordMayNotBeKnown() {
        func obstacle(_ nodes: [ClusterNode], hasQuorum: Bool = true, fences: Bool = true) -> String? {
            let names = nodes.map(\.name)
            let cluster = Build.cluster(nodes, hasQuorum: hasQuorum, fences: fences)
            return promotionObstacle(Build.set(own: "beta", members: names), cluster: cluster)
        }
        let three = [Build.node("alpha", isOnline: false), Build.node("beta"), Build.node("gamma")]
        #expect(obstacle(three) == nil)
        #expect(obstacle(three, hasQuorum: false) != nil)
        // Beside a majority a lost node can do nothing; of two nodes with two_node each believes to have quorum.
        let lost = Build.node("alpha", isOnline: false, isUnclean: true)
        #expect(obstacle([lost, Build.node("beta"), Build.node("gamma")]) == nil)
        #expect(obstacle([lost, Build.node("beta")]) != nil)
        #expect(obstacle([lost, Build.node("beta")], fences: false) == nil)
        #expect(obstacle([Build.node("alpha", isOnline: false), Build.node("beta")]) == nil)
        // Whoever is here must have the record itself.
        let cluster = Build.cluster(three)
        #expect(promotionWitnesses(Build.set(own: "beta"), cluster: cluster) == ["gamma", "beta"])
    }

    @Test func anOperatorMayIgnoreTheQuorum() {
        var cluster = Build.cluster([Build.node("beta")], hasQuorum: false)
        let set = Build.set(own: "beta", members: ["beta"])
        #expect(promotionObstacle(set, cluster: cluster) != nil)
        cluster.properties.ignoresQuorum = true
        #expect(promotionObstacle(set, cluster: cluster) == nil)
    }

    /// S8 and S3: nothing but a standby that answers is promoted, and nothing but a primary that answers is success.
    @Test func onlyAStandbyThatAnswersIsPromoted() {
        for state in InstanceState.allCases {
            for (isAttempted, restarts) in [(false, false), (false, true), (true, false), (true, true)] {
                switch decide(state, isAttempted, restarts) {
                case .perform: #expect(state == .standby && !isAttempted, "\(state)")
                case .finish(let code, _): #expect((code == .success) == (state == .primary), "\(state)")
                case .wait: break
                }
            }
        }
    }
}

@Suite struct PromotionRefusalTests {
    private func refusal(
        _ outcome: ElectionOutcome,
        own: String = "beta",
        _ nodes: [ClusterNode] = Build.nodes.map { Build.node($0) }
    ) -> Refusal? {
        refusePromotion(
            Build.set(own: own),
            outcome: outcome,
            record: Build.record(),
            cluster: Build.cluster(nodes)
        )
    }

    @Test func onlyTheChosenOneIsPromoted() {
        #expect(refusal(.chosen("BETA", because: .everybody)) == nil)
        for outcome in [
            ElectionOutcome.chosen("alpha", because: .everybody), .awaiting(["alpha"]), .lacking(["alpha"]),
            .foreign("alpha"), .forked("alpha", from: "beta"),
        ] { #expect(refusal(outcome)?.exitCode == .genericError) }
        #expect(refusal(.lacking(["alpha", "gamma"]))?.reason.contains("alpha, gamma") == true)
        #expect(refusal(.lacking(["alpha"]))?.reason.contains("--accept-loss") == true)
    }

    @Test func aNodeOutsideNodeListIsRefused() {
        #expect(refusal(.chosen("delta", because: .new), own: "delta")?.exitCode == .notConfigured)
    }

    @Test func thereIsOnePrimary() {
        let nodes = [Build.primaryNode("alpha"), Build.node("beta")]
        #expect(refusal(.chosen("beta", because: .new), nodes) != nil)
        #expect(refusal(.chosen("alpha", because: .new), own: "alpha", nodes) == nil)
    }
}

@Suite struct TruePrimaryTests {
    /// What a node that was cut off in its promotion wrote into its own copy of the CIB, and brought back.
    private var overwritten: Supervised {
        Supervised().with {
            $0.record = Build.record("beta", term: 2, isPromoting: true)
            $0.beta[.record] = $0.record?.text
            ($0.alpha[.record], $0.promotion) = (nil, .none)
        }
    }

    @Test func aPromotedServerPutsTheRecordRight() {
        var world = overwritten.with { $0.promotion = .thisServer }
        #expect(world.effects.contains { if case .record = $0 { true } else { false } })
        for effect in world.effects { world.apply(effect) }
        #expect(world.record?.primary == "alpha")
        #expect(world.record?.term == 3)
    }

    @Test func whoeverOnlyRunsRecordsNothing() {
        #expect(overwritten.effects.isEmpty)
        let promoted = overwritten.with { $0.promotion = .thisServer }
        #expect(promoted.with { $0.fences = false }.effects.isEmpty)
        #expect(promoted.with { $0.beta.resourceRole = .promoted }.effects.isEmpty)
        #expect(promoted.with { $0.hasQuorum = false }.effects.isEmpty)
    }

    /// Restarted by hand, in maintenance mode: it is the primary as long as the record says so.
    @Test func aPromotedServerMayBeRestartedByHand() {
        let lost = Supervised().with { ($0.promotion, $0.senders) = (.earlierServer, .known([])) }
        #expect(!lost.effects.isEmpty)
        #expect(lost.with { $0.promotion = .none }.effects.isEmpty)
        #expect(lost.with { $0.timeline = 2 }.effects.isEmpty)
        #expect(overwritten.with { $0.promotion = .earlierServer }.effects.isEmpty)
    }
}

@Suite struct PromotionRecordTests {
    @Test func nobodyElseHasWhatThePromotedOneWillAcknowledge() {
        let former = Build.record("alpha", 1, of: ["beta"], term: 4, serial: 9)
        let record = recordOfPromotion(
            Build.set(own: "beta"),
            position: Build.published(1, 90),
            record: former,
            keepsFormer: true
        )
        #expect(record.stamp > former.stamp && record.primary == "beta" && record.isPromoting)
        #expect(record.guarantee == .none)
        let others = [Build.ballot("alpha", Build.published(1, 90, seen: record.stamp)), Build.ballot("beta", nil)]
        #expect(choosePrimary(others, record: record, mode: .sync) == .lacking(["beta"]))
        #expect(record.former?.primary == "alpha")
    }

    /// Promoted by a restart it stays on the timeline of before: nothing tells later whether it acknowledged commits.
    @Test func aPromotionByARestartIsNeverTakenForOneThatWasNotCarriedOut() {
        let former = Build.record("alpha", 1, of: ["gamma"], term: 4)
        let here = Build.published(1, 90)
        let record = recordOfPromotion(Build.set(own: "beta"), position: here, record: former, keepsFormer: false)
        let ballots = [
            Build.ballot("alpha", nil), Build.ballot("beta", here),
            Build.ballot("gamma", Build.published(1, 90, seen: record.stamp)),
        ]
        #expect(choosePrimary(ballots, record: record, mode: .sync) == .chosen("beta", because: .lastPrimary("beta")))
        #expect(carriedOut(record, ballots) == record)
    }

    /// A Pacemaker Remote node has no copy of the CIB that could be asked for.
    @Test func onlyNodesWithACopyBearWitness() {
        var cluster = Build.cluster(Build.nodes.map { Build.node($0) })
        #expect(promotionWitnesses(Build.set(own: "beta"), cluster: cluster) == ["alpha", "gamma", "beta"])
        cluster.nodes[0].isRemote = true
        cluster.nodes[2].isOnline = false
        #expect(promotionWitnesses(Build.set(own: "beta"), cluster: cluster) == ["beta"])
        // Others decide for it.
        let ofRemote = Build.set(own: "beta", members: ["alpha", "beta"])
        cluster.nodes[2].isOnline = true
        #expect(promotionWitnesses(ofRemote, cluster: cluster) == ["beta", "gamma"])
        cluster.nodes[2].isOnline = false
        // Its vote doesn't count either: of two nodes with a vote one is here.
        cluster.nodes[2].isUnclean = true
        #expect(promotionObstacle(Build.set(own: "beta"), cluster: cluster)?.contains("gamma") == true)
    }

    /// One that was cut off while it prepared itself may come back: its configuration loses.
    @Test func aPromotionThatIsConfirmedOutranksOneThatIsOnlyPrepared() {
        var cluster = Build.cluster(Build.nodes.map { Build.node($0) })
        let prepared = preparePromotion(Build.set(own: "beta"), record: Build.record("beta"), cluster: cluster)
        #expect(prepared.last == .outrank(adminEpoch: 1))
        cluster.adminEpoch = 1
        #expect(sealPromotion(cluster) == .outrank(adminEpoch: 2))
    }

    /// In strict mode not even the first commit is acknowledged by nobody.
    @Test func strictModeWaitsFromTheFirstCommitOn() {
        let record = Build.record("beta", isPromoting: true)
        let cluster = Build.cluster(Build.nodes.map { Build.node($0) })
        let first: [ClusterEffect] = [.record(record), .outrank(adminEpoch: 1)]
        #expect(preparePromotion(Build.set(own: "beta"), record: record, cluster: cluster) == first)
        let strict = Build.set(own: "beta", policy: SynchronousPolicy(method: .any, isStrict: true))
        let all = SynchronousSet(names: ["alpha", "gamma"], count: 1, method: .any)
        #expect(
            preparePromotion(strict, record: record, cluster: cluster) == first + [.waitFor(all, confirmedBy: [])]
        )
    }

    @Test func theNewPrimaryTellsOfItself() {
        var cluster = Build.cluster([Build.node("beta", score: "100")])
        let set = Build.set(own: "beta")
        let history = TimelineHistory(
            timeline: TimelineID(2)!,
            ancestors: [.init(timeline: TimelineID(1)!, switchPoint: LSN(bytes: 255))]
        )
        let told = { pending(ownAttributes(set, history), in: cluster, resource: set.resource) }
        for effect in told() { cluster.apply(effect) }
        #expect(cluster.node("beta")?[.dataStatus] == "LATEST")
        #expect(cluster.node("beta")?[.score] == "1000")
        #expect(cluster.node("beta")?[.status] == "PRI")
        #expect(cluster.node("beta")?[.masterBaseline] == "00000000000000FF")
        #expect(told().isEmpty)
    }

    /// Its monitor says where the new timeline began.
    @Test func theRecordOfAPromotionIsCompleted() {
        var world = Supervised().with {
            $0.record = Build.record("alpha", lsn: 900, term: 2, isPromoting: true)
            $0.alpha[.record] = $0.record?.text
            ($0.timeline, $0.setting, $0.senders) = (2, "", .known([]))
        }
        for effect in world.effects { world.apply(effect) }
        #expect(world.record == Build.record("alpha", timeline: 2, lsn: 100, term: 2, serial: 2))
    }
}
