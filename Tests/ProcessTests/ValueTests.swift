import RACore
import RAKit
import RATestSupport
import Testing

/// Values that can't be: numbers, names of nodes.
@Suite struct ValueTests {
    private static let integers: [(String, ClosedRange<Int>)] = ParameterTable.all.compactMap { definition in
        switch definition.kind {
        case .integer(let range): (definition.name, range)
        case .string, .boolean: nil
        }
    }

    @Test(arguments: integers)
    func numberOutsideOfItsRange(_ name: String, _ range: ClosedRange<Int>) {
        let words = ["abc", "12abc", "1e3", "-1", "1.5", "99999999999999999999", String(range.upperBound + 1)]
        let low = range.lowerBound > 0 ? [String(range.lowerBound - 1)] : []
        for word in words + low {
            var call = AgentCall()
            call.parameters = [name: word, "pgdata": "/nowhere"]
            let answer = call.run("validate-all")
            #expect(answer.code == 6, "\(word): \(answer)")
            #expect(answer.exitReasons.count == 1)
            #expect(answer.reason.contains("\(name) is '\(word)'"), "\(answer)")
            #expect(call.run("monitor").code == 7)
            #expect(call.run("stop").code == 0)
        }
    }

    @Test(arguments: integers)
    func boundsOfTheRangeAreInIt(_ name: String, _ range: ClosedRange<Int>) {
        for number in [range.lowerBound, range.upperBound] {
            var call = AgentCall()
            call.parameters = [name: String(number)]
            let answer = call.run("validate-all")
            #expect(answer.code == 0, "\(answer)")
        }
    }

    @Test(
        .enabled(if: StubInstance.isAvailable, Comment(rawValue: StubInstance.need)),
        arguments: ["start", "validate-all", "promote"]
    )
    func nodeListIsComparedWithTheCluster(_ action: String) throws {
        try withStub { stub in
            var call = try stub.replicatedCall(["node_list": "alpha n1 Gamma"], nodes: ["Alpha", "beta", "n1"])
            call.environment["OCF_CHECK_LEVEL"] = "10"
            let answer = call.run(action)
            #expect(answer.code == 6, "\(answer)")
            #expect(answer.exitReasons.count == 1)
            #expect(answer.reason.contains("'Gamma'"), "\(answer)")
            #expect(answer.reason.contains("'alpha n1 Gamma'"), "\(answer)")
            #expect(answer.reason.contains("'Alpha beta n1'"), "\(answer)")
        }
    }

    @Test(.enabled(if: StubInstance.isAvailable, Comment(rawValue: StubInstance.need)))
    func nodeListMustNameThisNode() throws {
        try withStub { stub in
            var call = try stub.replicatedCall(["node_list": "n2 n3"], nodes: ["n1", "n2", "n3"])
            let answer = call.run("start")
            #expect(answer.code == 6, "\(answer)")
            #expect(answer.reason.contains("\"n2 n3\"") && answer.reason.contains("\"n1\""), "\(answer)")
            call.environment["OCF_CHECK_LEVEL"] = "10"
            #expect(call.run("validate-all").code == 6)
        }
    }

    /// Letter case is the cluster's, whatever the list has.
    @Test(.enabled(if: StubInstance.isAvailable, Comment(rawValue: StubInstance.need)))
    func letterCaseOfNodesDoesNotCount() throws {
        try withStub { stub in
            var call = try stub.replicatedCall(["node_list": "NODE-A node-b"], nodes: ["Node-A", "Node-B"])
            call.meta["on_node"] = "Node-A"
            call.environment["OCF_CHECK_LEVEL"] = "10"
            let answer = call.run("validate-all")
            #expect(answer.code == 0, "\(answer)")
        }
    }

    @Test(
        .enabled(if: StubInstance.isAvailable, Comment(rawValue: StubInstance.need)),
        arguments: [
            ("fail Could not connect to the CIB: Transport endpoint is not connected", "Transport endpoint"),
            ("hang", "cibadmin --query: no end within its time"),
        ]
    )
    func clusterThatDoesNotAnswer(_ fault: String, _ words: String) throws {
        try withStub { stub in
            var call = try stub.replicatedCall()
            call.meta["timeout"] = "1500"
            let cluster = try AgentCluster(folder: stub.folder.path + "/cluster", nodes: ["n1", "n2"])
            try cluster.setFault("cibadmin", fault)
            let start = call.run("start")
            #expect(start.code == 1, "\(start)")
            #expect(start.reason.contains(words), "\(start)")
            #expect(start.milliseconds < 1500)
            // A stopped instance is stopped, whether or not the cluster can be told.
            let stop = call.run("stop")
            #expect(stop.code == 0, "\(stop)")
            #expect(stop.milliseconds < 1500)
            #expect(call.run("monitor").code == 7)
        }
    }
}
