import RATestSupport
import Testing

/// The cases by which heartbeat/pgsql is tested (resource-agents, tools/ocft/pgsql); each begins stopped.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct OcftTests {
    private func expect(
        _ calls: [(String, Int32)],
        with parameters: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try withInstance { instance in
            var call = instance.call(parameters)
            call.meta = ["timeout": "15000"]
            call.environment["OCF_RESOURCE_INSTANCE"] = "ocft"
            call.environment["OCF_RA_VERSION_MINOR"] = "0"
            for (action, code) in [("stop", 0)] + calls {
                let answer = call.run(action)
                #expect(answer.code == code, "\(action): \(answer)", sourceLocation: sourceLocation)
            }
        }
    }

    @Test func checkBaseEnvironment() throws { try expect([("start", 0)]) }

    @Test func invalidPgctl() throws { try expect([("start", 5)], with: ["pgctl": "no_such"]) }

    @Test func normalStart() throws { try expect([("start", 0)]) }

    @Test func normalStop() throws { try expect([("start", 0), ("stop", 0)]) }

    @Test func doubleStart() throws { try expect([("start", 0), ("start", 0)]) }

    @Test func doubleStop() throws { try expect([("stop", 0)]) }

    @Test func runningMonitor() throws { try expect([("start", 0), ("monitor", 0)]) }

    @Test func notRunningMonitor() throws { try expect([("monitor", 7)]) }

    @Test func unimplementedCommand() throws { try expect([("no_cmd", 3)]) }

    @Test func nonExistentUser() throws { try expect([("start", 5)], with: ["pgdba": "no_user"]) }

    @Test func invalidUser() throws { try expect([("start", 4)], with: ["pgdba": "nobody"]) }
}
