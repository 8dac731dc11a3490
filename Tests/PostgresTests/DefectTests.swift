import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// The defects that were found in heartbeat/pgsql by running it, D1 to D13: none of them is ours.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct DefectTests {
    /// Stop answered 4, 5 or 6 when the configuration was wrong, and the node was fenced.
    @Test func d1StopSucceedsWhateverIsWrong() throws {
        try withCluster(.async) { cluster in
            let data = cluster["n1"].data
            try FileManager.default.moveItem(atPath: data, toPath: data + ".away")
            for changes in [[:], ["config": "/nowhere"], ["pgctl": "/nowhere"], ["rep_mode": "asink"]] {
                #expect(try cluster.run("stop", "n1", changes).code == 0)
                #expect(try cluster.run("monitor", "n1", changes).code == 7)
            }
        }
    }

    /// A running server is stopped, too, when its configuration file is gone since.
    @Test func d1StopEndsAServerWhoseConfigurationIsGone() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try removeFile(cluster["n1"].configuration)
            #expect(try cluster.run("stop", "n1", ["pgctl": "/nowhere", "node_list": ""]).code == 0)
            #expect(!cluster["n1"].hasProcesses)
        }
    }

    /// Stop tried an attribute 86400 times, once a second.
    @Test func d2StopDoesNotTryForEver() throws {
        try withCluster(.async) { cluster in
            cluster.meta["timeout"] = "4000"
            try cluster.fake.setFault("crm_attribute", "fail Error performing operation: No such device or address")
            let stop = try cluster.run("stop", "n1", ["master_ip": "", "pgdata": "/nowhere"])
            #expect(stop.code == 0)
            #expect(stop.milliseconds < 4000, "\(stop)")
            #expect(try cluster.run("stop", "n1").code == 0)
        }
    }

    /// Start waited for its timeout when the postmaster had died long before.
    @Test func d3StartNoticesThatThePostmasterEnded() throws {
        try withCluster(.async) { cluster in
            cluster.meta["timeout"] = "120000"
            try cluster["n1"].append("shared_preload_libraries = 'no_such_library'\n")
            let start = try cluster.run("start", "n1")
            #expect(start.code == 1)
            #expect(start.milliseconds < 10_000, "\(start)")
            #expect(start.reason.contains("no_such_library"), "\(start)")
        }
    }

    /// Start deleted backup_label, without which a base backup recovers from the wrong checkpoint.
    @Test func d4StartKeepsTheBackupLabel() throws {
        try withInstance { primary in
            #expect(primary.call().run("start").code == 0)
            let standby = try TestInstance("n2", in: primary.folder, address: "127.0.1.2", port: primary.port)
            try standby.becomeBackup(of: primary)
            try standby.appendAddress()
            #expect(FileFacts(standby.data + "/backup_label") != nil)
            let start = standby.call(["rep_mode": "slave", "master_ip": primary.address]).run("start")
            #expect(start.code == 0, "\(start)")
            // PostgreSQL itself sets it aside once it has begun to recover from it.
            #expect(FileFacts(standby.data + "/backup_label.old") != nil)
            #expect(standby.isInRecovery == true)
            #expect(standby.call(["rep_mode": "slave", "master_ip": primary.address]).run("monitor").code == 0)
        }
    }

    @Test func d5StartOfARunningInstanceSucceeds() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            let postmaster = cluster["n2"].processID
            try cluster.must("start", "n2")
            #expect(cluster["n2"].processID == postmaster)
        }
    }

    /// What ocf-tester asks of a promotable agent, in its order.
    @Test func d6DemoteAndPromoteAsOcfTesterWantsThem() throws {
        try withCluster(.async, nodes: ["n1"]) { cluster in
            let sequence: [(String, Int32)] = [
                ("start", 0), ("monitor", 0), ("demote", 0), ("promote", 0), ("demote", 0), ("demote", 0),
                ("promote", 0),
                ("promote", 0), ("demote", 0), ("stop", 0), ("monitor", 7), ("start", 0), ("monitor", 0), ("start", 0),
                ("monitor", 0), ("stop", 0), ("monitor", 7), ("stop", 0), ("monitor", 7),
            ]
            for (index, (action, code)) in sequence.enumerated() {
                let answer = try cluster.run(action, "n1")
                #expect(answer.code == code, "step \(index), \(action): \(answer)")
            }
        }
    }

    /// A monitoring user that isn't shown the standbys' states made the agent switch synchronous replication off.
    @Test func d7MissingPrivilegeDoesNotDegrade() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            cluster.parameters["monitor_user"] = "nobody"
            let monitor = try cluster.run("monitor", "n1")
            #expect(monitor.code == 8)
            #expect(monitor.errors.contains("pg_monitor"), "\(monitor)")
            #expect(cluster["n1"].value("SHOW synchronous_standby_names") == "\"n2\"")
            #expect(cluster.attribute("data-status", "n2") == "STREAMING|SYNC")
            #expect(cluster.attribute("score", "n2") == "100")
            let start = try cluster.run("start", "n2")
            #expect(start.code == 4, "\(start)")
            #expect(start.reason.contains("GRANT pg_monitor TO \"nobody\""), "\(start)")
            cluster.parameters["monitor_user"] = "watcher"
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(cluster.attribute("data-status", "n2") == "STREAMING|SYNC")
        }
    }

    /// After a crash the number in postmaster.pid was believed: monitor 1, and stop without an end.
    @Test func d8NumberInPostmasterPidIsNotBelieved() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster["n1"].killPostmaster()
            try cluster.must("monitor", "n1", .notRunning)
            endServers(cluster["n1"].data)
            // The number is now this test's own, which is alive for sure.
            try cluster["n1"].write("\(getpid())\n\(cluster["n1"].data)\n1\n", to: "postmaster.pid")
            try cluster.must("monitor", "n1", .notRunning)
            try cluster.must("stop", "n1")
            try cluster.must("start", "n1")
        }
    }

    /// The cache of crm_mon's output was lost in a subshell: it ran 2 + 3 times a peer.
    @Test func d9ClusterIsReadOnceWhateverItsSize() throws {
        try withCluster(.sync, nodes: ["n1", "n2", "n3"]) { cluster in
            try cluster.bringUp()
            try cluster.must("monitor", "n1", .runningPromoted)
            try cluster.fake.clearLog()
            // By hand: a recurring one may rest on the look before.
            var call = cluster.call("n1")
            call.meta["interval"] = nil
            #expect(call.run("monitor").code == OCFExitCode.runningPromoted.rawValue)
            #expect(cluster.fake.calls == ["cibadmin --query"])
        }
    }

    @Test func d10MetadataDoesNotAskTheCluster() throws {
        try withCluster(.async) { cluster in
            for fault in ["cibadmin", "crm_node", "crm_attribute"] { try cluster.fake.setFault(fault, "hang") }
            for action in ["meta-data", "methods", "usage", "validate-all"] {
                #expect(cluster.call("n1").run(action).code == 0)
            }
            #expect(cluster.fake.calls.isEmpty)
        }
    }

    /// The path for a failing query used variables that were never set.
    @Test func d11PromotionSaysWhatItsQueryFailedOf() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            let answer = try cluster.run("promote", "n1", ["pgdb": "no_such_database"])
            #expect(answer.code == 1)
            #expect(answer.exitReasons.count == 1)
            #expect(answer.reason.contains("no_such_database"), "\(answer)")
            #expect(cluster["n1"].isInRecovery == true)
        }
    }

    /// Node names were patterns: "node1" was found in "node10", and a dot matched anything.
    @Test func d12NodeNamesAreNotPatterns() throws {
        try withCluster(.sync, nodes: ["node-1.a", "node-1.ab"]) { cluster in
            try cluster.bringUp()
            #expect(cluster["node-1.a"].value("SHOW synchronous_standby_names") == "\"node-1.ab\"")
            #expect(cluster.attribute("data-status", "node-1.ab") == "STREAMING|SYNC")
            #expect(cluster.attribute("data-status", "node-1.a") == "LATEST")
        }
    }

    /// The test for a slot broke when its query failed, and the promotion with it.
    @Test func d13PromotionOutlivesAFailingSlot() throws {
        try withCluster(.async, ["replication_slot_name": "pg", "start_opt": "-c max_replication_slots=0"]) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            #expect(cluster["n1"].isInRecovery == false)
            let answer = try cluster.run("monitor", "n1")
            #expect(answer.code == OCFExitCode.runningPromoted.rawValue, "\(answer)")
            #expect(answer.errors.contains("replication slot"), "\(answer)")
        }
    }
}
