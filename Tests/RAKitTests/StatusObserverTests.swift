import RACore
import Testing

@testable import RAKit

@Suite struct ConfigurationReaderTests {
    private func fixture(_ name: String, file: String = #filePath) -> String {
        "\(parentDirectory(parentDirectory(file)))/Fixtures/cib/\(name).xml"
    }

    private let failing = Command("/bin/sh", ["-c", "echo 'not connected' >&2; exit 102"])

    private func read(_ reader: ConfigurationReader) throws(ContextProblem) -> ResourceContext {
        try reader.read(by: .after(milliseconds: 5000))
    }

    @Test func asksTheClusterFirst() throws {
        let query = Command("/bin/cat", [fixture("pacemaker-2.1")])
        let context = try read(ConfigurationReader(savedConfiguration: "/nonexistent", query: query))
        #expect(context.source == .cluster)
        #expect(context.configuration.name == "pgsql")
        #expect(context.cluster.nodes.count == 3)
    }

    @Test func takesTheSavedConfigurationOfAStoppedCluster() throws {
        let context = try read(ConfigurationReader(savedConfiguration: fixture("pacemaker-3.0"), query: failing))
        let why = "cibadmin --query: exit code 102: not connected"
        #expect(context.source == .savedConfiguration(why: why, asOf: "Fri Nov 20 09:12:31 2026"))
        #expect(context.configuration.parameter("rep_mode") == "async")
    }

    @Test func saysWhyNothingCanBeHad() {
        let reader = ConfigurationReader(savedConfiguration: "/nonexistent/cib.xml", query: failing)
        let problem = #expect(throws: ContextProblem.self) { try read(reader) }
        #expect(problem?.description.contains("exit code 102: not connected") == true)
        #expect(problem?.description.contains("open /nonexistent/cib.xml: No such file or directory") == true)
    }

    /// A cluster that answers, but without the resource, is no reason to look into an old file.
    @Test func aResourceThatIsntThereIsNoReasonForTheFile() {
        let query = Command("/bin/cat", [fixture("pacemaker-2.1")])
        let reader = ConfigurationReader(resource: "other", savedConfiguration: fixture("pacemaker-2.1"), query: query)
        #expect(throws: ContextProblem.resource(.noResource(named: "other"))) { try read(reader) }
    }
}

@Suite struct StatusObserverTests {
    private func control(_ state: String) -> ControlFile? {
        ControlFile(
            text: """
                Database system identifier:           7300000000000000001
                Database cluster state:               \(state)
                Latest checkpoint location:           0/3000060
                Latest checkpoint's TimeLineID:       2
                Minimum recovery ending location:     0/0
                Min recovery ending loc's timeline:   0
                Bytes per WAL segment:                16777216

                """
        )
    }

    /// What a crashed instance wrote after its last checkpoint isn't in the control file.
    @Test func aControlFileTellsTheEndOnlyAfterACleanStop() throws {
        let timeline = Observed<TimelineID>.known(TimelineID(2).unsafelyUnwrapped)
        let clean = stoppedAnswer(try #require(control("shut down")))
        #expect(clean == .notRunning(timeline: timeline, lsn: .known(LSN(bytes: 0x300_0060))))
        for state in ["in production", "shut down in recovery", "in archive recovery"] {
            guard case .notRunning(timeline, .unknown(let why)) = stoppedAnswer(try #require(control(state))) else {
                Issue.record("\(state) gave a known LSN")
                continue
            }
            #expect(why.contains("at least LSN 0/3000060"))
        }
    }

    @Test func aQuestionThatHangsDoesntHoldTheOthers() {
        let questions: [@Sendable () -> Int] = [
            { 1 },
            {
                pause(milliseconds: 3000)
                return 2
            },
            { 3 },
        ]
        let start = Moment.now()
        #expect(askSideBySide(questions, by: .after(milliseconds: 100)) == [1, nil, 3])
        #expect(Moment.now().milliseconds(since: start) < 2000)
    }

    @Test func nobodyToAskIsAnsweredAtOnce() {
        let questions: [@Sendable () -> Int] = []
        #expect(askSideBySide(questions, by: .after(milliseconds: 1000)).isEmpty)
    }
}
