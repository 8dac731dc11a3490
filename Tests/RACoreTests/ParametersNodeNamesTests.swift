import RACore
import Testing

@Suite struct ParametersNodeNamesTests {
    @Test(arguments: [
        (["node1", "node2"], ["node1", "node2"]),
        (["NODE1", "Node2"], ["node1", "node2"]),
        (["node1", "node2"], ["node2", "quorum", "node1"]),
        ([], ["node1"]),
        (["node1"], []),
    ])
    func matches(_ nodeList: [String], _ clusterNodes: [String]) {
        #expect(compareNodeNames(nodeList: nodeList, clusterNodes: clusterNodes) == [])
    }

    @Test func namesWhatIsMissingAndBothLists() {
        let problems = compareNodeNames(nodeList: ["Node1", "node3"], clusterNodes: ["node1", "node2"])
        #expect(
            problems == [
                .nodesNotInCluster(missing: ["node3"], nodeList: ["Node1", "node3"], clusterNodes: ["node1", "node2"])
            ]
        )
        #expect(
            problems.first?.reason == "node_list 'Node1 node3' names 'node3', but the nodes of the cluster are "
                + "'node1 node2'. HINT: set it with 'crm resource param RESOURCE set node_list \"node1 node2\"'."
        )
    }

    @Test(arguments: [
        (["NODE1", "node2"], ["node1", "Node2"], ["node1", "Node2"]),
        (["stranger", "NODE1"], ["node1"], ["stranger", "node1"]),
        (["node1"], [], ["node1"]),
        (["a"], ["A", "a"], ["a"]),
    ])
    func resolvesToTheClustersSpelling(_ nodeList: [String], _ clusterNodes: [String], _ resolved: [String]) {
        #expect(resolveNodeNames(nodeList: nodeList, clusterNodes: clusterNodes) == resolved)
    }

    @Test(arguments: [
        ("pgsql_slot", "node1", "pgsql_slot_node1"),
        ("s", "Node-A.example", "s_node_a_example"),
        ("s", "a_b", "s_a_b"),
        ("s", "é", "s___"),
        ("s", "", "s_"),
    ])
    func slotNames(_ base: String, _ node: String, _ name: String) {
        #expect(slotName(base: base, node: node) == name)
    }

    @Test func slotNamesAreAlwaysAllowed() {
        for byte in UInt8.min...UInt8.max {
            let name = slotName(base: "s", node: String(decoding: [byte], as: UTF8.self))
            #expect(name.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789_".utf8.contains($0) })
        }
    }
}
