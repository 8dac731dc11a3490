import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// What a promotion, and what comes after it, makes of a cluster that doesn't do what it is told.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct PromotionTests {
    /// A failed promotion would have Pacemaker demote a primary that serves.
    @Test func whatCantBeToldAfterwardsDoesNotFailIt() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.fake.setFault("attrd_updater", "fail no such daemon")
            try cluster.must("promote", "n1")
            #expect(cluster["n1"].isInRecovery == false)
            let monitor = try cluster.run("monitor", "n1")
            #expect(monitor.code == OCFExitCode.runningPromoted.rawValue, "\(monitor)")
            #expect(monitor.errors.contains("no such daemon"), "\(monitor)")
        }
    }

    /// Both read the configuration's version before either raised it.
    @Test func twoResourcesMayBePromotedAtOnce() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.fake.setRival(adminEpoch: 7)
            let promote = try cluster.run("promote", "n1")
            #expect(promote.code == 0, "\(promote)")
            #expect(promote.milliseconds < 10_000, "\(promote)")
        }
    }

    /// In maintenance mode somebody restarts the server: its standbys are looked after as before.
    @Test func aPrimaryThatWasRestartedByHandIsSupervised() throws {
        try withCluster(.sync) { cluster in
            try cluster.fake.setFencing(true)
            try cluster.bringUp()
            let words = [
                "-D", cluster["n1"].data, "-l", "/dev/null", "-o", "-p \(cluster["n1"].port)", "-w", "restart",
            ]
            try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", words)
            try cluster.awaitStreaming(1)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster["n1"].value("SHOW synchronous_standby_names") == "\"n2\"")
            try cluster.cutPower("n2")
            try waitFor("n2's connection is gone") {
                cluster["n1"].value("SELECT count(*) FROM pg_stat_replication") == "0"
            }
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster["n1"].value("SHOW synchronous_standby_names") == "")
        }
    }

    /// A cluster may wait for days for the one node that has everything.
    @Test func anElectionWithoutAnEndIsToldOnce() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try cluster.cutPower("n2")
            try cluster.must("monitor", "n1", .runningPromoted)
            try cluster.cutPower("n1")
            try cluster.fake.set("n2", .online)
            var told: [Substring] = []
            for action in ["start"] + Array(repeating: "monitor", count: 15) {
                told += try cluster.run(action, "n2").errors.split(separator: "\n").filter { $0.contains("no primary") }
            }
            #expect(told.contains { $0.contains("n1") })
            #expect(Set(told).count == told.count, "\(told)")
        }
    }

    /// A line that somebody else got wrong keeps the server from its whole configuration.
    @Test func aConfigurationThatIsNotTakenIsAnError() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try cluster["n1"].append("work_mem = = 4MB\n")
            try cluster.cutPower("n2")
            try waitFor("n2's connection is gone") {
                cluster["n1"].value("SELECT count(*) FROM pg_stat_replication") == "0"
            }
            let monitor = try cluster.run("monitor", "n1")
            #expect(monitor.code == 8, "\(monitor)")
            #expect(monitor.errors.contains("pg_file_settings"), "\(monitor)")
            #expect(!monitor.errors.contains("from now on"), "\(monitor)")
        }
    }
}
