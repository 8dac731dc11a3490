import Foundation
import RACore
import RAKit
import RATestSupport
import Testing

/// What is wrong on a node: one clear reason, the right code, and no time lost.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct BadInputTests {
    /// A start that fails with one reason which says all of these.
    private func expectFailure(
        _ call: AgentCall,
        _ code: Int32,
        _ words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let answer = call.run("start")
        #expect(answer.code == code, "\(answer)", sourceLocation: sourceLocation)
        #expect(answer.exitReasons.count == 1, "\(answer)", sourceLocation: sourceLocation)
        for word in words { #expect(answer.reason.contains(word), "\(answer)", sourceLocation: sourceLocation) }
        // One slow start may be a busy machine's doing, two are the agent's.
        let milliseconds = answer.milliseconds < 2000 ? answer.milliseconds : call.run("start").milliseconds
        #expect(milliseconds < 2000, "\(answer)", sourceLocation: sourceLocation)
        #expect(call.run("monitor").code == 7, sourceLocation: sourceLocation)
        #expect(call.run("stop").code == 0, sourceLocation: sourceLocation)
    }

    @Test func dataDirectoryMissing() throws {
        try withInstance { instance in
            try FileManager.default.moveItem(atPath: instance.data, toPath: instance.data + ".away")
            expectFailure(instance.call(), 5, instance.data, "mounted")
        }
    }

    @Test func dataDirectoryUnmounted() throws {
        try withInstance { instance in
            try FileManager.default.moveItem(atPath: instance.data, toPath: instance.data + ".away")
            try FileManager.default.createDirectory(atPath: instance.data, withIntermediateDirectories: false)
            expectFailure(instance.call(), 5, instance.data, "PG_VERSION", "mounted")
        }
    }

    @Test func dataDirectoryOfAnotherMajorVersion() throws {
        try withInstance { instance in
            try instance.write("13\n", to: "PG_VERSION")
            expectFailure(instance.call(), 5, "PostgreSQL 13", "PostgreSQL \(PostgreSQL.version)")
        }
    }

    @Test func dataDirectoryOfAnotherUser() throws {
        try withInstance { instance in
            try PostgreSQL.asOwner("/bin/chown", ["-R", "daemon", instance.data], as: nil)
            expectFailure(instance.call(), 4, "\"daemon\"", "\"postgres\"")
        }
    }

    @Test func portInUse() throws {
        try withInstance { instance in
            let other = try TestInstance("n2", in: instance.folder, address: instance.address, port: instance.port)
            #expect(other.call().run("start").code == 0)
            for log in [instance.log, "/dev/null"] {
                expectFailure(instance.call(["logfile": log]), 1, "Address already in use")
            }
            #expect(other.call().run("monitor").code == 0)
        }
    }

    @Test(arguments: [
        ("no_such_setting = 1", "no_such_setting"), ("max_connections = many", "max_connections"),
        ("work_mem = ", "syntax error"), ("include 'nowhere.conf'", "nowhere.conf"),
        ("shared_preload_libraries = 'no_such_library'", "no_such_library"),
        ("ssl = on\nssl_cert_file = '/nowhere/server.crt'", "/nowhere/server.crt"),
        ("hba_file = '/nowhere/pg_hba.conf'", "/nowhere/pg_hba.conf"),
    ])
    func brokenConfiguration(_ line: String, _ words: String) throws {
        try withInstance { instance in
            try instance.append(line + "\n")
            expectFailure(instance.call(), 1, words, "PostgreSQL says")
            expectFailure(instance.call(["logfile": "/dev/null"]), 1, words, "PostgreSQL says")
        }
    }

    /// Messages that PostgreSQL collects in files of its own never come to the log that pg_ctl writes.
    @Test func brokenConfigurationWithALoggingCollector() throws {
        try withInstance { instance in
            try instance.append("logging_collector = on\nshared_preload_libraries = 'no_such_library'\n")
            expectFailure(instance.call(), 1, "no_such_library")
        }
    }

    @Test func brokenAuthenticationFile() throws {
        try withInstance { instance in
            try instance.write("local all all no_such_method\n", to: "pg_hba.conf")
            expectFailure(instance.call(), 1, "pg_hba.conf")
        }
    }

    @Test func damagedControlFile() throws {
        try withInstance { instance in
            try removeFile(instance.data + "/global/pg_control")
            expectFailure(instance.call(), 1, "pg_control")
        }
    }

    @Test func fullDisk() throws {
        try withInstance { instance in
            try FileManager.default.moveItem(atPath: instance.data, toPath: instance.data + ".copy")
            try FileManager.default.createDirectory(atPath: instance.data, withIntermediateDirectories: false)
            try PostgreSQL.asOwner("/bin/mount", ["-t", "tmpfs", "-o", "size=96m", "none", instance.data], as: nil)
            defer {
                endServers(instance.data)
                _ = run(Command("umount", [instance.data]), by: .after(milliseconds: 5000))
            }
            try PostgreSQL.asOwner("/bin/cp", ["-a", instance.data + ".copy/.", instance.data], as: nil)
            let filler = instance.data + "/filler"
            _ = run(Command("dd", ["if=/dev/zero", "of=\(filler)", "bs=4k"]), by: .after(milliseconds: 5000))
            expectFailure(instance.call(), 1, "No space left on device")
            expectFailure(instance.call(["logfile": "/dev/null"]), 1, "No space left on device")
            try removeFile(filler)
            let answer = instance.call().run("start")
            #expect(answer.code == 0, "\(answer)")
        }
    }

    /// A default Debian configuration names socket directories, and heartbeat/pgsql refuses it with code 6.
    @Test func socketDirectoriesNeedNoParameter() throws {
        try withInstance { instance in
            let call = instance.call()
            let start = call.run("start")
            #expect(start.code == 0, "\(start)")
            #expect(call.run("monitor").code == 0)
            #expect(FileFacts("\(instance.folder)/n1.sock/.s.PGSQL.\(instance.port)") != nil)
        }
    }
}
