import RACore
import Testing

/// What a sentinel makes of what has woken it, and how it is told what to watch.
struct SentinelDecisionTests {
    private func steps(
        _ isMeant: (SentinelEvent, PostmasterPresence, Stewardship) -> Bool
    ) -> Set<SentinelStep> {
        var found: Set<SentinelStep> = []
        for event in SentinelEvent.allCases {
            for presence in PostmasterPresence.allCases {
                for stewardship in Stewardship.allCases where isMeant(event, presence, stewardship) {
                    found.insert(decideSentinel(event, presence, stewardship))
                }
            }
        }
        return found
    }

    @Test func onlyADeadPostmasterThatTheClusterManagesIsReported() {
        #expect(decideSentinel(.postmasterEnded, .absent, .managed) == .report)
        #expect(!steps { ($0, $1, $2) != (.postmasterEnded, .absent, .managed) }.contains(.report))
    }

    @Test(arguments: [SentinelEvent.linkEnded, .linkBegan])
    func onlyAChangedLinkOfAServerThatRunsAndIsManagedIsLookedAt(_ event: SentinelEvent) {
        #expect(decideSentinel(event, .present, .managed) == .supervise)
        #expect(!steps { ($0, $1, $2) != ($0, .present, .managed) }.contains(.supervise))
        #expect(!steps { event, _, _ in event == .postmasterEnded }.contains(.supervise))
    }

    @Test func operatorsWorkAndAnUnknownClusterAreLeftToTheMonitor() {
        #expect(steps { $0 == .postmasterEnded && $1 == .absent && $2 != .managed } == [.end])
        #expect(steps { $0 != .postmasterEnded && $1 == .present && $2 != .managed } == [.watchAnew])
    }

    @Test func postmasterThatIsThereAgainIsWatched() {
        #expect(steps { event, presence, _ in event == .postmasterEnded && presence == .present } == [.watchAnew])
    }

    @Test func postmasterThatEndedWithItsLinkIsTheNextEvent() {
        #expect(steps { event, presence, _ in event != .postmasterEnded && presence == .absent } == [.watchAnew])
    }

    @Test func ignoranceReportsNothing() {
        #expect(steps { _, presence, _ in presence == .unknown } == [.end])
    }

    @Test func wordsAreReadAsTheyWereWritten() {
        for watch in [
            SentinelWatch(postmaster: 4711), SentinelWatch(postmaster: 1, links: [2, 3]),
            SentinelWatch(postmaster: .max, links: [.max - 1, 5]),
        ] {
            #expect(SentinelWatch(words: watch.words) == watch)
            #expect(SentinelWatch(words: watch.words.joined(separator: " ").split(separator: " ")) == watch)
        }
        #expect(SentinelWatch(postmaster: 7, links: [30, 4]).words == ["7", "4", "30"])
        #expect(SentinelWatch(postmaster: 7, links: [30, 4]) == SentinelWatch(postmaster: 7, links: [4, 30]))
        #expect(SentinelWatch(postmaster: 7, links: [4]).withoutLinks == SentinelWatch(postmaster: 7))
    }

    @Test(arguments: [
        [], [""], ["0"], ["-1"], ["x"], ["4711x"], ["1", "0"], ["1", "-2"], ["1", ""], ["1", "2", "three"],
        ["2147483648"], ["1", "99999999999999999999"], [" 1"], ["1.5"],
    ])
    func badWordsAreNoWatch(_ words: [String]) { #expect(SentinelWatch(words: words) == nil) }
}
