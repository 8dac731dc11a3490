import RACore
import RAKit
import RATestSupport
import Testing

/// What a monitor that finds nothing new costs: at most one command, one database connection, no write.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct CostTests {
    private func connections(_ instance: TestInstance) -> Int {
        ((try? readText(instance.log)) ?? "").split(separator: "\n").filter { $0.contains("connection received") }.count
    }

    private func settled(_ cluster: TestCluster) throws {
        for instance in cluster.instances { try instance.append("log_connections = on\n") }
        try cluster.bringUp()
        try cluster.must("monitor", "n1", .runningPromoted)
        try cluster.must("monitor", "n2")
        try cluster.fake.clearLog()
    }

    /// What a sentinel does after a change isn't the monitor's.
    private let withoutSentinel = ["fast_failure_detection": "false"]

    @Test(arguments: [("n1", OCFExitCode.runningPromoted), ("n2", .success)])
    func steadyMonitorAsksOnceAndWritesNothing(_ node: String, _ code: OCFExitCode) throws {
        try withCluster(.sync, withoutSentinel) { cluster in
            try settled(cluster)
            let before = connections(cluster[node])
            for round in 1...3 {
                let answer = try cluster.run("monitor", node)
                #expect(answer.code == code.rawValue)
                #expect(answer.errors.isEmpty, "\(answer)")
                #expect(
                    cluster.fake.calls.count <= round && !cluster.fake.calls.contains { $0.contains("crm_attribute") }
                )
                try waitFor("the log of the connection") { connections(cluster[node]) >= before + round }
                #expect(connections(cluster[node]) == before + round)
            }
        }
    }

    /// The recurring monitor of a primary at rest reads the cluster once in ten seconds; whatever happens ends the rest.
    @Test func restingPrimaryReadsTheClusterSeldom() throws {
        try withCluster(.sync) { cluster in
            try settled(cluster)
            var call = cluster.call("n1")
            call.meta["interval"] = "3000"
            func reads() throws -> Int {
                try cluster.fake.clearLog()
                #expect(call.run("monitor").code == OCFExitCode.runningPromoted.rawValue)
                return cluster.fake.calls.count
            }
            func isResting() -> Bool { (try? reads()) == 0 }
            func rest() throws { try waitFor("the rest") { isResting() } }
            try rest()
            #expect(isResting())
            // By hand, and deeper, it always looks.
            call.meta["interval"] = nil
            #expect(try reads() == 1)
            call.meta["interval"] = "3000"
            try rest()
            call.environment["OCF_CHECK_LEVEL"] = "10"
            #expect(try reads() == 1)
            call.environment["OCF_CHECK_LEVEL"] = nil
            try rest()
            // Ten seconds later, and before a restart of the machine.
            let record = try #require(call.environment["HA_RSCTMP"]) + "/pgsql-swift-pg.rest"
            let lines = try readText(record).split(separator: "\n", maxSplits: 1)
            let moment = try #require(lines.first.flatMap { UInt64($0) })
            for other in [moment - 10_000_000_000, moment + 3_600_000_000_000] {
                try rest()
                try replaceFile(record, with: Array("\(other)\n\(lines[1])".utf8))
                #expect(try reads() == 1)
            }
            try rest()
            _ = cluster.call("n1").run("notify")
            #expect(try reads() == 1)
            try rest()
            try cluster["n2"].killPostmaster()
            try waitFor("the record") { !isResting() }
        }
    }

    private static let canTrace: Bool = {
        guard let program = findProgram("strace") else { return false }
        return run(Command(program, ["-o", "/dev/null", "/bin/true"]), by: .after(milliseconds: 10_000)).isSuccess
    }()

    @Test(
        .enabled(if: canTrace, "it needs strace, and the permission to trace"),
        arguments: [("n1", OCFExitCode.runningPromoted), ("n2", .success)]
    )
    func steadyMonitorStartsAtMostOneProgram(_ node: String, _ code: OCFExitCode) throws {
        try withCluster(.sync, withoutSentinel) { cluster in
            try settled(cluster)
            let record = cluster[node].folder + "/calls"
            var call = cluster.call(node)
            call.prefix = [findProgram("strace") ?? "strace", "-f", "-o", record, "-e", "trace=execve"]
            #expect(call.run("monitor").code == code.rawValue)
            let started = try readText(record).split(separator: "\n").filter {
                $0.contains("execve(") && $0.contains("= 0")
            }
            // The agent itself, and the command that reads the cluster.
            #expect(started.count <= 2, "\(started)")
        }
    }

    @Test func steadyMonitorOutsideReplicationStartsNothing() throws {
        try withInstance { instance in
            try instance.append("log_connections = on\n")
            #expect(instance.call().run("start").code == 0)
            let before = connections(instance)
            #expect(instance.call().run("monitor").code == 0)
            try waitFor("the log of the connection") { connections(instance) > before }
            #expect(connections(instance) == before + 1)
        }
    }
}
