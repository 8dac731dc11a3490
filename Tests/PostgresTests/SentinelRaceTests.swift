import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// A sentinel that is where it shouldn't be: late, forgotten, outside replication.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SentinelRaceTests {
    /// A machine so busy that the sentinel which a monitor has started comes when the stop is under way already.
    @Test func oneThatComesAfterTheStopBeganDoesNotReportIt() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let former = try cluster.startWatchedPrimary()
            let words = former.arguments
            try cluster.silence("n1")
            // A backend that doesn't end keeps the postmaster while it is being stopped.
            let session = try cluster["n1"].connect()
            let backend = try session.query("SELECT pg_backend_pid()", by: .after(milliseconds: 5000)).first?.rows
                .first?[0].flatMap { Int32($0) }
            guard let backend, let postmaster = cluster["n1"].processID else { throw TestFailure("no backend") }
            kill(backend, SIGSTOP)
            let stop = try Background(cluster.call("n1"), ["stop"])
            try waitFor("a server that shuts down") { (try? cluster["n1"].connect()) == nil }
            #expect(cluster["n1"].processID == postmaster)
            let late = try Background(cluster.call("n1"), words)
            try waitFor("the late one's end, or that of the stop") { late.hasEnded || stop.hasEnded }
            kill(backend, SIGCONT)
            try waitFor("the end of the stop") { stop.hasEnded && cluster["n1"].processID == nil }
            try waitFor("the end of every sentinel") { cluster.sentinels("n1").isEmpty }
            #expect(cluster.reports == [])
        }
    }

    @Test func oneWhoseFolderWasRemovedReportsNothingOfAStop() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try cluster.startWatchedPrimary()
            try FileManager.default.removeItem(atPath: cluster["n1"].folder + "/n1.run")
            try cluster.must("demote", "n1")
            try cluster.must("stop", "n1")
            try sentinel.awaitEnd()
            #expect(cluster.reports == [])
        }
    }

    @Test func replicationIsSupervisedWhereNothingCanBeLocked() throws {
        try withSentinels { cluster in
            try cluster.bringUp()
            for node in ["n1", "n2"] { try cluster.silence(node) }
            let path = cluster["n1"].folder + "/n1.run/pgsql-swift-pg.supervision"
            try removeFile(path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            endServers(cluster["n2"].data)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster["n1"].value("SHOW synchronous_standby_names") == "")
        }
    }

    @Test func promotionDoesNotWakeItToPublish() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n2")
            try cluster.cutPower("n1")
            try waitFor("its position", seconds: 5) { cluster.fake.position("n2") != nil }
            cluster.primaryAddress = "127.0.1.2"
            try cluster.must("promote", "n2")
            try cluster.must("monitor", "n2", .runningPromoted)
            #expect(cluster["n2"].isInRecovery == false)
            #expect(cluster.fake.position("n2") == nil)
            try cluster.awaitSentinel("n2", links: 0)
        }
    }

    /// Outside replication the agent changes nothing of it; a backup or somebody else's standby comes and goes.
    @Test func connectionOutsideReplicationIsNobodysBusiness() throws {
        try withSentinels(.none, nodes: ["n1"]) { cluster in
            try cluster.must("start", "n1")
            let receiver = try Background(cluster, receivingFrom: "n1")
            try waitFor("a connection") { cluster["n1"].value("SELECT count(*) FROM pg_stat_replication") == "1" }
            try cluster.must("monitor", "n1")
            try cluster.awaitSentinel("n1", links: 0)
            try cluster.fake.clearLog()
            try cluster["n1"].query("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
            try waitFor("the end of the connection") { receiver.hasEnded }
            try cluster.must("monitor", "n1")
            try cluster["n1"].killPostmaster()
            try waitFor("the report", seconds: 2) { !cluster.reports.isEmpty }
            #expect(!cluster.fake.calls.contains { $0.hasPrefix("crm_attribute") }, "\(cluster.fake.calls)")
        }
    }
}

extension Background {
    /// A program that isn't a standby, and receives WAL until its connection ends.
    fileprivate convenience init(_ cluster: TestCluster, receivingFrom node: String) throws {
        let instance = cluster[node]
        let folder = instance.folder + "/received"
        try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-m", "700", "-o", "postgres", folder], as: nil)
        let words = ["-n", "-D", folder, "-h", instance.address, "-p", String(instance.port), "-U", "postgres"]
        var call = AgentCall()
        call.program = PostgreSQL.programs + "/pg_receivewal"
        try self.init(call, words)
    }
}
