import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// The settings that the agent owns: its values win, or the file that overrides them is named.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct OverrideTests {
    private func includeLines(_ instance: TestInstance) -> [String] {
        instance.text("postgresql.conf").split(separator: "\n").map(String.init).filter { $0.hasPrefix("include") }
    }

    /// As pg_basebackup -R and ALTER SYSTEM leave them; the file is read last.
    @Test func leftoversOfAutoConfAreRemoved() throws {
        try withCluster(.sync) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster["n2"].write(
                "work_mem = '5MB'\nprimary_conninfo = 'host=127.0.9.9 user=x'\nsynchronous_standby_names = 'x'\n"
                    + "primary_slot_name = 'gone'\n",
                to: "postgresql.auto.conf"
            )
            let start = try cluster.run("start", "n2")
            #expect(start.code == 0, "\(start)")
            #expect(
                start.errors.contains("primary_conninfo") && start.errors.contains("postgresql.auto.conf"),
                "\(start)"
            )
            #expect(cluster["n2"].text("postgresql.auto.conf") == "work_mem = '5MB'\n")
            try cluster.awaitStreaming(1)
            #expect(cluster["n1"].value("SELECT application_name FROM pg_stat_replication") == "n2")
        }
    }

    /// Somebody sets it while the server runs: commits don't wait as recorded, so nothing is recorded, and it is said why.
    @Test func overriddenSynchronousSettingIsNamed() throws {
        try withCluster(.sync) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            try cluster["n1"].query("ALTER SYSTEM SET synchronous_standby_names = ''")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            let monitor = try cluster.run("monitor", "n1")
            #expect(monitor.code == 8)
            #expect(monitor.errors.contains(cluster["n1"].data + "/postgresql.auto.conf"), "\(monitor)")
            #expect(cluster.attribute("data-status", "n2") != "STREAMING|SYNC")
            #expect(cluster.attribute("score", "n2") == "-INFINITY")
        }
    }

    /// Any standby may be the one that a commit waited for: the record says so before anything else, and nobody copies it.
    @Test func aSettingThatNamesNobodyWeakensTheRecord() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            #expect(cluster.fake.attribute("pg-record", "n1").flatMap { ClusterRecord($0) }?.guarantee.count == 1)
            try cluster["n1"].query("ALTER SYSTEM SET synchronous_standby_names = '*'")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            let monitor = try cluster.run("monitor", "n1")
            #expect(monitor.code == 8)
            #expect(monitor.errors.contains("which names nobody"), "\(monitor)")
            #expect(cluster.fake.attribute("pg-record", "n1").flatMap { ClusterRecord($0) }?.guarantee.count == 0)
            #expect(cluster.attribute("score", "n2") == "-INFINITY")
            #expect(try !readText(cluster["n1"].temporary + "/rep_mode.conf").contains("*"))
        }
    }

    @Test func aSettingFileThatWasRemovedIsWrittenAgain() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            let path = cluster["n1"].temporary + "/rep_mode.conf"
            let text = try readText(path)
            try removeFile(path)
            try cluster.must("monitor", "n1", .runningPromoted)
            #expect(try readText(path) == text)
        }
    }

    /// Commits that don't wait for a standby's disk make synchronous mode a word: that is said, once.
    @Test func commitsThatDoNotWaitAreReported() throws {
        try withCluster(.sync) { cluster in
            try cluster.bringUp()
            try cluster["n1"].query("ALTER SYSTEM SET synchronous_commit = local")
            try cluster["n1"].query("SELECT pg_reload_conf()")
            try waitFor("the new setting") { cluster["n1"].value("SHOW synchronous_commit") == "local" }
            #expect(try cluster.run("monitor", "n1").errors.contains("synchronous_commit is local"))
            #expect(try !cluster.run("monitor", "n1").errors.contains("synchronous_commit"))
        }
    }

    @Test func overrideOnTheCommandLineIsRefused() throws {
        try withCluster(.async, ["start_opt": "-c primary_conninfo='host=127.0.9.9'"]) { cluster in
            let answer = try cluster.run("start", "n1")
            #expect(answer.code == 1, "\(answer)")
            #expect(answer.reason.contains("primary_conninfo") && answer.reason.contains("127.0.9.9"), "\(answer)")
        }
    }

    /// The backup has the primary's postgresql.conf with its include line, its postgresql.auto.conf, and -R's settings.
    @Test func baseBackupBringsNoIdentityOfThePeer() throws {
        try withCluster(.async) { cluster in
            try cluster.must("start", "n1")
            try cluster.must("promote", "n1")
            let (first, second) = (cluster["n1"], cluster["n2"])
            try second.becomeBackup(of: first, ["-R"])
            #expect(second.text("postgresql.auto.conf").contains("primary_conninfo"))
            #expect(includeLines(second).first?.contains("n1.tmp") ?? false)
            // What the machines share here and nodes don't: the address and the directory of sockets.
            try second.appendAddress()
            try cluster.must("start", "n2")
            try cluster.awaitStreaming(1)
            #expect(first.value("SELECT application_name FROM pg_stat_replication") == "n2")
            #expect(includeLines(second).count == 1)
            #expect(includeLines(second).first?.contains("n2.tmp/pgsql-swift.conf") ?? false)
            #expect(!second.text("postgresql.auto.conf").contains("primary_conninfo"))
        }
    }

    @Test func configurationIsChangedOnStartOnly() throws {
        try withCluster(.sync) { cluster in
            try cluster.must("start", "n1")
            let text = cluster["n1"].text("postgresql.conf")
            #expect(includeLines(cluster["n1"]).count == 1)
            let facts = FileFacts(cluster["n1"].configuration)
            try cluster.must("promote", "n1")
            try cluster.must("monitor", "n1", .runningPromoted)
            var validation = cluster.call("n1")
            validation.environment["OCF_CHECK_LEVEL"] = "10"
            #expect(validation.run("validate-all").code == 0)
            try cluster.must("demote", "n1")
            try cluster.must("stop", "n1")
            try cluster.must("start", "n1")
            #expect(cluster["n1"].text("postgresql.conf") == text)
            #expect(FileFacts(cluster["n1"].configuration)?.inode == facts?.inode)
            #expect(facts?.ownerID == PostgreSQL.account?.userID)
        }
    }

    @Test func linesOfTheIncumbentAreReplaced() throws {
        try withCluster(.async) { cluster in
            try cluster["n1"].append(
                "include '/nowhere/recovery.conf' # added by pgsql RA\n"
                    + "include '/nowhere/rep_mode.conf' # added by pgsql RA\n"
            )
            try cluster.must("start", "n1")
            #expect(includeLines(cluster["n1"]).count == 1)
            #expect(!cluster["n1"].text("postgresql.conf").contains("pgsql RA"))
        }
    }

    @Test func quotesAndBlanksInParametersArriveAsTheyAre() throws {
        try withCluster(
            .async,
            [
                "restore_command": "cp '/no where/%f' \"%p\" # a\\b",
                "primary_conninfo_opt": "passfile='/no where/it''s' keepalives=1",
            ]
        ) { cluster in
            // libpq escapes by a backslash: two quotes in a row end one value and begin no other.
            let refused = try cluster.run("start", "n1")
            #expect(refused.code == 6, "\(refused)")
            cluster.parameters["primary_conninfo_opt"] = "passfile='/no where/it\\'s' keepalives=1"
            try cluster.must("start", "n1")
            #expect(cluster["n1"].value("SHOW restore_command") == "cp '/no where/%f' \"%p\" # a\\b")
            #expect(
                cluster["n1"].value("SHOW primary_conninfo")?.hasSuffix("passfile='/no where/it\\'s' keepalives=1")
                    ?? false
            )
        }
    }
}
