import ArgumentParser
import RACore
import Testing

@testable import PgrexCommands

/// What `switchover`, `stop` and `primary-start` say.
@Suite struct OperatorTextTests {
    private let move = SwitchoverMove(from: "alpha", to: "beta", lag: 1232, synchronousState: "sync")

    @Test func aSwitchoverSaysWhoGoesWhere() {
        #expect(
            switchoverText(move)
                == "alpha is the primary; beta takes over (sync, 1232 bytes of WAL to replay), and alpha becomes its standby. "
                + "Sessions on alpha are ended."
        )
        #expect(elapsedText(1449) == "1.4 s")
    }

    @Test func aFailureSaysWhereAndWhoIsThePrimary() {
        let text = switchoverFailure(move, .demoting, SwitchoverMishap.timedOut.text(move), "alpha")
        #expect(
            text.hasPrefix(
                "the switchover failed while alpha is demoted: not within its time; alpha is the primary as before. HINT: "
            )
        )
        let other = switchoverFailure(move, .promoting, SwitchoverMishap.promotedInstead("gamma").text(move), "gamma")
        #expect(other.contains("the cluster has promoted gamma instead of beta; gamma is the primary. "))
        #expect(switchoverFailure(move, .promoting, "w", nil).contains("no primary runs at present"))
    }

    @Test func jsonKeepsItsKeys() {
        let text = switchoverJSON(move, outcome: "done", milliseconds: 1449, primary: "beta").text(isIndented: false)
        #expect(
            text
                == #"{"from":"alpha","to":"beta","lag_bytes":1232,"state":"sync","outcome":"done","seconds":"1.4","#
                + #""stage":null,"primary":"beta","why":null}"#
        )
        let action = StopAction(scope: .node, nodes: ["beta"], primary: nil, warnings: [.wholeNode("beta")])
        #expect(
            stopJSON(action, outcome: "planned").text(isIndented: false).hasPrefix(#"{"scope":"node","nodes":["beta"]"#)
        )
    }

    @Test func everyKeyIsInTheHelp() {
        let stop = StopAction(scope: .all, nodes: ["a"], primary: nil, warnings: [])
        let pairs: [(JSONValue, CommandConfiguration)] = [
            (switchoverJSON(move, outcome: "planned"), SwitchoverCommand.configuration),
            (stopJSON(stop, outcome: "planned"), StopCommand.configuration),
            (primaryStartJSON("a", PrimaryStartAction(), outcome: "planned"), PrimaryStartCommand.configuration),
        ]
        for (value, configuration) in pairs {
            guard case .object(let members) = value else { continue }
            for member in members { #expect(configuration.discussion.contains(member.key), "\(member.key)") }
        }
    }

    @Test func aStopSaysWhatItMeansAndHowToStartAgain() {
        let primary = StopAction(
            scope: .node,
            nodes: ["alpha"],
            primary: "alpha",
            warnings: [.failsOver(primary: "alpha", to: "beta"), .wholeNode("alpha")]
        )
        #expect(
            stopText(primary).split(separator: "\n").map(String.init) == [
                "Stopping the instance of alpha.",
                "WARNING: " + StopWarning.failsOver(primary: "alpha", to: "beta").text,
                StopWarning.wholeNode("alpha").text,
            ]
        )
        #expect(startAgain(primary).contains("pgrex-tool rejoin"))
        let all = StopAction(scope: .all, nodes: ["alpha", "beta"], primary: "alpha", warnings: [.everythingStops])
        #expect(stopText(all).contains("alpha, beta, the primary first"))
        #expect(startAgain(all).contains("pgrex-tool primary-start"))
    }

    @Test func aStartSaysWhatItTakesBack() {
        let note = StopNote(scope: .all, author: "root@beta", time: "noon")
        let action = PrimaryStartAction(
            nodesToRelease: ["alpha"],
            stopOfAll: note,
            clearsFailures: true,
            lastPrimary: "beta"
        )
        let text = primaryStartText(action, "alpha")
        for part in ["last primary was beta", "failures on alpha", "leaves standby mode", "root@beta at noon"] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(primaryStartText(PrimaryStartAction(), "alpha").contains("Nothing is stopped"))
    }

    @Test func wordsThatDontGoTogetherAreRefused() {
        #expect(throws: (any Error).self) { try StopCommand.parse(["--all", "beta"]) }
        #expect(throws: (any Error).self) { try SwitchoverCommand.parse(["--wait", "0"]) }
        #expect(throws: (any Error).self) { try PrimaryStartCommand.parse(["beta"]) }
        #expect(throws: Never.self) { _ = try SwitchoverCommand.parse(["beta", "--yes", "--max-lag", "64"]) }
    }
}
