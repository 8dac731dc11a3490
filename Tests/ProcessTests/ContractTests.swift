import RACore
import RAKit
import RATestSupport
import Testing

/// One thing that is wrong, and what each action makes of it.
///
/// The codes are heartbeat/pgsql's for the action `start`. `validate-all` at level 0 looks at parameters alone; `monitor`
/// and `status` answer 7 and `stop` 0 for what isn't running, whatever else is wrong.
struct ContractCase: Sendable, CustomTestStringConvertible {
    let name: String
    let parameters: [String: String]
    var isReplicated = false
    var isPromotable = false
    let code: Int32
    /// Whether the parameters alone tell.
    var isParameterProblem = false
    /// What the exit reason must quote.
    let quotes: [String]
    var prepare: @Sendable (StubInstance) throws -> Void = { _ in }

    var testDescription: String { name }
}

private let machineCases: [ContractCase] = [
    ContractCase(
        name: "pg_ctl missing",
        parameters: ["pgctl": "/nowhere/pg_ctl"],
        code: 5,
        quotes: ["/nowhere/pg_ctl"]
    ),
    ContractCase(name: "pg_ctl by a bad name", parameters: ["pgctl": "no_such"], code: 5, quotes: ["\"no_such\""]),
    ContractCase(name: "psql missing", parameters: ["psql": "/nowhere/psql"], code: 5, quotes: ["/nowhere/psql"]),
    ContractCase(name: "user missing", parameters: ["pgdba": "no_user"], code: 5, quotes: ["\"no_user\"", "pgdba"]),
    ContractCase(
        name: "data directory of another user",
        parameters: ["pgdba": "nobody"],
        code: 4,
        quotes: ["\"daemon\"", "\"nobody\""]
    ),
    ContractCase(
        name: "data directory not writable",
        parameters: [:],
        code: 4,
        quotes: ["can't write", "\"daemon\""],
        prepare: { try $0.setMode("data", 0o500) }
    ),
    ContractCase(
        name: "configuration file missing",
        parameters: ["config": "/nowhere/x.conf"],
        code: 5,
        quotes: ["/nowhere/x.conf"]
    ),
    ContractCase(
        name: "no configuration file at all",
        parameters: [:],
        code: 5,
        quotes: ["postgresql.conf"],
        prepare: { try removeFile($0.data + "/postgresql.conf") }
    ),
    ContractCase(
        name: "data directory missing",
        parameters: ["pgdata": "/nowhere/data"],
        code: 5,
        quotes: ["/nowhere/data", "mounted"]
    ),
    ContractCase(
        name: "data directory empty, as an unmounted one is",
        parameters: [:],
        code: 5,
        quotes: ["PG_VERSION", "mounted"],
        prepare: { try removeFile($0.data + "/PG_VERSION") }
    ),
    ContractCase(
        name: "data of another major version",
        parameters: [:],
        code: 5,
        quotes: ["PostgreSQL 14", "PostgreSQL 15"],
        prepare: { try $0.write("14\n", "data/PG_VERSION") }
    ),
    ContractCase(
        name: "data of a version that is too old",
        parameters: [:],
        code: 5,
        quotes: ["9.6"],
        prepare: { try $0.write("9.6\n", "data/PG_VERSION") }
    ),
]

private let startCases: [ContractCase] = [
    ContractCase(
        name: "tmpdir can't be made",
        parameters: ["tmpdir": "/dev/null/tmp"],
        isReplicated: true,
        isPromotable: true,
        code: 4,
        quotes: ["/dev/null/tmp"]
    ),
    ContractCase(
        name: "log file not writable",
        parameters: ["logfile": "/proc/version"],
        code: 4,
        quotes: ["/proc/version"]
    ),
    ContractCase(
        name: "log file in a folder that doesn't exist",
        parameters: ["logfile": "/nowhere/log"],
        code: 4,
        quotes: ["/nowhere/log"]
    ),
]

private let parameterCases: [ContractCase] = [
    ContractCase(name: "rep_mode mistyped", parameters: ["rep_mode": "asink"], code: 6, quotes: ["'asink'", "async"]),
    ContractCase(
        name: "master_ip missing",
        parameters: ["rep_mode": "async", "node_list": "n1 n2"],
        isPromotable: true,
        code: 6,
        quotes: ["master_ip", "'async'"]
    ),
    ContractCase(
        name: "master_ip missing in mode slave",
        parameters: ["rep_mode": "slave"],
        code: 6,
        quotes: ["master_ip", "'slave'"]
    ),
    ContractCase(
        name: "node_list missing",
        parameters: ["rep_mode": "sync", "master_ip": "127.0.1.1"],
        isPromotable: true,
        code: 6,
        quotes: ["node_list", "'sync'"]
    ),
    ContractCase(
        name: "slot name malformed",
        parameters: ["replication_slot_name": "Slot-1"],
        code: 6,
        quotes: ["'Slot-1'"]
    ),
    ContractCase(
        name: "slave as a promotable clone",
        parameters: ["rep_mode": "slave", "master_ip": "127.0.1.1"],
        isPromotable: true,
        code: 6,
        quotes: ["'slave'", "promotable"]
    ),
    ContractCase(
        name: "async as an ordinary resource",
        parameters: ["rep_mode": "async", "master_ip": "127.0.1.1", "node_list": "n1 n2"],
        code: 6,
        quotes: ["'async'", "promotable"]
    ),
    ContractCase(
        name: "external standbys without sync",
        parameters: [
            "rep_mode": "async", "master_ip": "127.0.1.1", "node_list": "n1 n2", "external_standby_node_list": "far",
        ],
        isPromotable: true,
        code: 6,
        quotes: ["external_standby_node_list", "'async'"]
    ),
    ContractCase(
        name: "monitor_password without monitor_user",
        parameters: ["monitor_password": "x"],
        code: 6,
        quotes: ["monitor_password", "monitor_user"]
    ),
    ContractCase(name: "relative pgdata", parameters: ["pgdata": "data"], code: 6, quotes: ["'data'"]),
    ContractCase(
        name: "boolean mistyped",
        parameters: ["restart_on_promote": "maybe"],
        code: 6,
        quotes: ["'maybe'"]
    ),
]

extension StubInstance {
    func setMode(_ name: String, _ mode: UInt32) throws {
        _ = run(Command("chmod", [String(mode, radix: 8), folder.path + "/" + name]), by: .after(milliseconds: 5000))
    }

    fileprivate func call(_ row: ContractCase) throws -> AgentCall {
        var call = row.isReplicated ? try replicatedCall(row.parameters) : call(row.parameters)
        if row.isPromotable { call.meta["promotable"] = "true" }
        try row.prepare(self)
        return call
    }
}

/// Table 1.2 of the contract with heartbeat/pgsql, row by row.
@Suite(.enabled(if: StubInstance.isAvailable, Comment(rawValue: StubInstance.need)))
struct ContractTests {
    /// Exactly one exit reason, and it quotes what was seen.
    private func expectReason(_ answer: AgentAnswer, _ row: ContractCase) {
        #expect(answer.exitReasons.count == 1, "\(answer)")
        for text in row.quotes { #expect(answer.reason.contains(text), "\(answer)") }
    }

    private func expectCalm(_ call: AgentCall) {
        let expected: [(String, Int32)] = [("monitor", 7), ("status", 7), ("stop", 0)]
        for (action, code) in expected {
            var probe = call
            for interval in ["0", "10000"] {
                probe.meta["interval"] = interval
                let answer = probe.run(action)
                #expect(answer.code == code, "\(action): \(answer)")
                #expect(answer.exitReasons.isEmpty, "\(action): \(answer)")
            }
        }
    }

    @Test(arguments: machineCases)
    func machineProblem(_ row: ContractCase) throws {
        try withStub { stub in
            var call = try stub.call(row)
            #expect(call.run("validate-all").code == 0)
            let start = call.run("start")
            #expect(start.code == row.code, "\(start)")
            expectReason(start, row)
            expectCalm(call)
            call.environment["OCF_CHECK_LEVEL"] = "10"
            let validation = call.run("validate-all")
            #expect(validation.code == row.code, "\(validation)")
            expectReason(validation, row)
        }
    }

    @Test(arguments: startCases)
    func problemOfTheStart(_ row: ContractCase) throws {
        try withStub { stub in
            let call = try stub.call(row)
            #expect(call.run("validate-all").code == 0)
            let start = call.run("start")
            #expect(start.code == row.code, "\(start)")
            expectReason(start, row)
            expectCalm(call)
        }
    }

    @Test(arguments: parameterCases)
    func parameterProblem(_ row: ContractCase) throws {
        try withStub { stub in
            var call = try stub.call(row)
            for level in ["0", "10"] {
                call.environment["OCF_CHECK_LEVEL"] = level
                let validation = call.run("validate-all")
                #expect(validation.code == row.code, "\(validation)")
                expectReason(validation, row)
            }
            let start = call.run("start")
            #expect(start.code == row.code, "\(start)")
            expectReason(start, row)
            expectCalm(call)
        }
    }

    @Test func everythingRightIsValid() throws {
        try withStub { stub in
            var call = try stub.replicatedCall()
            call.environment["OCF_CHECK_LEVEL"] = "10"
            let answer = call.run("validate-all")
            #expect(answer.code == 0, "\(answer)")
            #expect(answer.errors.isEmpty)
        }
    }
}
