import RACore
import Testing

/// When a primary's monitor needn't read the cluster.
@Suite struct RestTests {
    private let set = Build.set()

    private func server(
        _ senders: [WALSender] = [Build.sender("beta", "sync"), Build.sender("gamma", "potential")],
        setting: String = "\"beta\"",
        lsn: UInt64 = 1000
    ) -> ServerFacts {
        Build.server(waitingFor: setting, senders: .known(senders), lsn: lsn)
    }

    private let cluster = Build.cluster([
        Build.primaryNode(),
        Build.node("beta", record: "STREAMING|SYNC", score: "100", status: .synchronous),
        Build.node("gamma", record: "STREAMING|POTENTIAL", score: "-INFINITY", status: .potential),
    ])

    @Test func restsWhenEverybodyIsThereAndRecorded() {
        #expect(mayRest(set, record: Build.record(), cluster: cluster))
        #expect(RestingState(set, server: server()) == RestingState(set, server: server(lsn: 900)))
    }

    @Test func nobodyRestsWhileSomebodyMayWait() {
        let late = [Build.sender("beta", "sync", flushed: 999), Build.sender("gamma", "potential")]
        let unflushed = [Build.sender("beta", "sync"), Build.sender("gamma", "potential", flushed: nil)]
        let catching = [Build.sender("beta", "sync"), Build.sender("gamma", "potential", state: "catchup")]
        for senders in [late, unflushed, catching, [Build.sender("beta", "sync")], []] {
            #expect(RestingState(set, server: server(senders)) == nil, "\(senders)")
        }
        #expect(RestingState(set, server: Build.server(senders: .unknown(why: "no privilege"))) == nil)
        #expect(RestingState(Build.set(external: ["far"]), server: server()) == nil)
        #expect(RestingState(set, server: Build.server(isInRecovery: true)) == nil)
    }

    @Test func whateverChangesEndsTheRest() {
        let before = RestingState(set, server: server())
        var anew = Build.sender("gamma", "potential")
        anew.processID = 4712
        #expect(RestingState(set, server: server([Build.sender("beta", "sync"), anew])) != before)
        let swapped = [Build.sender("beta", "potential"), Build.sender("gamma", "sync")]
        #expect(RestingState(set, server: server(swapped)) != before)
        #expect(RestingState(set, server: server(setting: "")) != before)
        var promoted = server()
        promoted.timeline = Build.timeline(2)
        #expect(RestingState(set, server: promoted) != before)
        #expect(RestingState(Build.set(members: ["alpha", "beta"]), server: server()) != before)
        #expect(RestingState(Build.set(mode: .async), server: server()) != before)
    }

    /// What only the cluster shows is looked at before the rest begins.
    @Test func doesntRestOnAClusterThatNeedsSomething() {
        func mayRest(
            record: ClusterRecord? = Build.record(),
            _ change: (inout ClusterObservation) -> Void = { _ in }
        ) -> Bool {
            var changed = cluster
            change(&changed)
            return RACore.mayRest(set, record: record, cluster: changed)
        }
        #expect(!mayRest { $0.hasQuorum = false })
        #expect(!mayRest { $0.nodes[1].isUnclean = true })
        #expect(!mayRest { $0.nodes[2].isOnline = false })
        #expect(!mayRest { $0.nodes[2].resourceRole = .promoted })
        #expect(!mayRest { $0.nodes[1][.status] = nil })
        #expect(!mayRest { $0.nodes[1][.status] = "STOP" })
        #expect(!mayRest(record: nil))
        #expect(!mayRest(record: Build.record("beta")))
        #expect(!mayRest(record: Build.record(isPromoting: true)))
        #expect(!mayRest { $0.nodes.removeLast() })
    }
}
