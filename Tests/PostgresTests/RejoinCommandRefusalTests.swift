import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

extension RejoinCommandTests {
    /// What is refused: with its reason and the next command, and nothing is changed.
    @Suite struct Refusals {
        /// Runs the command, which must refuse with these words, and change nothing.
        private func refuses(
            _ failed: FailedNode,
            _ code: Int32,
            _ words: String...,
            place: SourceLocation = #_sourceLocation
        ) throws {
            let before = try failed.listing()
            let answer = try failed.rejoin()
            #expect(answer.code == code, "\(answer)", sourceLocation: place)
            for word in words {
                #expect(answer.errors.contains(word), "\"\(word)\" isn't in \(answer)", sourceLocation: place)
            }
            #expect(answer.errors.contains("HINT: "), "\(answer)", sourceLocation: place)
            #expect(try failed.listing() == before, sourceLocation: place)
            #expect(!failed.cluster.fake.calls.contains { $0.hasPrefix("crm_resource") }, sourceLocation: place)
        }

        @Test func primaryThatDoesNotAnswer() throws {
            try withFailedNode(.diverged) { failed in
                endServers(failed.primary.data)
                try refuses(failed, 2, "127.0.1.2", "refused", "master_ip must reach the primary")
                try PostgreSQL.asOwner("/bin/mv", [failed.node.data, failed.node.data + ".away"], as: nil)
                try PostgreSQL.asOwner("/usr/bin/install", ["-d", "-o", "postgres", failed.node.data], as: nil)
                try refuses(failed, 2, "127.0.1.2", "refused")
                try failed.cluster.fake.forgetTransient("n2")
                try refuses(failed, 2, "no primary runs")
            }
        }

        @Test func twoServersThatAcceptWrites() throws {
            // The other nodes are asked by their names.
            try withFailedNode(.diverged, nodes: ["127.0.1.1", "127.0.1.2"]) { failed in
                try failed.node.startByHand()
                try failed.node.query("INSERT INTO public.t VALUES (1)")
                let answer = try failed.rejoin()
                #expect(answer.code == 5, "\(answer)")
                #expect(answer.errors.contains("both accept writes"), "\(answer)")
                #expect(answer.errors.contains("127.0.1.1 at ") && answer.errors.contains("127.0.1.2 at "), "\(answer)")
                #expect(failed.node.isInRecovery == false && failed.primary.isInRecovery == false)
                #expect(failed.node.value("SELECT count(*) FROM public.lost") == "100")
                #expect(!failed.cluster.fake.calls.contains { $0.hasPrefix("crm_resource") })
            }
        }

        @Test func nodeThatIsThePrimary() throws {
            try withFailedNode(.stopped) { failed in
                let answer = try failed.rejoin(on: failed.primary)
                #expect(answer.code == 5 && answer.errors.contains("this node is the primary"), "\(answer)")
                #expect(failed.primary.value("SELECT count(*) FROM public.won") == "100")
            }
        }

        /// Another database's data are given up only by their number.
        @Test func otherSystem() throws {
            try withFailedNode(.stopped) { failed in
                let configuration = failed.node.text("postgresql.conf")
                try PostgreSQL.asOwner("/bin/rm", ["-r", failed.node.data], as: nil)
                try PostgreSQL.asOwner(
                    "/usr/bin/install",
                    ["-d", "-o", "postgres", "-m", "700", failed.node.data],
                    as: nil
                )
                try PostgreSQL.asOwner(
                    PostgreSQL.programs + "/initdb",
                    ["-D", failed.node.data, "-A", "trust", "--locale=C", "--no-sync", "--wal-segsize=1"]
                )
                try failed.node.write(configuration, to: "postgresql.conf")
                let own = try systemIdentifier(failed.node), other = try systemIdentifier(failed.primary)
                try refuses(failed, 2, own, "but \(other) on n2", "--discard-system \(own)")
                let wrong = try failed.rejoin("--yes", "--discard-system", other)
                #expect(wrong.code == 2 && wrong.errors.contains(own), "\(wrong)")
                let unconfirmed = try failed.rejoin("--discard-system", own)
                #expect(unconfirmed.code == 2 && unconfirmed.errors.contains("not confirmed"), "\(unconfirmed)")
                #expect(try systemIdentifier(failed.node) == own)
                let answer = try failed.rejoin("--yes", "--discard-system", own)
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (copy"), "\(answer)")
                try failed.mustFollow()
                #expect(try systemIdentifier(failed.node) == other)
            }
        }

        private func systemIdentifier(_ instance: TestInstance) throws -> String {
            let text = try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_controldata", ["-D", instance.data])
            let line = try #require(text.split(separator: "\n").first { $0.contains("system identifier") })
            return String(try #require(line.split(separator: " ").last))
        }

        /// The primary's data are older than the node's: it may be the wrong one that was promoted.
        @Test func nodeThatIsAhead() throws {
            try withFailedNode(.stopped) { failed in
                let stop = ["-D", failed.primary.data, "-w", "-m", "fast", "stop"]
                try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", stop)
                let old = failed.node.folder + "/older"
                try PostgreSQL.asOwner("/bin/cp", ["-a", failed.primary.data, old], as: nil)
                try failed.primary.startByHand()
                try failed.primary.query("CREATE TABLE public.newer AS SELECT 1")
                try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", stop)
                // The newer data are the failed node's now.
                let configuration = failed.node.text("postgresql.conf")
                try PostgreSQL.asOwner("/bin/rm", ["-r", failed.node.data], as: nil)
                try PostgreSQL.asOwner("/bin/mv", [failed.primary.data, failed.node.data], as: nil)
                try PostgreSQL.asOwner("/bin/mv", [old, failed.primary.data], as: nil)
                try failed.node.write(configuration, to: "postgresql.conf")
                try failed.primary.startByHand()
                try refuses(failed, 5, "further than n2", "may be the stale one", "--discard-system")
                let answer = try failed.rejoin("--yes", "--discard-system", try systemIdentifier(failed.node))
                #expect(answer.code == 0 && answer.output.contains("n1 follows n2 (copy"), "\(answer)")
                try failed.mustFollow()
                #expect(failed.ledger.count == 1 && (failed.ledger.first?.counts.commits ?? 0) >= 1, "\(failed.ledger)")
            }
        }

        @Test func otherPrograms() throws {
            try withFailedNode(.stopped) { failed in
                try failed.node.write("14\n", to: "PG_VERSION")
                try refuses(failed, 2, "\"14\"", "\"\(PostgreSQL.version)\"")
                try failed.node.write("\(PostgreSQL.version)\n", to: "PG_VERSION")
                failed.cluster.parameters["pgctl"] = failed.node.folder + "/nowhere/pg_ctl"
                try refuses(failed, 2, "nowhere/pg_ctl", "parameter pgctl")
            }
        }

        /// A server in single-user mode is no postmaster, and works on the data all the same.
        @Test func whoeverElseWorksOnTheData() throws {
            try withFailedNode(.diverged) { failed in
                let single = Process()
                let input = Pipe()
                single.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
                single.arguments = [
                    "--reuid", "postgres", "--regid", "postgres", "--clear-groups",
                    PostgreSQL.programs + "/postgres", "--single", "-D", failed.node.data, "postgres",
                ]
                single.standardInput = input
                single.standardOutput = FileHandle.nullDevice
                single.standardError = FileHandle.nullDevice
                try single.run()
                defer {
                    try? input.fileHandleForWriting.close()
                    single.waitUntilExit()
                }
                try waitFor("the server in single-user mode") {
                    (try? readText(failed.node.data + "/postmaster.pid"))?.hasPrefix("-") ?? false
                }
                let answer = try failed.rejoin()
                #expect(answer.code == 2 && answer.errors.contains("\(single.processIdentifier)"), "\(answer)")
                #expect(answer.errors.contains("--single"), "\(answer)")
                #expect(single.isRunning && failed.hasLostRows)
            }
        }

        /// After a restart of the machine another process may have the number in postmaster.pid.
        @Test func staleProcessNumberIsNoObstacle() throws {
            try withFailedNode(.stopped) { failed in
                let text =
                    "\(ProcessInfo.processInfo.processIdentifier)\n\(failed.node.data)\n1\n\(failed.node.port)\n\n\n\n"
                try failed.node.write(text, to: "postmaster.pid")
                let answer = try failed.rejoin()
                #expect(answer.code == 0, "\(answer)")
                try failed.mustFollow()
            }
        }

        /// What keeps the cluster from starting anything there.
        @Test func clusterThatWouldNotStartIt() throws {
            try withFailedNode(.stopped, nodes: ["n1", "n2", "n3"]) { failed in
                let fake = failed.cluster.fake
                let properties = fake.folder + "/properties"
                let usual = try readText(properties)
                try replaceFile(properties, with: Array((usual + "maintenance-mode true\n").utf8))
                try refuses(failed, 2, "maintenance mode", "maintenance-mode=false")
                try replaceFile(properties, with: Array(usual.utf8))
                try fake.setAttribute("standby", "n1", "on", .permanent)
                try refuses(failed, 2, "n1 is in standby mode", "crm node online n1")
                try fake.setAttribute("standby", "n1", nil, .permanent)
                try fake.setAttribute("maintenance", "n1", "true", .permanent)
                try refuses(failed, 2, "doesn't manage", "crm node ready n1")
                try fake.setAttribute("maintenance", "n1", nil, .permanent)
                try fake.setQuorum(false)
                try refuses(failed, 2, "no quorum")
                try fake.setQuorum(true)
                try fake.set("n3", .unclean)
                try refuses(failed, 2, "n3", "fenced", "only when the node is off")
                try fake.set("n3", .online)
                failed.constraints = "<rsc_location id=\"ban-n1\" rsc=\"pg-clone\" node=\"n1\" score=\"-INFINITY\"/>"
                try refuses(failed, 2, "\"ban-n1\"", "crm configure delete ban-n1")
                failed.constraints = ""
                failed.meta["target-role"] = "Stopped"
                try refuses(failed, 2, "target-role")
                failed.meta = ["is-managed": "false"]
                try refuses(failed, 2, "doesn't manage", "is-managed=true")
                failed.meta = [:]
                let answer = try failed.rejoin()
                #expect(answer.code == 0, "\(answer)")
                try failed.mustFollow()
            }
        }
    }
}
