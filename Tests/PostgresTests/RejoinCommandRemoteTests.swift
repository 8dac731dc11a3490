import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

extension RejoinCommandTests {
    /// A node is named, and its own agent does the work.
    @Suite struct Elsewhere {
        /// Nodes that are asked by their names.
        private let nodes = ["127.0.1.1", "127.0.1.2"]

        private func request(_ failed: FailedNode) -> String? {
            failed.cluster.fake.attribute("pg-rejoin-request", failed.node.node)
        }

        private func withAsked(_ way: FailedNode.Way, _ body: (FailedNode) throws -> Void) throws {
            try withFailedNode(way, nodes: nodes) { failed in
                // The agent has the tool beside it do what takes longer than a start.
                failed.cluster.fake.environment["PATH"] =
                    "\(AgentBinary.fakeCommands):\(AgentBinary.folder):/usr/sbin:/usr/bin:/sbin:/bin"
                try body(failed)
            }
        }

        /// The background work has ended as well.
        private func awaitEnd(_ failed: FailedNode) throws {
            try waitFor("the end of the rejoin on \(failed.node.node)", seconds: 40) {
                failed.leftovers() == [] && request(failed) == nil
            }
            failed.awaitStarts()
        }

        /// It asks by an attribute, sees how far the other is, and that it follows at last.
        @Test func agentDoesWhatItIsAskedFor() throws {
            try withAsked(.diverged) { failed in
                let run = try failed.begin(failed.node.node, "--method", "copy", on: failed.primary)
                try waitFor("the work to begin: \(run.text)", seconds: 40) {
                    failed.journal?.method == .copy || !run.isRunning
                }
                #expect(request(failed) == nil, "a request holds for one start")
                #expect(try run.end() == 0, "\(run.text)")
                #expect(run.text.contains("\(failed.node.node) follows.\n"), "\(run.text)")
                let asked = failed.cluster.fake.calls.filter {
                    $0.hasPrefix("crm_attribute") && $0.contains("-n pg-rejoin-request -v ")
                }
                #expect(asked.count == 1 && asked[0].contains("-N \(failed.node.node)"), "\(asked)")
                #expect(asked[0].contains("-v method=copy by=operator"), "\(asked)")
                try awaitEnd(failed)
                try failed.mustFollow()
                #expect(failed.ledger.map(\.counts.commits) == [1] && failed.ledger.map(\.why) == ["copy"])
            }
        }

        /// What just has to be started is started, and the request is gone with it.
        @Test func startIsAllThatIsNeeded() throws {
            try withAsked(.stopped) { failed in
                let answer = try failed.rejoin(failed.node.node, on: failed.primary)
                #expect(answer.code == 0 && answer.output.hasSuffix("\(failed.node.node) follows.\n"), "\(answer)")
                try awaitEnd(failed)
                try failed.mustFollow()
                #expect(failed.journal == nil && failed.ledger.isEmpty)
            }
        }

        /// How it ended there is told here, with its exit code.
        @Test func refusalOfTheOtherNodeIsTold() throws {
            try withAsked(.diverged) { failed in
                let answer = try failed.rejoin(failed.node.node, "--method", "rewind", on: failed.primary)
                #expect(answer.code == 2 && answer.errors.contains("\(failed.node.node): "), "\(answer)")
                #expect(answer.errors.contains("the data have no checksums"), "\(answer)")
                #expect(failed.hasLostRows && failed.ledger.isEmpty)
                failed.awaitStarts()
            }
        }

        @Test func agentThatNeverAnswers() throws {
            try withAsked(.diverged) { failed in
                failed.beforeStart = "rmdir starting; exit 0"
                let before = try failed.listing()
                let answer = try failed.rejoin(failed.node.node, "--wait", "2", on: failed.primary)
                #expect(answer.code == 4, "\(answer)")
                #expect(answer.errors.contains("its agent hasn't begun within 2 s. HINT: 'crm_mon -1'"), "\(answer)")
                #expect(try failed.listing() == before)
                #expect(request(failed)?.hasPrefix("method=any by=operator") ?? false)
                #expect(failed.cluster.fake.calls.contains("crm_resource --cleanup --resource pg --node 127.0.1.1"))
            }
        }

        /// Nothing is asked for where nobody could do it, or needs to.
        @Test func whatCanNotBeAskedFor() throws {
            try withAsked(.diverged) { failed in
                func refuses(_ words: [String], _ code: Int32, _ text: String) throws {
                    let answer = try failed.rejoin(words[0], words.count > 1 ? words[1] : "--json", on: failed.primary)
                    #expect(answer.code == code && answer.errors.contains(text), "\(answer)")
                    #expect(request(failed) == nil)
                }
                try refuses(["nowhere"], 2, "the cluster has no node \"nowhere\"; it has 127.0.1.1, 127.0.1.2. HINT: ")
                try refuses([failed.node.node, "--dry-run"], 2, "only 127.0.1.1 itself can read its data. HINT: ")
                try refuses([failed.node.node, "--in-place"], 1, "only --method and --wait can be chosen from here")
                try failed.cluster.fake.set(failed.node.node, .offline)
                try refuses([failed.node.node], 2, "127.0.1.1 isn't online: nobody there can do the work. HINT: ")
                #expect(!failed.cluster.fake.calls.contains { $0.hasPrefix("crm_resource") })
                try failed.cluster.fake.set(failed.node.node, .online)
                let answer = try failed.rejoin(failed.primary.node)
                #expect(answer.code == 5 && answer.errors.contains("127.0.1.2 is the primary"), "\(answer)")
            }
        }
    }
}
