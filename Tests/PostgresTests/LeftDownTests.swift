import Foundation
import RACore
import RATestSupport
import Testing

/// A demotion before a stop leaves nothing running; should the stop be called off, the node is a standby all the same.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct LeftDownTests {
    /// A primary that was demoted to be stopped.
    private func demote(_ cluster: TestCluster) throws {
        _ = try cluster.startWatchedPrimary()
        cluster.meta["notify_stop_uname"] = "n1"
        try cluster.must("demote", "n1")
        #expect(cluster["n1"].processID == nil)
        cluster.meta["notify_stop_uname"] = ""
    }

    private func monitor(_ cluster: TestCluster, interval: Int = 4000) throws -> Int32? {
        cluster.meta["interval"] = String(interval)
        defer { cluster.meta["interval"] = nil }
        return try cluster.run("monitor", "n1").code
    }

    @Test func comesUpWithTheNextMonitorOnce() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            try demote(cluster)
            #expect(try monitor(cluster, interval: 0) == OCFExitCode.notRunning.rawValue, "a probe starts nothing")
            #expect(try monitor(cluster) == 0)
            #expect(cluster["n1"].isInRecovery == true)
            try cluster.awaitSentinel("n1")
            #expect(cluster.reports == [])
            #expect(try monitor(cluster) == 0)
            endServers(cluster["n1"].data)
            #expect(try monitor(cluster) == OCFExitCode.notRunning.rawValue)
        }
    }

    @Test func staysDownAfterTheStop() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            try demote(cluster)
            try cluster.must("stop", "n1")
            #expect(try monitor(cluster) == OCFExitCode.notRunning.rawValue)
        }
    }

    /// An operator may copy the data, or do something else with them.
    @Test func staysDownWhereNobodyManagesIt() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            try demote(cluster)
            try cluster.describeResource(["is-managed": "false"])
            #expect(try monitor(cluster) == OCFExitCode.notRunning.rawValue)
            #expect(cluster["n1"].processID == nil)
            try cluster.describeResource()
            #expect(try monitor(cluster) == 0)
        }
    }

    /// Data that a server has had since aren't those that were left.
    @Test func staysDownAfterAnotherServer() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            try demote(cluster)
            try cluster.must("start", "n1")
            endServers(cluster["n1"].data)
            #expect(try monitor(cluster) == OCFExitCode.notRunning.rawValue)
        }
    }

    /// What can't start is a failure like any other: the reason is given once, and the next monitor says what there is.
    @Test func thatItCannotStartIsSaid() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            try demote(cluster)
            let settings = cluster["n1"].data + "/postgresql.conf"
            try FileManager.default.moveItem(atPath: settings, toPath: settings + ".away")
            cluster.meta["interval"] = "4000"
            let answer = try cluster.run("monitor", "n1")
            #expect(answer.code == OCFExitCode.notInstalled.rawValue)
            #expect(answer.reason.contains("postgresql.conf"), "\(answer)")
            try FileManager.default.moveItem(atPath: settings + ".away", toPath: settings)
            #expect(try monitor(cluster) == OCFExitCode.notRunning.rawValue)
        }
    }
}
