import RACore
import RAKit
import RATestSupport
import Testing

/// No password in what anybody can read: output, log, arguments of commands.
@Suite(.enabled(if: StubInstance.isAvailable, Comment(rawValue: StubInstance.need)))
struct SecretTests {
    private static let secrets: [String: String] = [
        "monitor_user": "watcher", "monitor_password": "s3cr3t-one",
        "primary_conninfo_opt": "sslmode=disable password='s3cr3t-two'",
    ]

    private func expectNoSecret(_ answer: AgentAnswer) {
        #expect(!answer.output.contains("s3cr3t") && !answer.errors.contains("s3cr3t"), "\(answer)")
    }

    @Test(arguments: OCFAction.allCases)
    func noActionShowsAPassword(_ action: OCFAction) throws {
        try withStub { stub in
            var call = try stub.replicatedCall(SecretTests.secrets)
            call.meta["timeout"] = "3000"
            for level in ["0", "10"] {
                call.environment["OCF_CHECK_LEVEL"] = level
                expectNoSecret(call.run(action.rawValue))
            }
        }
    }

    /// A fault is quoted, and what is quoted may hold a password.
    @Test(arguments: [
        "password=s3cr3t-two sslmode", "sslmode=x password='s3cr3t-two", "password=s3cr3t-two application_name=x",
        "password = s3cr3t-two =", "host=x\npassword=s3cr3t-two",
    ])
    func quotedFaultHidesThePassword(_ options: String) throws {
        try withStub { stub in
            let call = try stub.replicatedCall(["primary_conninfo_opt": options])
            let answer = call.run("validate-all")
            #expect(answer.code == 6)
            #expect(answer.exitReasons.count == 1, "\(answer)")
            expectNoSecret(answer)
        }
    }

    @Test(.enabled(if: Trace.isAvailable, Comment(rawValue: Trace.need)))
    func noCommandGetsAPassword() throws {
        try withStub { stub in
            let call = try stub.replicatedCall(SecretTests.secrets)
            let calls = try Trace.calls(of: call, "start", "execve")
            #expect(calls.contains { $0.contains("cibadmin") })
            for line in calls { #expect(!line.contains("s3cr3t"), "\(line)") }
        }
    }
}
