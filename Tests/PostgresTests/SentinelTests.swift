import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// The sentinel beside a postmaster: when there is one, what it costs, and what it tells the cluster.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct SentinelTests {
    private let isRelease = AgentBinary.folder == AgentBinary.releaseFolder

    @Test func startLeavesOneInASessionOfItsOwn() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            // Nobody to receive WAL from.
            cluster.primaryAddress = "127.0.1.9"
            try cluster.must("start", "n1")
            let sentinel = try cluster.awaitSentinel("n1", links: 0)
            #expect(sentinel.session == sentinel.processID)
            try waitFor("a sentinel that waits") { sentinel.state == "S" && sentinel.descriptors.count == 5 }
            var open = sentinel.descriptors
            for number in 0...2 { #expect(open.removeValue(forKey: number) == "/dev/null") }
            #expect(Set(open.values) == [cluster.sentinelLock("n1"), "anon_inode:[pidfd]"], "\(open)")
            try cluster.must("monitor", "n1")
            #expect(cluster.sentinels("n1") == [sentinel])
        }
    }

    @Test func costsNothingAtRest() throws {
        try withSentinels { cluster in
            try cluster.bringUp(watching: "n1")
            // After a look, which takes more than waiting does.
            endServers(cluster["n2"].data)
            let sentinel = try cluster.awaitSentinel("n1", links: 0)
            try waitFor("a sentinel that waits") { sentinel.state == "S" }
            let sizes = ["VmRSS", "RssAnon"].map { name in (name, sentinel.number(name) ?? .max) }
            // Much of a debug build's programs and libraries is in memory once for all processes.
            for (name, size) in sizes where isRelease || name == "RssAnon" {
                #expect(size < 10_240, "\(name) is \(size) kB of \(sizes)")
            }
            // For fifteen seconds after a change it looks for connections that begin.
            var (ticks, turns) = (sentinel.ticks, sentinel.number("voluntary_ctxt_switches"))
            #expect(ticks != nil && turns != nil)
            try waitFor("a sentinel at rest", seconds: 40) {
                let didRun = happens(within: 2000) {
                    sentinel.ticks != ticks || sentinel.number("voluntary_ctxt_switches") != turns
                }
                (ticks, turns) = (sentinel.ticks, sentinel.number("voluntary_ctxt_switches"))
                return !didRun
            }
            print("a sentinel at rest: \(sizes), \(ticks ?? -1) ticks in all")
        }
    }

    @Test(arguments: ["n1", "n2"])
    func deathOfThePostmasterIsReportedOnce(_ node: String) throws {
        try withSentinels { cluster in
            try cluster.bringUp()
            let sentinel = try cluster.awaitSentinel(node, links: 1)
            // Its sender or receiver ends as well, and the other node's sentinel looks at that.
            try cluster.fake.clearLog()
            guard let postmaster = cluster[node].processID else { throw TestFailure("no postmaster") }
            try send(.kill, to: postmaster)
            let wanted = "crm_resource --fail --resource pg --node \(node)"
            try waitFor("the report", seconds: 2) { !cluster.reports.isEmpty }
            try sentinel.awaitEnd()
            #expect(cluster.reports == [wanted])
            #expect(cluster.sentinels(node).isEmpty)
            // What becomes of a standby's the primary says at the same time.
            if node == "n1" { #expect(cluster.attribute("status", node) == "STOP") }
        }
    }

    @Test func reportIsRepeatedUntilTheClusterHasTakenIt() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try cluster.startWatchedPrimary()
            try cluster.fake.setFault(
                "crm_resource",
                "fail Error performing operation: Transport endpoint is not connected"
            )
            try cluster["n1"].killPostmaster()
            try waitFor("a second attempt") { cluster.reports.count > 1 }
            try cluster.fake.setFault("crm_resource", nil)
            try sentinel.awaitEnd()
            #expect((2...5).contains(cluster.reports.count), "\(cluster.reports)")
        }
    }

    @Test func stopLeavesNoneAndReportsNothing() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let first = try cluster.startWatchedPrimary()
            try cluster.must("demote", "n1")
            #expect(first.isGone)
            try waitFor("the standby") { cluster["n1"].isInRecovery == true }
            try cluster.must("monitor", "n1")
            let second = try cluster.awaitSentinel("n1")
            try cluster.must("stop", "n1")
            #expect(second.isGone)
            #expect(cluster.sentinels("n1").isEmpty)
            #expect(cluster.reports == [])
        }
    }

    @Test(arguments: [false, true])
    func monitorReplacesOneThatIsGoneOrHangs(_ hangs: Bool) throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            var former = try cluster.startWatchedPrimary()
            for action in ["monitor", "demote"] {
                if hangs { try former.halt() } else { try cluster.silence("n1") }
                if action == "demote" {
                    try cluster.must("demote", "n1")
                    try waitFor("the standby") { cluster["n1"].isInRecovery == true }
                    try cluster.must("monitor", "n1")
                } else {
                    try cluster.must("monitor", "n1", .runningPromoted)
                }
                #expect(former.isGone)
                let now = try cluster.awaitSentinel("n1")
                #expect(now != former)
                former = now
            }
            #expect(cluster.reports == [])
        }
    }

    enum Pause: CaseIterable {
        case maintenanceMode, unmanagedResource, maintainedResource, maintainedNode, unreadableCluster
    }

    @Test(arguments: Pause.allCases)
    func nothingIsReportedWhereNobodyActs(_ pause: Pause) throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try cluster.startWatchedPrimary()
            switch pause {
            case .maintenanceMode:
                let text = "stonith-enabled true\nmaintenance-mode true\n"
                try replaceFile(cluster.fake.folder + "/properties", with: Array(text.utf8), mode: 0o644)
            case .unmanagedResource: try cluster.describeResource(["is-managed": "false"])
            case .maintainedResource: try cluster.describeResource(["maintenance": "true"])
            case .maintainedNode: try cluster.fake.setAttribute("maintenance", "n1", "true", .permanent)
            case .unreadableCluster: try cluster.fake.setFault("cibadmin", "fail Could not connect to the CIB manager")
            }
            try cluster.fake.clearLog()
            try cluster["n1"].killPostmaster()
            try sentinel.awaitEnd()
            let calls = cluster.fake.calls
            #expect(calls.allSatisfy { $0.hasPrefix("cibadmin --query") } && !calls.isEmpty, "\(calls)")
        }
    }

    @Test func parameterLeavesItOut() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try cluster.startWatchedPrimary()
            cluster.parameters["fast_failure_detection"] = "false"
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(sentinel.isGone && cluster.sentinels("n1").isEmpty)
            try cluster.must("demote", "n1")
            try cluster.must("stop", "n1")
            try cluster.must("start", "n1")
            try cluster.must("monitor", "n1")
            #expect(cluster.sentinels("n1").isEmpty)
            try cluster["n1"].killPostmaster()
            try cluster.must("monitor", "n1", .notRunning)
            #expect(cluster.reports == [])
        }
    }

    @Test func restartByHandIsNoFailure() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            _ = try cluster.startWatchedPrimary()
            let former = cluster["n1"].processID
            let words = ["-D", cluster["n1"].data, "-l", "/dev/null", "-w", "restart"]
            try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", words)
            #expect(cluster["n1"].processID != former)
            try cluster.awaitSentinel("n1")
            #expect(cluster.reports == [])
            try cluster["n1"].killPostmaster()
            try waitFor("the report of the new one's death", seconds: 2) { cluster.reports.count == 1 }
        }
    }

    @Test func stopByHandIsReported() throws {
        try withSentinels(nodes: ["n1"]) { cluster in
            let sentinel = try cluster.startWatchedPrimary()
            try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", ["-D", cluster["n1"].data, "-w", "stop"])
            try sentinel.awaitEnd()
            #expect(cluster.reports.count == 1)
        }
    }
}
