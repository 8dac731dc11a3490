import RACore
import Testing

/// A configuration that differs from a right one in what the row names, and the problems it must have.
private struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var isPromotable = true
    var problems: [ParameterProblem] = []
    let change: @Sendable (inout Parameters) -> Void

    init(
        _ name: String,
        isPromotable: Bool = true,
        _ problems: [ParameterProblem] = [],
        change: @escaping @Sendable (inout Parameters) -> Void
    ) {
        testDescription = name
        self.isPromotable = isPromotable
        self.problems = problems
        self.change = change
    }
}

private func node(_ name: String, _ fault: NodeFault, in parameter: String = "node_list") -> ParameterProblem {
    .node(parameter: parameter, name: name, fault: fault)
}

private let longNode = String(repeating: "n", count: 64)
private let longSlot = "s_" + String(repeating: "n", count: 62)

@Suite struct ParametersValidationTests {
    private static let right: [Row] = [
        Row("async pair") { $0.repMode = .async },
        Row("sync pair") { $0.repMode = .sync },
        Row("single instance", isPromotable: false) { $0 = Parameters() },
        Row("a promotable clone in mode none, as ocf-tester makes it") { $0 = Parameters() },
        Row("slave", isPromotable: false) {
            $0.repMode = .slave
            $0.nodeList = []
        },
        Row("slave may choose its application_name", isPromotable: false) {
            $0.repMode = .slave
            $0.primaryConninfoOpt = "application_name=reports"
        },
        Row("monitor user without password") { $0.monitorUser = "monitor" },
        Row("monitor user with password") {
            $0.monitorUser = "monitor"
            $0.monitorPassword = Secret("hush")
        },
        Row("external standbys in mode sync") {
            $0.repMode = .sync
            $0.externalStandbyNodeList = ["far"]
        },
        Row("names with dots, dashes and digits") { $0.nodeList = ["1-a.example.org", "2-b.example.org"] },
        Row("longest node name") { $0.nodeList = [String(repeating: "n", count: 63)] },
        Row("longest slot name") {
            $0.replicationSlotName = "s"
            $0.nodeList = [String(repeating: "n", count: 61)]
        },
        Row("several addresses") { $0.masterIP = "192.0.2.10,2001:db8::10" },
        Row("connection settings") { $0.primaryConninfoOpt = "sslmode = 'verify-full' options='-c a\\'b' x=" },
    ]

    private static let wrong: [Row] = [
        Row("password without user", [.combination(.monitorPasswordWithoutUser)]) {
            $0.monitorPassword = Secret("hush")
        },
        Row("async without address", [.combination(.masterIPMissing(.async))]) { $0.masterIP = nil },
        Row("slave without address", isPromotable: false, [.combination(.masterIPMissing(.slave))]) {
            $0.repMode = .slave
            $0.masterIP = nil
        },
        Row("async without nodes", [.combination(.nodeListMissing(.async))]) { $0.nodeList = [] },
        Row("sync without nodes", [.combination(.nodeListMissing(.sync))]) {
            $0.repMode = .sync
            $0.nodeList = []
        },
        Row("promotable slave", [.combination(.promotableSlave)]) { $0.repMode = .slave },
        Row("async that isn't promotable", isPromotable: false, [.combination(.notPromotable(.async))]) { _ in },
        Row("external standbys in async", [.combination(.externalStandbysWithoutSync(.async))]) {
            $0.externalStandbyNodeList = ["far"]
        },
        Row(
            "relative directories",
            [
                .value(parameter: "pgdata", text: "data", fault: .relativePath),
                .value(parameter: "tmpdir", text: "./tmp", fault: .relativePath),
            ]
        ) {
            $0.pgdata = "data"
            $0.tmpdir = "./tmp"
        },
        Row(
            "settings in the address",
            [
                .value(parameter: "master_ip", text: "192.0.2.10 port=1", fault: .malformedAddress)
            ]
        ) { $0.masterIP = "192.0.2.10 port=1" },
        Row(
            "unpaired quote",
            [
                .value(
                    parameter: "primary_conninfo_opt",
                    text: "options='-c x",
                    fault: .malformedConninfo(why: "a single quote is never closed")
                )
            ]
        ) { $0.primaryConninfoOpt = "options='-c x" },
        Row(
            "application_name in a cluster",
            [
                .value(parameter: "primary_conninfo_opt", text: "application_name=x", fault: .replacesApplicationName)
            ]
        ) { $0.primaryConninfoOpt = "application_name=x" },
        Row(
            "slot base with a dash",
            [
                .value(parameter: "replication_slot_name", text: "pg-slot", fault: .malformedSlotName)
            ]
        ) { $0.replicationSlotName = "pg-slot" },
        Row(
            "slot base is checked in mode none too",
            isPromotable: false,
            [
                .value(parameter: "replication_slot_name", text: "Slot", fault: .malformedSlotName)
            ]
        ) {
            $0 = Parameters()
            $0.replicationSlotName = "Slot"
        },
        Row("slots that collide", [node("A.b", .slotCollision(with: "a-b", slot: "s_a_b"))]) {
            $0.replicationSlotName = "s"
            $0.nodeList = ["a-b", "A.b"]
        },
        Row("slot name too long", [node(String(repeating: "n", count: 62), .slotNameTooLong(slot: longSlot))]) {
            $0.replicationSlotName = "s"
            $0.nodeList = [String(repeating: "n", count: 62)]
        },
        Row("node twice", [node("NODE1", .duplicate(of: "node1"))]) { $0.nodeList = ["node1", "node2", "NODE1"] },
        Row("node twice is no collision of slots", [node("NODE1", .duplicate(of: "node1"))]) {
            $0.replicationSlotName = "s"
            $0.nodeList = ["node1", "NODE1"]
        },
        Row("wildcard for a node", [node("*", .unusableCharacter)]) { $0.nodeList = ["*"] },
        Row("quote in a node", [node("a\"b", .unusableCharacter)]) { $0.nodeList = ["a\"b"] },
        Row("letters outside of ASCII", [node("knöten", .unusableCharacter)]) { $0.nodeList = ["knöten"] },
        Row("node name too long", [node(longNode, .nameTooLong)]) { $0.nodeList = [longNode] },
        Row(
            "external standby that is a node",
            [
                node("NODE2", .isClusterNode("node2"), in: "external_standby_node_list")
            ]
        ) {
            $0.repMode = .sync
            $0.externalStandbyNodeList = ["NODE2"]
        },
        Row(
            "wildcard for an external standby",
            [
                node("*", .unusableCharacter, in: "external_standby_node_list")
            ]
        ) {
            $0.repMode = .sync
            $0.externalStandbyNodeList = ["*"]
        },
    ]

    @Test(arguments: right)
    private func accepts(_ row: Row) { #expect(problems(row) == []) }

    @Test(arguments: wrong)
    private func refuses(_ row: Row) { #expect(problems(row) == row.problems) }

    /// Each mode with each kind of resource, with and without what it needs, against the rules written once more.
    @Test(arguments: ReplicationMode.allCases, [true, false])
    func modeAndResourceAgree(_ mode: ReplicationMode, _ isPromotable: Bool) {
        for hasAddress in [true, false] {
            for hasNodes in [true, false] {
                var parameters = Parameters()
                parameters.repMode = mode
                parameters.masterIP = hasAddress ? "192.0.2.10" : nil
                parameters.nodeList = hasNodes ? ["a", "b"] : []
                let isCluster = mode == .async || mode == .sync
                let isRight =
                    (mode == .none || hasAddress) && (!isCluster || hasNodes && isPromotable)
                    && (mode != .slave || !isPromotable)
                #expect(validateParameters(parameters, isPromotable: isPromotable).isEmpty == isRight)
            }
        }
    }

    @Test func everyReasonTellsWhatWasSeenAndWhatToDo() {
        let reading = Parameters.read { ["pgport": "abc", "stop_escalate": "-1", "rep_mode": "x"][$0] }
        let listed = [ParameterProblem.nodesNotInCluster(missing: ["c"], nodeList: ["c"], clusterNodes: ["a", "b"])]
        for problem in Self.wrong.flatMap(\.problems) + reading.problems + listed {
            let reason = problem.reason
            let parts = reason.split(separator: " HINT: ")
            #expect(parts.count == 2 && parts.allSatisfy { $0.hasSuffix(".") }, "\(reason)")
            #expect(reason.first?.isUppercase == false, "\(reason)")
            #expect(!reason.contains("\n"), "\(reason)")
            #expect(problem.exitCode == .notConfigured)
        }
    }

    @Test func reasonReadsWell() {
        let problem = Parameters.read { $0 == "pgport" ? "abc" : nil }.problems.first
        #expect(
            problem?.reason == "pgport is 'abc', which isn't a whole number. HINT: set it with "
                + "'crm resource param RESOURCE set pgport 5432'."
        )
    }

    @Test func reasonHidesAPassword() {
        let text = "password='a b' options='"
        let reason = ParameterProblem.value(
            parameter: "primary_conninfo_opt",
            text: text,
            fault: .malformedConninfo(why: "x")
        ).reason
        #expect(reason.contains("password=********"))
        #expect(!reason.contains("a b"))
    }

    private func problems(_ row: Row) -> [ParameterProblem] {
        var parameters = Parameters()
        parameters.repMode = .async
        parameters.masterIP = "192.0.2.10"
        parameters.nodeList = ["node1", "node2"]
        row.change(&parameters)
        return validateParameters(parameters, isPromotable: row.isPromotable)
    }
}
