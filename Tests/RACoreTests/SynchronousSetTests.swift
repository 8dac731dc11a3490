import RACore
import Testing

@Suite struct SynchronousSetTests {
    @Test(arguments: [
        (SynchronousSet.none, ""), (SynchronousSet(names: ["beta"]), "\"beta\""),
        (SynchronousSet(names: ["node-1.example"]), "\"node-1.example\""),
        (SynchronousSet(names: ["beta", "gamma"], count: 2), "FIRST 2 (\"beta\", \"gamma\")"),
        (SynchronousSet(names: ["beta", "gamma"], count: 1), "FIRST 1 (\"beta\", \"gamma\")"),
        (SynchronousSet(names: ["a\"b"]), "\"a\"\"b\""),
        (SynchronousSet(names: ["beta", "gamma"], count: 1, method: .any), "ANY 1 (\"beta\", \"gamma\")"),
    ])
    func prints(_ set: SynchronousSet, _ setting: String) { #expect(set.setting == setting) }

    @Test(
        arguments: [
            ("", []), ("beta", ["beta"]), ("beta, gamma", ["beta", "gamma"]), ("2 (beta,gamma)", ["beta", "gamma"]),
            ("FIRST 1 (\"beta\", gamma)", ["beta", "gamma"]), ("any 2 (a, b, c)", ["a", "b", "c"]),
            (" \"a,(b)\" ", ["a,(b)"]), ("*", nil), ("FIRST 1 (*)", nil), ("\"*\"", nil), ("\"beta", nil),
            ("any (a)", nil), ("(a)", nil), ("FIRST 1 (beta", nil), ("FIRST 1 (beta) x", nil), ("ANY 1 (a, (b))", nil),
        ] as [(String, [String]?)]
    )
    func readsNames(_ setting: String, _ names: [String]?) {
        #expect(SynchronousSet(setting: setting)?.names == names)
    }

    @Test(arguments: [
        ("beta, gamma", 1, SynchronousMethod.first), ("2 (beta, gamma)", 2, .first), ("any 1 (a, b)", 1, .any),
        ("FIRST 3 (a, b)", 2, .first), ("", 0, .first),
    ])
    func readsHowManyAreWaitedFor(_ setting: String, _ count: Int, _ method: SynchronousMethod) {
        let set = SynchronousSet(setting: setting)
        #expect(set?.count == count && set?.method == method)
    }

    /// What the agent writes it reads again, whatever a node or an outside standby is called.
    @Test func readsWhatItPrints() {
        let names = ["beta", "a-b", "1st", "a.b", "a b", "a,b", "(", ")", "\"", "\"\"", "FIRST", "any", "a\"b"]
        for left in names {
            for right in names {
                for set in [SynchronousSet(names: [left]), SynchronousSet(names: [left, right], count: 2)] {
                    #expect(SynchronousSet(setting: set.setting) == set, "\(set.setting)")
                }
            }
        }
    }

    @Test func namesHaveNoCase() {
        #expect(SynchronousSet(names: ["Beta"]).contains("bETA"))
        #expect(!SynchronousSet(names: ["node10"]).contains("node1"))
    }
}

@Suite struct ReplicaSetTests {
    @Test(arguments: [
        ("streaming", "sync", PeerLink.synchronous), ("streaming", "quorum", .synchronous),
        ("streaming", "async", .asynchronous), ("streaming", "potential", .potential),
        ("catchup", "async", .other("CATCHUP|ASYNC")), ("catchup", "sync", .other("CATCHUP|SYNC")),
        ("startup", "async", .other("STARTUP|ASYNC")), ("backup", "async", .other("BACKUP|ASYNC")),
        ("streaming", "", .other("STREAMING|")), ("", "", .other("|")),
    ])
    func readsARow(_ state: String, _ syncState: String, _ link: PeerLink) {
        #expect(PeerLink(node: "Beta", senders: [Build.sender("beta", syncState, state: state)]) == link)
    }

    @Test func nodesAreToldApartByTheirWholeNames() {
        let senders = [Build.sender("node10", "sync"), Build.sender("walreceiver", "sync")]
        #expect(PeerLink(node: "node1", senders: senders) == .none)
    }

    @Test func ofSeveralRowsAStreamingOneCounts() {
        let senders = [Build.sender("beta", "async", state: "catchup"), Build.sender("beta", "sync")]
        #expect(PeerLink(node: "beta", senders: senders) == .synchronous)
    }

    @Test func peersAreTheOthers() {
        #expect(Build.set(own: "BETA").peers == ["alpha", "gamma"])
        #expect(ReplicaSet.applicationName(of: "Node-1.Example") == "node-1.example")
    }
}
