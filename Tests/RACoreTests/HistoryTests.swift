import RACore
import Testing

@Suite struct TimelineHistoryTests {
    @Test func readsAFileOfPostgreSQL() throws {
        let text = """
            1\t0/5000000\tno recovery target specified
            # a comment

            2\t0/7000110\tno recovery target specified

            """
        let history = try #require(TimelineHistory(timeline: Build.timeline(3), text: text))
        #expect(history.switchPoint(of: Build.timeline(1)) == LSN(bytes: 0x500_0000))
        #expect(history.switchPoint(of: Build.timeline(2)) == LSN(bytes: 0x700_0110))
        #expect(history.switchPoint(of: Build.timeline(3)) == nil)
    }

    @Test(arguments: [
        "1", "1\tx", "0\t0/1", "a\t0/1", "2\t0/1\n1\t0/2", "1\t0/1\n1\t0/2", "3\t0/1", "4\t0/1", "1\t0/1\n2",
    ])
    func refusesHalfAFile(_ text: String) {
        #expect(TimelineHistory(timeline: Build.timeline(3), text: text) == nil)
    }

    @Test func theFirstTimelineHasNoAncestors() {
        #expect(TimelineHistory(timeline: Build.timeline(1), text: "")?.ancestors.isEmpty == true)
    }
}

@Suite struct HistoryTests {
    static func history(_ number: UInt32, _ ancestors: [(UInt32, UInt64)], system: UInt64 = 1) -> InstanceHistory {
        let entries = ancestors.map {
            TimelineHistory.Entry(timeline: Build.timeline($0.0), switchPoint: LSN(bytes: $0.1))
        }
        return InstanceHistory(
            systemIdentifier: system,
            history: TimelineHistory(timeline: Build.timeline(number), ancestors: entries)
        )
    }

    /// The verdict written a second time, dumbly: walk both ways from the start of the WAL until they part.
    static func walk(_ local: InstanceHistory, _ primary: InstanceHistory, _ flushed: UInt64) -> HistoryVerdict {
        let way = { (history: TimelineHistory, end: UInt64) in
            history.ancestors.map { ($0.timeline, $0.switchPoint) } + [(history.timeline, LSN(bytes: end))]
        }
        let (ours, theirs) = (way(local.history, .max), way(primary.history, flushed))
        var last = Build.position(1, 0)
        for (index, (left, right)) in zip(ours, theirs).enumerated() {
            guard left.0 == right.0 else { return .forked(at: last) }
            last = WALPosition(timeline: left.0, lsn: min(left.1, right.1))
            if index == ours.count - 1 { return .ancestorUnlessRecord(at: last) }
            if index == theirs.count - 1 || left.1 != right.1 { return .forked(at: last) }
        }
        return .forked(at: last)
    }

    @Test(arguments: [
        (
            "same timeline", history(1, []), history(1, []),
            HistoryVerdict.ancestorUnlessRecord(at: Build.position(1, 900))
        ),
        ("one behind", history(1, []), history(2, [(1, 100)]), .ancestorUnlessRecord(at: Build.position(1, 100))),
        (
            "two behind", history(1, []), history(3, [(1, 100), (2, 200)]),
            .ancestorUnlessRecord(at: Build.position(1, 100))
        ),
        (
            "same number, promoted apart", history(2, [(1, 100)]), history(2, [(1, 150)]),
            .forked(at: Build.position(1, 100))
        ),
        ("ahead of the primary", history(2, [(1, 100)]), history(1, []), .forked(at: Build.position(1, 100))),
        ("left at the same place", history(2, [(1, 100)]), history(3, [(1, 100)]), .forked(at: Build.position(1, 100))),
        (
            "a sister's child, ours longer", history(4, [(1, 100), (2, 200)]), history(3, [(1, 100)]),
            .forked(at: Build.position(1, 100))
        ),
        (
            "a sister's child, theirs longer", history(2, [(1, 100)]), history(4, [(1, 100), (3, 200)]),
            .forked(at: Build.position(1, 100))
        ),
        (
            "children of two sisters", history(4, [(1, 100), (2, 300)]), history(5, [(1, 100), (3, 200)]),
            .forked(at: Build.position(1, 100))
        ),
    ])
    func compares(_ name: String, _ local: InstanceHistory, _ primary: InstanceHistory, _ verdict: HistoryVerdict) {
        #expect(compareHistories(local: local, primary: primary, flushed: LSN(bytes: 900)) == verdict, "\(name)")
    }

    @Test func databasesOfTwoInitdbsAreForeign() {
        #expect(
            compareHistories(
                local: Self.history(1, [], system: 1),
                primary: Self.history(1, [], system: 2),
                flushed: LSN(bytes: 900)
            ) == .foreign(ours: 1, theirs: 2)
        )
    }

    /// Every history of up to four timelines that leave each other at one of two places, against every other.
    @Test func agreesWithAWalkFromTheStart() {
        var all: [InstanceHistory] = []
        for mask in 0..<8 {
            let ancestors = (0..<3).filter { mask & (1 << $0) != 0 }.map { UInt32($0 + 1) }
            // Every history begins with the timeline that initdb makes.
            guard ancestors.first ?? 1 == 1 else { continue }
            for number in ((ancestors.last ?? 0) + 1)...4 where !ancestors.isEmpty || number == 1 {
                for places in 0..<(1 << ancestors.count) {
                    let points = ancestors.enumerated().map { index, ancestor in
                        (ancestor, UInt64(index + 1) * 100 + (places & (1 << index) != 0 ? 50 : 0))
                    }
                    all.append(Self.history(number, points))
                }
            }
        }
        for (local, primary) in all.flatMap({ local in all.map { (local, $0) } }) {
            for flushed in [UInt64(120), 900] {
                let verdict = compareHistories(local: local, primary: primary, flushed: LSN(bytes: flushed))
                let walked = Self.walk(local, primary, flushed)
                if verdict != walked { Issue.record("local \(local), primary \(primary): \(verdict), not \(walked)") }
            }
        }
    }

    /// A record holds the newest fifty ancestors; the files of the node hold all.
    @Test func theOldestAncestorsMayBeUnknown() throws {
        let all = (1...60).map { (UInt32($0), UInt64($0) * 100) }
        let primary = ClusterRecord(
            primary: "alpha",
            systemIdentifier: 1,
            history: Self.history(61, all).history,
            lsn: LSN(bytes: 0),
            term: 61
        )
        let read = try #require(ClusterRecord(primary.text))
        #expect(read.history.ancestors.count == 50)
        let theirs = InstanceHistory(systemIdentifier: 1, history: read.history)
        func verdict(_ local: InstanceHistory) -> HistoryVerdict {
            compareHistories(local: local, primary: theirs, flushed: LSN(bytes: 9000))
        }
        #expect(verdict(Self.history(61, all)) == .ancestorUnlessRecord(at: Build.position(61, 9000)))
        #expect(verdict(Self.history(60, all.dropLast())) == .ancestorUnlessRecord(at: Build.position(60, 6000)))
        #expect(verdict(Self.history(60, all.dropLast(2) + [(59, 5800)])) == .forked(at: Build.position(59, 5800)))
    }
}
