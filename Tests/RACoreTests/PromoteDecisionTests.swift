import RACore
import Testing

@Suite struct PromoteDecisionTests {
    private static let records: [ClusterEffect] = [.set(.dataStatus, node: "alpha", value: "DISCONNECT")]

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
        func obstacle(_ nodes: [ClusterNode], _ members: [String]? = nil, hasQuorum: Bool = true, fences: Bool = true)
            -> String?
        {
            let names = nodes.map(\.name)
            let cluster = Build.cluster(nodes, hasQuorum: hasQuorum, fences: fences)
            return promotionObstacle(Build.set(own: "beta", members: names), cluster: cluster, members: members)
        }
        let three = [Build.node("alpha", isOnline: false), Build.node("beta"), Build.node("gamma")]
        #expect(obstacle(three) == nil)
        #expect(obstacle(three, hasQuorum: false) != nil)
        // The CIB of a node that was just cut off still looks whole.
        #expect(obstacle(three, ["beta", "gamma"]) == nil)
        #expect(obstacle(three, ["beta"]) != nil)
        // Beside a majority a lost node can do nothing; of two nodes with two_node each believes to have quorum.
        let lost = Build.node("alpha", isOnline: false, isUnclean: true)
        #expect(obstacle([lost, Build.node("beta"), Build.node("gamma")]) == nil)
        #expect(obstacle([lost, Build.node("beta")]) != nil)
        #expect(obstacle([lost, Build.node("beta")], fences: false) == nil)
        #expect(obstacle([Build.node("alpha", isOnline: false), Build.node("beta")]) == nil)
    }

    @Test func anOperatorMayIgnoreTheQuorum() {
        var cluster = Build.cluster([Build.node("beta")], hasQuorum: false)
        let set = Build.set(own: "beta", members: ["beta"])
        #expect(promotionObstacle(set, cluster: cluster, members: nil) != nil)
        cluster.properties.ignoresQuorum = true
        #expect(promotionObstacle(set, cluster: cluster, members: nil) == nil)
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
    private func isRefused(_ records: [String?], own: String = "beta", mode: ReplicationMode = .sync) -> Bool {
        let nodes = zip(Build.nodes, records).map { Build.node($0, record: $1) }
        return refusePromotion(Build.set(own: own, mode: mode), cluster: Build.cluster(nodes)) != nil
    }

    @Test(arguments: [
        ("a new cluster", [nil, nil, nil] as [String?], ReplicationMode.sync, false),
        ("the synchronous standby", ["LATEST", "STREAMING|SYNC", "STREAMING|ASYNC"], .sync, false),
        ("the last primary itself", ["DISCONNECT", "LATEST", "DISCONNECT"], .sync, false),
        ("commits didn't wait", ["LATEST", "STREAMING|ASYNC", nil], .sync, true),
        ("commits don't wait in async", ["LATEST", "STREAMING|ASYNC", nil], .async, false),
        ("it still catches up", ["LATEST", "CATCHUP|ASYNC", nil], .async, true),
        ("it was cut off", ["LATEST", "DISCONNECT", "DISCONNECT"], .async, true),
        ("nothing is known of it", ["LATEST", nil, nil], .sync, true),
        ("nobody is recorded to hold everything", ["DISCONNECT", "DISCONNECT", "DISCONNECT"], .sync, true),
        ("it is behind one of which nothing is known", [nil, "DISCONNECT", "DISCONNECT"], .sync, true),
        ("what its record says is unknown", [nil, "|", nil], .sync, true),
    ])
    func refuses(_ name: String, _ records: [String?], _ mode: ReplicationMode, _ isRefused: Bool) {
        #expect(self.isRefused(records, mode: mode) == isRefused, "\(name)")
    }

    @Test func aNodeOutsideNodeListIsRefused() throws {
        let cluster = Build.cluster([Build.node("delta", record: "LATEST")])
        #expect(refusePromotion(Build.set(own: "delta"), cluster: cluster)?.exitCode == .notConfigured)
    }

    @Test func thereIsOnePrimary() {
        let cluster = Build.cluster([Build.primaryNode("alpha"), Build.node("beta", record: "STREAMING|SYNC")])
        #expect(refusePromotion(Build.set(own: "beta"), cluster: cluster) != nil)
        #expect(refusePromotion(Build.set(own: "alpha"), cluster: cluster) == nil)
    }

    /// An election and the last look before a promotion judge by the same record.
    @Test func whomAnElectionBarsIsRefused() {
        let values = [nil, "LATEST", "DISCONNECT", "STREAMING|SYNC", "STREAMING|ASYNC", "CATCHUP|ASYNC"]
        let states = values.flatMap { alpha in values.flatMap { beta in values.map { [alpha, beta, $0] } } }
        for mode in [ReplicationMode.sync, .async] {
            for records in states {
                let ballots = zip(Build.nodes, records).map {
                    Build.ballot($0, DataStatus($1), Build.published(1, 100))
                }
                let verdict = decideElection(own: "beta", ballots: ballots, mode: mode, confirmations: 99, patience: 1)
                var isBarred = false
                if case .barred = verdict { isBarred = true }
                #expect(isRefused(records, mode: mode) == isBarred, "\(mode) \(records)")
            }
        }
    }
}

@Suite struct TruePrimaryTests {
    /// What a node that was cut off in its promotion wrote into its own copy of the CIB, and brought back.
    private let overwritten = Build.cluster([
        Build.node("alpha", record: "DISCONNECT", score: "1000", status: .primary, role: .promoted),
        Build.node("beta", record: "LATEST"), Build.node("gamma", record: "DISCONNECT"),
    ])

    @Test func aPromotedServerPutsItsRecordRight() {
        let set = Build.set(own: "alpha")
        #expect(isTruePrimary(set, cluster: overwritten, isPromotedHere: true))
        var cluster = overwritten
        let server = Build.server(senders: .known([Build.sender("gamma", "async")]))
        for _ in 0..<3 {
            for effect in decideSupervision(set, server: server, cluster: cluster, barrier: nil, isPromotedHere: true) {
                cluster.apply(effect)
            }
        }
        #expect(cluster.node("alpha")?[.dataStatus] == "LATEST")
        #expect(cluster.node("beta")?[.dataStatus] == "DISCONNECT")
        #expect(refusePromotion(Build.set(own: "beta"), cluster: cluster) != nil)
    }

    @Test func whoeverOnlyRunsIsNoTruePrimary() {
        let set = Build.set(own: "alpha")
        #expect(!isTruePrimary(set, cluster: overwritten, isPromotedHere: false))
        var unfenced = overwritten
        unfenced.properties.isFencingEnabled = false
        #expect(!isTruePrimary(set, cluster: unfenced, isPromotedHere: true))
        var two = overwritten
        two.nodes[1].resourceRole = .promoted
        #expect(!isTruePrimary(set, cluster: two, isPromotedHere: true))
    }
}

@Suite struct PromotionRecordTests {
    private static let before = Build.cluster([
        Build.node("alpha", record: "LATEST", score: "1000", isOnline: false),
        Build.node("beta", record: "STREAMING|SYNC", score: "100"),
        Build.node("gamma", record: "STREAMING|SYNC", score: "99"),
    ])

    @Test func nobodyElseHoldsWhatThePromotedOneWillAcknowledge() {
        var cluster = Self.before
        for effect in preparePromotion(Build.set(own: "beta"), position: Build.position(1, 255), cluster: cluster) {
            #expect(!effect.isPositive(in: .async) || effect.node == "beta", "\(effect)")
            cluster.apply(effect)
            // Killed here, this node is still the one that may be promoted.
            #expect(refusePromotion(Build.set(own: "beta"), cluster: cluster) == nil)
        }
        for peer in ["alpha", "gamma"] {
            #expect(cluster.node(peer)?.holdsEverything(.async) == false)
            #expect(refusePromotion(Build.set(own: peer), cluster: cluster) != nil)
        }
        #expect(cluster.node("gamma")?.isPromotable == false)
        #expect(cluster.node("beta")?[.masterBaseline] == "00000000000000FF")
        #expect(cluster.node("beta")?[.dataStatus] == "LATEST", "its own lock file would keep it down")
        #expect(preparePromotion(Build.set(own: "beta"), position: Build.position(1, 255), cluster: cluster).isEmpty)
    }

    @Test func aNodeThatTheClusterDoesNotKnowIsLeftOut() {
        let cluster = Build.cluster([Build.node("beta", record: "STREAMING|SYNC")])
        let effects = preparePromotion(Build.set(own: "beta"), position: Build.position(1, 255), cluster: cluster)
        #expect(
            effects == [
                .set(.dataStatus, node: "beta", value: "LATEST"),
                .set(.masterBaseline, node: "beta", value: "00000000000000FF"),
            ]
        )
    }

    @Test func theNewPrimaryRecordsItself() {
        var cluster = Self.before
        let set = Build.set(own: "beta")
        for effect in completePromotion(set, cluster: cluster) { cluster.apply(effect) }
        #expect(cluster.node("beta")?[.dataStatus] == "LATEST")
        #expect(cluster.node("beta")?[.score] == "1000")
        #expect(cluster.node("beta")?[.status] == "PRI")
        #expect(completePromotion(set, cluster: cluster).isEmpty)
    }
}
