import RACore
import RAKit
import RATestSupport
import Testing

/// The plain life of an instance that isn't replicated.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct LifeTests {
    @Test func livesThroughAllActions() throws {
        try withInstance { instance in
            let call = instance.call()
            #expect(call.run("monitor").code == 7)
            let start = call.run("start")
            #expect(start.code == 0, "\(start)")
            #expect(call.run("start").code == 0)
            #expect(call.run("monitor").code == 0)
            #expect(call.run("status").code == 0)
            var thorough = call
            thorough.environment["OCF_CHECK_LEVEL"] = "10"
            #expect(thorough.run("monitor").code == 0)
            #expect(call.run("promote").code == 3)
            #expect(call.run("demote").code == 3)
            #expect(call.run("stop").code == 0)
            #expect(!instance.hasProcesses)
            #expect(call.run("stop").code == 0)
            #expect(call.run("monitor").code == 7)
            #expect(call.run("status").code == 7)
        }
    }

    @Test func replicatesAndFailsOver() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            #expect(cluster.attribute("data-status", "n1") == "LATEST")
            #expect(cluster.attribute("data-status", "n2") == "STREAMING|SYNC")
            #expect(cluster.attribute("score", "n2") == "100")
        }
    }
}
