import RACore
import Testing

@Suite struct ParametersReadingTests {
    private func read(_ texts: [String: String]) -> ParameterReading { Parameters.read { texts[$0] } }

    /// The parameters of heartbeat/pgsql at its newest version: the drop-in promise.
    @Test func namesAreThoseOfTheIncumbent() {
        let names = [
            "pgctl", "psql", "pgdata", "pgdba", "pghost", "pgport", "pglibs", "config", "pgdb", "start_opt", "ctl_opt",
            "logfile", "socketdir", "monitor_user", "monitor_password", "monitor_sql", "stop_escalate", "rep_mode",
            "node_list", "restore_command", "archive_cleanup_command", "recovery_end_command", "master_ip", "repuser",
            "primary_conninfo_opt", "restart_on_promote", "replication_slot_name", "tmpdir", "xlog_check_count",
            "crm_attr_timeout", "stop_escalate_in_slave", "check_wal_receiver", "external_standby_node_list",
        ]
        #expect(names.count == 33)
        let own = [
            "sync_num", "sync_method", "sync_strict", "sync_stall_timeout", "slot_keep_max_share",
            "slot_keep_max_bytes",
            "slot_keep_max_age", "auto_rejoin", "fast_failure_detection",
        ]
        #expect(ParameterTable.all.prefix(33).map(\.name).sorted() == names.sorted())
        #expect(ParameterTable.all.dropFirst(33).map(\.name) == own)
    }

    @Test func defaultsAreThoseOfTheIncumbent() {
        let defaults = Parameters()
        #expect(defaults.pgdba == "postgres")
        #expect(defaults.pgport == 5432)
        #expect(defaults.pgdb == "template1")
        #expect(defaults.monitorSQL == "select now();")
        #expect(defaults.isMonitorSQLDefault)
        #expect(defaults.stopEscalate == 90)
        #expect(defaults.stopEscalateInSlave == 90)
        #expect(defaults.repMode == .none)
        #expect(defaults.repuser == "postgres")
        #expect(!defaults.restartOnPromote)
        #expect(!defaults.checkWalReceiver)
        #expect(defaults.xlogCheckCount == 3)
        #expect(defaults.crmAttrTimeout == 5)
        #expect(defaults.dataDirectory == "/var/lib/pgsql/data")
        #expect(defaults.temporaryDirectory == "/var/lib/pgsql/tmp")
        #expect(defaults.serverLogFile == "/dev/null")
        #expect(defaults.monitoringUser == "postgres")
        #expect(defaults.nodeList.isEmpty)
        #expect(defaults.externalStandbyNodeList.isEmpty)
        let absent = [
            defaults.pgctl, defaults.psql, defaults.pgdata, defaults.pghost, defaults.pglibs, defaults.config,
            defaults.startOpt, defaults.ctlOpt, defaults.logfile, defaults.socketdir, defaults.monitorUser,
            defaults.monitorPassword?.reveal(), defaults.restoreCommand, defaults.archiveCleanupCommand,
            defaults.recoveryEndCommand, defaults.masterIP, defaults.primaryConninfoOpt, defaults.replicationSlotName,
            defaults.tmpdir,
        ]
        #expect(absent.allSatisfy { $0 == nil })
    }

    @Test func nothingGivenAndEmptyTextsAreTheDefaults() {
        let defaults = ParameterReading(parameters: Parameters(), problems: [])
        #expect(Parameters.read { _ in nil } == defaults)
        #expect(Parameters.read { _ in "" } == defaults)
    }

    /// The documented default, given as a text, means what no text means.
    @Test func givingADefaultChangesNothing() {
        for definition in ParameterTable.all {
            guard let text = definition.defaultText else { continue }
            let reading = read([definition.name: text])
            #expect(reading.problems.isEmpty, "\(definition.name)")
            #expect(reading.parameters.dataDirectory == Parameters().dataDirectory)
            #expect(reading.parameters.temporaryDirectory == Parameters().temporaryDirectory)
            #expect(reading.parameters.serverLogFile == Parameters().serverLogFile)
            let isPath = ["pgdata", "tmpdir", "logfile"].contains(definition.name)
            #expect((reading.parameters == Parameters()) != isPath, "\(definition.name)")
        }
    }

    /// Each entry stores into a property of its own: no two entries share one, and none stores nowhere.
    @Test func everyParameterReachesAPropertyOfItsOwn() {
        var seen: Set<Parameters> = [Parameters()]
        for definition in ParameterTable.all {
            let reading = read([definition.name: sample(definition)])
            #expect(reading.problems.isEmpty, "\(definition.name)")
            #expect(seen.insert(reading.parameters).inserted, "\(definition.name)")
        }
    }

    @Test func readsAPairsConfiguration() {
        let parameters = read([
            "pgctl": "/usr/lib/postgresql/15/bin/pg_ctl", "pgdata": "/pg/data", "pgport": "5433", "rep_mode": "sync",
            "node_list": " Node-A\tnode.b \n", "master_ip": "192.0.2.10", "restart_on_promote": "ja",
            "monitor_user": "monitor", "monitor_password": "hush", "monitor_sql": "select 1;\nselect 2",
            "restore_command": "cp '/archive/%f' \"%p\"", "external_standby_node_list": "far1 far2",
        ])
        #expect(parameters.problems.isEmpty)
        let values = parameters.parameters
        #expect(values.pgctl == "/usr/lib/postgresql/15/bin/pg_ctl")
        #expect(values.dataDirectory == "/pg/data")
        #expect(values.pgport == 5433)
        #expect(values.repMode == .sync)
        #expect(values.nodeList == ["Node-A", "node.b"])
        #expect(values.restartOnPromote)
        #expect(values.monitoringUser == "monitor")
        #expect(values.monitorPassword?.reveal() == "hush")
        #expect(values.monitorSQL == "select 1;\nselect 2")
        #expect(!values.isMonitorSQLDefault)
        #expect(values.restoreCommand == "cp '/archive/%f' \"%p\"")
        #expect(values.externalStandbyNodeList == ["far1", "far2"])
    }

    @Test(arguments: ReplicationMode.allCases)
    func readsEveryMode(_ mode: ReplicationMode) {
        #expect(read(["rep_mode": mode.rawValue]).parameters.repMode == mode)
    }

    @Test(arguments: ["yes", "true", "1", "YES", "TRUE", "True", "ja", "on", "ON"])
    func readsTrue(_ word: String) {
        let reading = read(["restart_on_promote": word, "check_wal_receiver": word])
        #expect(reading.problems.isEmpty)
        #expect(reading.parameters.restartOnPromote)
        #expect(reading.parameters.checkWalReceiver)
    }

    @Test(arguments: ["no", "false", "0", "NO", "FALSE", "False", "nein", "off", "OFF"])
    func readsFalse(_ word: String) {
        let reading = read(["restart_on_promote": word, "check_wal_receiver": word])
        #expect(reading.problems.isEmpty)
        #expect(!reading.parameters.restartOnPromote)
        #expect(!reading.parameters.checkWalReceiver)
    }

    @Test(arguments: ["Yes", "On", "y", "t", "2", "-1", " true", "oui", "真"])
    func refusesOtherTruths(_ word: String) {
        let reading = read(["check_wal_receiver": word])
        #expect(
            reading.problems == [
                .value(parameter: "check_wal_receiver", text: word, fault: .notABoolean(default: false))
            ]
        )
        #expect(!reading.parameters.checkWalReceiver)
    }

    @Test(arguments: [
        "abc", "5432x", "0x1538", "5432.0", " 5432", "5432 ", "+5432", "-", "--1", "٥٤٣٢", "5_432", "1e3",
    ])
    func refusesWhatIsNoNumber(_ text: String) {
        let reading = read(["pgport": text])
        let fault = ValueFault.notAnInteger(range: 1...65535, default: 5432)
        #expect(reading.problems == [.value(parameter: "pgport", text: text, fault: fault)])
        #expect(reading.parameters.pgport == 5432)
    }

    @Test(arguments: ["0", "-1", "65536", "9223372036854775807", "9223372036854775808", "-99999999999999999999999"])
    func refusesWhatIsOutOfRange(_ text: String) {
        let reading = read(["pgport": text])
        let fault = ValueFault.outOfRange(range: 1...65535, default: 5432)
        #expect(reading.problems == [.value(parameter: "pgport", text: text, fault: fault)])
        #expect(reading.parameters.pgport == 5432)
    }

    /// Both ends of each range are in it, and their neighbours outside aren't.
    @Test func rangesIncludeTheirEnds() {
        for definition in ParameterTable.all {
            guard case .integer(let range) = definition.kind else { continue }
            for (number, isRight) in [
                (range.lowerBound, true), (range.upperBound, true), (range.lowerBound - 1, false),
                (range.upperBound + 1, false),
            ] {
                #expect(
                    read([definition.name: "\(number)"]).problems.isEmpty == isRight,
                    "\(definition.name) \(number)"
                )
            }
        }
    }

    @Test func leadingZerosAreDecimal() {
        #expect(read(["pgport": "005433"]).parameters.pgport == 5433)
    }

    @Test(arguments: ["asink", "Sync", "ASYNC", "sync ", "primary"])
    func refusesOtherModes(_ text: String) {
        let reading = read(["rep_mode": text])
        #expect(reading.problems == [.value(parameter: "rep_mode", text: text, fault: .unknownReplicationMode)])
        #expect(reading.parameters.repMode == .none)
    }

    @Test(arguments: ["\n", "a\nb", "a\r\nb", "a\rb"])
    func refusesLineBreaksExceptInSQLAndLists(_ text: String) {
        let free: Set<String> = ["monitor_sql", "node_list", "external_standby_node_list"]
        let meaningful = ["rep_mode", "sync_method", "slot_keep_max_bytes", "slot_keep_max_age", "auto_rejoin"]
        for definition in ParameterTable.all
        where definition.kind == .string && !meaningful.contains(definition.name) {
            let isRefused =
                read([definition.name: text]).problems == [
                    .value(parameter: definition.name, text: text, fault: .lineBreak)
                ]
            #expect(isRefused != free.contains(definition.name), "\(definition.name)")
        }
    }

    @Test func reportsEachWrongText() {
        let reading = read(["pgport": "x", "rep_mode": "x", "stop_escalate": "x", "check_wal_receiver": "x"])
        #expect(reading.problems.count == 4)
        #expect(reading.parameters == Parameters())
    }

    /// What isn't known isn't judged: a mode nobody can read isn't compared with the rest.
    @Test func unknownModeIsTheOnlyProblem() {
        let texts = ["rep_mode": "synch", "node_list": "a b", "external_standby_node_list": "c"]
        #expect(read(texts).allProblems(isPromotable: true).count == 1)
    }

    /// Any text in any place gives parameters and problems, never a trap.
    @Test func survivesAnyText() {
        let texts = [
            " ", "'", "\"", "\\", "=", "a='", "\\'", "password=", "password='", "://", "://:@", "🐘", "\u{301}", "\r\n",
            "\u{202E}", "*", "%", "$(reboot)", "`reboot`", "; reboot", String(repeating: "9", count: 100_000),
            String(repeating: "a ", count: 300), String(repeating: "é", count: 200), "password=\\", "://a:b",
        ]
        for text in texts {
            let reading = Parameters.read { _ in text }
            for problem in reading.allProblems(isPromotable: true) {
                #expect(problem.reason.unicodeScalars.allSatisfy { $0.value >= 32 })
            }
            for definition in ParameterTable.all { _ = read([definition.name: text]).allProblems(isPromotable: false) }
        }
    }

    private let samples = [
        "rep_mode": "sync", "sync_method": "any", "slot_keep_max_bytes": "2GB", "slot_keep_max_age": "2d",
        "auto_rejoin": "rewind",
    ]

    private func sample(_ definition: ParameterDefinition) -> String {
        switch definition.kind {
        case .string: samples[definition.name] ?? "sample"
        case .integer(let range): "\(range.upperBound)"
        case .boolean: definition.defaultText == "true" ? "false" : "true"
        }
    }
}
