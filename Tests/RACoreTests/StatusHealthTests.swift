import RACore
import Testing

@Suite struct StatusHealthTests {
    private static let all = PrimaryFinding.allCases.flatMap { primary in
        StandbyFinding.allCases.flatMap { standbys in
            TakeoverFinding.allCases.map { HealthFacts(primary: primary, standbys: standbys, takeover: $0) }
        }
    }

    @Test func everyReasonIsReached() {
        #expect(Set(Self.all.map { decideHealth($0).reason }) == Set(HealthReason.allCases))
    }

    @Test func aReasonHasOneLevel() {
        let levels = Dictionary(grouping: Self.all.map(decideHealth), by: \.reason).mapValues { Set($0.map(\.level)) }
        #expect(levels.values.allSatisfy { $0.count == 1 })
    }

    /// Ignorance is never good news.
    @Test func whatIsUnknownIsNeverHealthy() {
        for facts in Self.all where facts.primary == .unknown || (facts.primary == .one && facts.standbys == .unknown) {
            #expect(decideHealth(facts).level != .healthy, "\(facts)")
            #expect(decideHealth(facts).level != .degraded, "\(facts)")
        }
    }

    /// A replicated primary without a safe takeover is never called protected.
    @Test func onlyAnAutomaticTakeoverProtects() {
        for facts in Self.all where facts.primary == .one && facts.standbys != .notConfigured {
            let level = decideHealth(facts).level
            if level == .healthy || level == .degraded { #expect(facts.takeover == .automatic, "\(facts)") }
        }
    }

    @Test(arguments: [
        (HealthFacts(primary: .one, standbys: .all, takeover: .automatic), HealthLevel.healthy),
        (HealthFacts(primary: .one, standbys: .some, takeover: .automatic), .degraded),
        (HealthFacts(primary: .one, standbys: .none, takeover: .automatic), .unprotected),
        (HealthFacts(primary: .one, standbys: .all, takeover: .fencingOff), .unprotected),
        (HealthFacts(primary: .one, standbys: .all, takeover: .maintenance), .unprotected),
        (HealthFacts(primary: .one, standbys: .all, takeover: .unknown), .cannotTell),
        (HealthFacts(primary: .several, standbys: .all, takeover: .automatic), .unprotected),
        (HealthFacts(primary: .none, standbys: .none, takeover: .automatic), .down),
        (HealthFacts(primary: .none, standbys: .none, takeover: .noQuorum), .cannotTell),
        (HealthFacts(primary: .unknown, standbys: .all, takeover: .automatic), .cannotTell),
        (HealthFacts(primary: .one, standbys: .notConfigured, takeover: .noFencingDevice), .healthy),
    ])
    func judges(facts: HealthFacts, level: HealthLevel) {
        #expect(decideHealth(facts).level == level)
    }

    @Test func exitCodesAreDocumented() {
        #expect(HealthLevel.allCases.map(\.rawValue) == [0, 1, 2, 3, 4])
    }
}
