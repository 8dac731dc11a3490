import Foundation
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
            let postmaster = instance.processID
            #expect(call.run("start").code == 0)
            #expect(instance.processID == postmaster)
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

    /// A server inherits what its starter has, for years.
    @Test func serverInheritsNothingOfTheCluster() throws {
        try withInstance { instance in
            var call = instance.call(["monitor_user": "watcher", "monitor_password": "s3cr3t"])
            call.environment["PGPASSWORD"] = "s3cr3t"
            call.environment["PGOPTIONS"] = "-c work_mem=1MB"
            #expect(call.run("start").code == 0)
            let environment = try readText("/proc/\(instance.processID ?? 0)/environ")
            #expect(!environment.contains("s3cr3t"))
            #expect(!environment.contains("OCF_") && !environment.contains("PGOPTIONS"))
        }
    }

    @Test func twoInstancesOnOneMachine() throws {
        try withInstance { first in
            let second = try TestInstance("n2", in: first.folder, address: "127.0.1.2", port: Ports.next())
            #expect(first.call().run("start").code == 0)
            #expect(second.call().run("monitor").code == 7)
            #expect(second.call().run("start").code == 0)
            #expect(first.call().run("stop").code == 0)
            #expect(second.call().run("monitor").code == 0)
            #expect(first.call().run("monitor").code == 7)
        }
    }

    @Test func failingMonitorSQL() throws {
        try withInstance { instance in
            let call = instance.call(["monitor_sql": "SELECT count(*)\nFROM no_such_table"])
            #expect(call.run("start").code == 0)
            let answer = call.run("monitor")
            #expect(answer.code == 1)
            #expect(answer.exitReasons.count == 1)
            #expect(answer.reason.contains("no_such_table") && answer.reason.contains("42P01"), "\(answer)")
            #expect(
                instance.call(["pgdb": "postgres", "monitor_sql": "SELECT count(*) FROM public.t"]).run("monitor").code
                    == 0
            )
        }
    }

    @Test func slowMonitorSQLEndsInTime() throws {
        try withInstance { instance in
            var call = instance.call(["monitor_sql": "SELECT pg_sleep(60)"])
            call.meta["timeout"] = "4000"
            #expect(call.run("start").code == 0)
            let answer = call.run("monitor")
            #expect(answer.code == 1)
            #expect(answer.milliseconds < 4000, "\(answer)")
            #expect(answer.reason.contains("pg_sleep"), "\(answer)")
        }
    }

    @Test func missingDatabase() throws {
        try withInstance { instance in
            #expect(instance.call().run("start").code == 0)
            let answer = instance.call(["pgdb": "no_such_database"]).run("monitor")
            #expect(answer.code == 1)
            #expect(answer.reason.contains("no_such_database"), "\(answer)")
        }
    }

    @Test func monitorUserWithoutAnyPrivilege() throws {
        try withInstance { instance in
            #expect(instance.call().run("start").code == 0)
            #expect(instance.call(["monitor_user": "nobody"]).run("monitor").code == 0)
            #expect(instance.call(["monitor_user": "watcher"]).run("monitor").code == 0)
        }
    }

    /// The agent is root, and the database user only to the server.
    @Test func peerAuthentication() throws {
        try withInstance { instance in
            try instance.write("local all all peer\n", to: "pg_hba.conf")
            let call = instance.call()
            #expect(call.run("start").code == 0)
            let answer = call.run("monitor")
            #expect(answer.code == 0, "\(answer)")
            let refused = instance.call(["pghost": instance.folder + "/n1.sock", "monitor_user": "watcher"]).run(
                "monitor"
            )
            #expect(refused.code == 1)
            #expect(refused.reason.contains("watcher"), "\(refused)")
        }
    }

    private func wantPassword(_ instance: TestInstance, _ rules: String) throws {
        try instance.query("ALTER ROLE watcher PASSWORD 's3cr3t'")
        try instance.write(rules, to: "pg_hba.conf")
        try instance.query("SELECT pg_reload_conf()")
    }

    @Test func passwordAuthentication() throws {
        try withInstance { instance in
            #expect(instance.call().run("start").code == 0)
            try wantPassword(instance, "host all all 127.0.0.0/8 scram-sha-256\n")
            var call = instance.call(["pghost": instance.address, "monitor_user": "watcher"])
            call.parameters["monitor_password"] = "s3cr3t"
            let right = call.run("monitor")
            #expect(right.code == 0, "\(right)")
            call.parameters["monitor_password"] = "wr0ng"
            let wrong = call.run("monitor")
            #expect(wrong.code == 1)
            #expect(wrong.reason.contains("28P01"), "\(wrong)")
            #expect(!wrong.errors.contains("wr0ng"))
        }
    }

    /// A local socket whose user needs a password: libpq finds it in the passfile.
    @Test func passfile() throws {
        try withInstance { instance in
            #expect(instance.call().run("start").code == 0)
            try wantPassword(instance, "local all all scram-sha-256\nhost all all 127.0.0.0/8 trust\n")
            var call = instance.call(["monitor_user": "watcher"])
            call.environment["PGPASSFILE"] = instance.data + "/passfile"
            let without = call.run("monitor")
            #expect(without.code == 1 && without.reason.contains("no password supplied"), "\(without)")
            try instance.write("*:*:*:watcher:s3cr3t\n", to: "passfile")
            chmod(instance.data + "/passfile", 0o600)
            let with = call.run("monitor")
            #expect(with.code == 0, "\(with)")
        }
    }

    /// A long stop of a busy server: clients are sent away, and the shutdown is clean.
    @Test func stopWithClients() throws {
        try withInstance { instance in
            #expect(instance.call().run("start").code == 0)
            let client = try instance.connect()
            _ = try client.query("BEGIN; INSERT INTO public.t VALUES (1)", by: .after(milliseconds: 5000))
            #expect(instance.call().run("stop").code == 0)
            let control = try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_controldata", ["-D", instance.data])
            #expect(control.contains("shut down\n"), "\(control)")
        }
    }
}
