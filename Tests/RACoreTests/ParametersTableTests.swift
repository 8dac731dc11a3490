import RACore
import Testing

@Suite struct ParametersTableTests {
    @Test func everyEntryIsWellFormed() {
        for definition in ParameterTable.all {
            #expect(definition.name.allSatisfy { "abcdefghijklmnopqrstuvwxyz_".contains($0) }, "\(definition.name)")
            #expect(!definition.shortDescription.isEmpty && !definition.shortDescription.hasSuffix("."))
            #expect(definition.longDescription.hasSuffix("."), "\(definition.name)")
            #expect(definition.defaultText != "", "\(definition.name): no default is nil")
        }
    }

    @Test func findsEachByName() {
        for definition in ParameterTable.all {
            #expect(ParameterTable.definition(definition.name)?.longDescription == definition.longDescription)
        }
        #expect(ParameterTable.definition("OCF_RESKEY_pgdata") == nil)
    }

    /// What a running server was started with, or is found by, can't change under it.
    @Test func theServersOwnAreNotReloadable() {
        let fixed: Set<String> = [
            "pgctl", "pgdata", "pgdba", "pghost", "pgport", "pglibs", "config", "start_opt", "ctl_opt", "logfile",
            "socketdir", "tmpdir", "rep_mode", "replication_slot_name",
        ]
        #expect(Set(ParameterTable.all.filter { !$0.isReloadable }.map(\.name)) == fixed)
    }

    @Test func onlyTheDataDirectoryIsUnique() {
        #expect(ParameterTable.all.filter { $0.uniqueGroup != nil }.map(\.name) == ["pgdata"])
    }
}
