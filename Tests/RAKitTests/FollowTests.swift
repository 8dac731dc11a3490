import Testing

@testable import RAKit

/// Commands whose output is taken line by line.
@Suite struct FollowTests {
    private func follow(_ script: String) -> (lines: [String], errors: [String], result: CommandResult) {
        var lines: [String] = []
        var errors: [String] = []
        let result = start(Command("/bin/sh", ["-c", script])).follow(
            output: { lines.append(String($0)) },
            errors: { errors.append(String($0)) },
            while: { true }
        )
        return (lines, errors, result)
    }

    /// Progress comes with carriage returns, and the last line may have no end.
    @Test func linesOfBothStreams() {
        let seen = follow("printf 'a\\n\\nb\\rc'; printf 'x\\ny' >&2; exit 3")
        #expect(seen.lines == ["a", "b", "c"] && seen.errors == ["x", "y"])
        #expect(seen.result.end == .exited(3) && seen.result.summary.hasSuffix("y"))
    }

    @Test func muchOutputInLittleMemory() {
        var count = 0
        var bytes = 0
        let result = start(Command("/bin/sh", ["-c", "seq 1 200000"])).follow(
            output: { line in
                count += 1
                bytes += line.utf8.count
            },
            while: { true }
        )
        #expect(result.isSuccess && count == 200_000 && bytes == 1_088_895 && result.output.isEmpty)
    }

    /// Of a flood of complaints the last ones are kept.
    @Test func lastComplaints() {
        let seen = follow("i=0; while [ $i -lt 3000 ]; do echo \"complaint $i\" >&2; i=$((i + 1)); done; exit 1")
        #expect(seen.errors.count == 3000 && seen.result.errors.count <= 16_384)
        #expect(seen.result.summary == "exit code 1: complaint 2999")
    }

    /// A caller that has seen enough ends it, and that counts as its time being over.
    @Test func endedByItsCaller() {
        let begin = Moment.now()
        var lines = 0
        let result = start(Command("/bin/sh", ["-c", "echo begun; exec tail -f /dev/null"])).follow(
            output: { _ in lines += 1 },
            while: { lines == 0 }
        )
        #expect(result.end == .timedOut && lines == 1)
        #expect(Moment.now().milliseconds(since: begin) < 5000)
    }

    @Test func programThatIsNotThere() {
        let result = start(Command("/no/such/program")).follow(while: { true })
        guard case .notStarted(let why) = result.end else {
            Issue.record("\(result.end)")
            return
        }
        #expect(why.contains("/no/such/program"))
    }
}
