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

    @Test(arguments: [("n1", OCFExitCode.runningPromoted), ("n2", .success)])
    func steadyMonitorAsksOnceAndWritesNothing(_ node: String, _ code: OCFExitCode) throws {
        try withCluster(.sync) { cluster in
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

    private static let canTrace: Bool = {
        guard let program = findProgram("strace") else { return false }
        return run(Command(program, ["-o", "/dev/null", "/bin/true"]), by: .after(milliseconds: 10_000)).isSuccess
    }()

    @Test(
        .enabled(if: canTrace, "it needs strace, and the permission to trace"),
        arguments: [("n1", OCFExitCode.runningPromoted), ("n2", .success)]
    )
    func steadyMonitorStartsAtMostOneProgram(_ node: String, _ code: OCFExitCode) throws {
        try withCluster(.sync) { cluster in
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
