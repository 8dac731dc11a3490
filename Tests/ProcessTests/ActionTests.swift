import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// What the agent answers to words that need no instance.
@Suite struct ActionTests {
    private let call = AgentCall()

    @Test(arguments: ["no_cmd", "", "Start", "migrate_to", "migrate_from", "reload"])
    func unknownActionIsUnimplemented(_ word: String) {
        let answer = call.run(word)
        #expect(answer.code == 3)
        #expect(answer.reason.contains("\"\(word)\""), "\(answer)")
        #expect(answer.output.isEmpty)
    }

    @Test func missingActionIsACallersError() {
        let answer = call.run([])
        #expect(answer.code == 2)
        #expect(answer.errors.hasPrefix("usage: "), "\(answer)")
    }

    /// OCF 1.1: "Agents must ignore additional arguments".
    @Test(arguments: ["methods", "meta-data", "usage", "validate-all"])
    func additionalArgumentsAreIgnored(_ action: String) {
        let plain = call.run(action)
        let answer = call.run(action, "more", "--and", "more")
        #expect(answer.code == 0)
        #expect(answer.output == plain.output)
    }

    @Test func methodsAreAllActions() {
        let answer = call.run("methods")
        #expect(answer.code == 0)
        #expect(answer.output.split(separator: "\n").map(String.init) == OCFAction.allCases.map(\.rawValue))
    }

    @Test func usageGoesToTheOutput() {
        let answer = call.run("usage")
        #expect(answer.code == 0)
        #expect(answer.output.hasPrefix("usage: pgsql-swift {start|stop|"))
        #expect(answer.errors.isEmpty)
    }

    @Test func metadataIsTheCommittedFile() throws {
        let answer = call.run("meta-data")
        #expect(answer.code == 0)
        #expect(answer.output == (try readText(AgentBinary.root + "/ocf-metadata/pgsql-swift.xml")))
        #expect(answer.errors.isEmpty)
    }

    /// Pacemaker's controller waits for meta-data: a call back into the cluster would hang both.
    @Test func metadataNeedsNothing() throws {
        var call = call
        call.environment = ["PATH": "/nowhere"]
        call.meta = [:]
        call.parameters = ["pgdata": "/nowhere", "pgport": "abc", "rep_mode": "asink"]
        #expect(call.run("meta-data").output == self.call.run("meta-data").output)
        #expect(call.run("methods").code == 0)
    }

    /// ocf-tester calls it so: `su nobody -c "agent meta-data"`.
    @Test(.enabled(if: StubInstance.isAvailable, Comment(rawValue: StubInstance.need)))
    func metadataWorksForNobody() throws {
        var call = call
        call.account = Account(name: "nobody")
        let answer = call.run("meta-data")
        #expect(answer.code == 0, "\(answer)")
        #expect(answer.output == self.call.run("meta-data").output)
    }

    /// The ends of loading and of the process, and what Swift's runtime looks up before a program begins.
    private let ofRuntime = [
        "exit_group", "AT_EMPTY_PATH", "libexec/swift", "swift-backtrace", "\"\(AgentBinary.folder)",
        "/proc/self/maps", "/sys/devices/system/cpu",
    ]

    @Test(.enabled(if: Trace.isAvailable, Comment(rawValue: Trace.need)))
    func metadataDoesNoInputAndOutput() throws {
        for action in ["meta-data", "methods", "usage"] {
            let calls = try Trace.calls(of: AgentCall(), action, "%file,%network,%process")
            // The loader looks for libraries before the program begins; after the last of them only the exit may come.
            let own = calls.suffix(from: (calls.lastIndex { $0.contains(".so") } ?? -1) + 1)
            let doing = own.filter { line in !ofRuntime.contains { line.contains($0) } }
            #expect(doing.isEmpty, "\(action): \(doing)")
            #expect(calls.filter { $0.contains("execve(") }.count == 1)
        }
    }
}

/// The system calls of an agent's call.
enum Trace {
    static let need = "it needs strace, and the permission to trace"
    static let isAvailable: Bool = {
        guard let program = findProgram("strace") else { return false }
        return run(Command(program, ["-o", "/dev/null", "/bin/true"]), by: .after(milliseconds: 10_000)).isSuccess
    }()

    static func calls(of call: AgentCall, _ action: String, _ filter: String) throws -> [String] {
        let folder = try AgentFolder("trace")
        defer { folder.remove() }
        var call = call
        call.prefix = [findProgram("strace") ?? "strace", "-f", "-o", folder.path + "/calls", "-e", "trace=" + filter]
        _ = call.run(action)
        return try readText(folder.path + "/calls").split(separator: "\n").map(String.init)
            .filter { !$0.contains("+++") && !$0.contains("---") }
    }
}
