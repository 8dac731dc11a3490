import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// A primary that takes connections and doesn't answer them, though its postmaster isn't halted.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SilentPrimaryTests {
    /// Has new connections wait; the next start of the server knows nothing of it.
    private func silence(_ instance: TestInstance) throws {
        let former = instance.text("postgresql.conf")
        try instance.append("post_auth_delay = 300")
        kill(try #require(instance.processID), SIGHUP)
        try waitFor("a server that doesn't answer") { (try? instance.connect(seconds: 1)) == nil }
        try instance.write(former, to: "postgresql.conf")
    }

    private func bringUp(_ cluster: TestCluster) throws {
        try cluster.must("start", "n1")
        try cluster.must("promote", "n1")
        try cluster.must("monitor", "n1", .runningPromoted)
    }

    /// The monitor has waited for an answer: neither another look nor a checkpoint that can't be asked for.
    private func find(_ cluster: TestCluster) {
        var call = cluster.call("n1")
        call.meta["timeout"] = "4000"
        #expect(call.run("monitor").code == OCFExitCode.genericError.rawValue)
    }

    @Test func itIsShutDownInOrderAtOnce() throws {
        try withCluster(.sync, nodes: ["n1"]) { cluster in
            try bringUp(cluster)
            try silence(cluster["n1"])
            find(cluster)
            let demotion = cluster.call("n1").run("demote")
            #expect(demotion.code == 0 && demotion.milliseconds < 4000, "\(demotion)")
            try waitFor("a standby") { cluster.call("n1").run("monitor").code == 0 }
        }
    }

    /// What doesn't end by a fast shutdown gets little time for it, whatever `stop_escalate` allows.
    @Test func itIsEndedWhereItDoesNotShutDown() throws {
        try withCluster(.sync, nodes: ["n1"]) { cluster in
            try bringUp(cluster)
            let client = try cluster["n1"].connect()
            let rows = try client.query("SELECT pg_backend_pid()", by: .after(milliseconds: 5000)).last?.rows ?? []
            let backend = try #require((rows.first?.first ?? nil).flatMap { Int32($0) })
            try silence(cluster["n1"])
            kill(backend, SIGSTOP)
            defer { kill(backend, SIGCONT) }
            find(cluster)
            var call = cluster.call("n1")
            call.meta["timeout"] = "60000"
            let demotion = call.run("demote")
            // A second, then five for a fast and five for an immediate shutdown, after which PostgreSQL kills.
            #expect(demotion.code == 0 && demotion.milliseconds < 14_000, "\(demotion)")
            #expect(!cluster["n1"].hasProcesses)
        }
    }
}
