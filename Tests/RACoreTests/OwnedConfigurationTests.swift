import RACore
import Testing

@Suite struct OwnedConfigurationTests {
    private static let include = "include_if_exists '/t/pgsql-swift.conf' # managed by pgsql-swift"

    @Test(arguments: [("", "''"), ("a", "'a'"), ("it's", "'it''s'"), ("a\\b", "'a\\\\b'"), ("'", "''''")])
    func quotes(_ value: String, _ text: String) { #expect(OwnedConfiguration.quoted(value) == text) }

    @Test(arguments: [
        ("", "\(include)\n"), ("port = 5432\n", "port = 5432\n\(include)\n"),
        ("port = 5432", "port = 5432\n\(include)\n"),
        ("\(include)\nport = 5432\n", "port = 5432\n\(include)\n"),
        ("include '/t/recovery.conf' # added by pgsql RA\nport = 1\n", "port = 1\n\(include)\n"),
        ("  include '/t/rep_mode.conf' # added by pgsql RA  \n", "\(include)\n"),
        ("include 'mine.conf'\n", "include 'mine.conf'\n\(include)\n"),
        ("# include 'x' # managed by pgsql-swift\n", "# include 'x' # managed by pgsql-swift\n\(include)\n"),
        ("port = 1 # managed by pgsql-swift\n", "port = 1 # managed by pgsql-swift\n\(include)\n"),
    ])
    func includesItsFileLast(_ before: String, _ after: String) {
        let path = "/t/pgsql-swift.conf"
        #expect(OwnedConfiguration.mainFile(before, including: path) == after)
        #expect(OwnedConfiguration.mainFile(after, including: path) == after)
        #expect(!OwnedConfiguration.mainFile(after, including: nil).contains(Self.include))
    }

    @Test(arguments: [
        ("primary_conninfo = 'x'\nport = 1\n", "port = 1\n", ["primary_conninfo"]),
        ("  Primary_Conninfo='x'\n", "", ["Primary_Conninfo"]),
        ("# primary_conninfo = 'x'\n", "# primary_conninfo = 'x'\n", []),
        ("primary_conninfo_other = 'x'\n", "primary_conninfo_other = 'x'\n", []), ("", "", []),
        ("restore_command = 'a'\nrestore_command = 'b'", "", ["restore_command", "restore_command"]),
    ])
    func takesOwnedSettingsAway(_ before: String, _ after: String, _ removed: [String]) {
        let result = OwnedConfiguration.withoutOwned(before, names: OwnedConfiguration.standbySettings)
        #expect(result.text == after)
        #expect(result.removed == removed)
    }

    @Test func theStandbyConnectsByItsNodesName() {
        var parameters = Parameters()
        parameters.masterIP = "192.0.2.1"
        parameters.pgport = 5433
        parameters.repuser = "repl"
        parameters.primaryConninfoOpt = "passfile='/x'"
        parameters.replicationSlotName = "pg"
        let text = OwnedConfiguration.standbyFile(parameters, ownNode: "Node-1")
        let conninfo = "host=192.0.2.1 port=5433 user=repl application_name=node-1 passfile=''/x''"
        #expect(text.contains("primary_conninfo = '\(conninfo)'\n"))
        #expect(text.contains("recovery_target_timeline = 'latest'\n"))
        #expect(text.contains("primary_slot_name = 'pg_node_1'\n"))
        #expect(!text.contains("restore_command"))
    }

    @Test func theSynchronousFileHoldsOneSetting() {
        let text = OwnedConfiguration.synchronousFile(SynchronousSet(names: ["it's"]))
        #expect(text.split(separator: "\n").last == "synchronous_standby_names = '\"it''s\"'")
        #expect(OwnedConfiguration.synchronousFile(.none).hasSuffix("synchronous_standby_names = ''\n"))
    }
}
