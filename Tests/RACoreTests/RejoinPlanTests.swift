import RACore
import Testing

@Suite struct RejoinPlanTests {
    private static let one = TimelineID(1) ?? { preconditionFailure() }()
    private static let fork = WALPosition(timeline: one, lsn: LSN(bytes: 0x3000000))

    private static let all: [RejoinMethod: MethodFinding] = [
        .follow: .possible(bytes: 0), .archive: .possible(bytes: 1), .rewind: .possible(bytes: 2),
        .incremental: .possible(bytes: 3), .copy: .possible(bytes: 4),
    ]

    private func facts(
        _ instance: RejoinInstance,
        primaries: [String] = ["n1"],
        methods: [RejoinMethod: MethodFinding] = all,
        wish: RejoinWish = RejoinWish()
    ) -> RejoinFacts {
        RejoinFacts(
            node: "n2",
            primaries: primaries,
            claims: primaries.map { PrimaryClaim(node: $0, position: Self.fork) },
            instance: instance,
            methods: methods,
            wish: wish
        )
    }

    private func methods(_ facts: RejoinFacts) -> [RejoinMethod] {
        guard case .go(let route) = decideRejoin(facts) else { return [] }
        return route.methods
    }

    @Test func theCheapestThatIsSafeComesFirst() {
        let expected: [(LocalData, [RejoinMethod])] = [
            (.ancestor, [.follow, .archive, .incremental, .copy]),
            (.diverged(at: Self.fork), [.rewind, .incremental, .copy]),
            (.absent, [.incremental, .copy]),
            (.unreadable(why: "torn"), [.incremental, .copy]),
            (.tainted(why: "half"), [.rewind, .incremental, .copy]),
            (.foreign(ours: 1, theirs: 2), []),
            (.ahead(system: 1, of: Self.fork), []),
            (.incompatible(why: "15 and 16"), []),
            (.unknown(why: "silent"), []),
        ]
        for (data, wanted) in expected { #expect(methods(facts(.stopped(data))) == wanted, "\(data)") }
    }

    @Test func aServerThatReceivesNothingDoesNotJustFollow() {
        #expect(methods(facts(.deaf(.ancestor))) == [.archive, .incremental, .copy])
        #expect(methods(facts(.deaf(.diverged(at: Self.fork)))) == [.rewind, .incremental, .copy])
        guard case .go(let route) = decideRejoin(facts(.deaf(.ancestor))) else { return #expect(Bool(false)) }
        #expect(route.stopsInstance)
        #expect(route.rejected.contains { $0.method == .follow })
    }

    @Test func whatWouldFailIsLeftOutAndSaid() {
        var some = Self.all
        some[.rewind] = .impossible(why: "no checksums")
        some[.incremental] = nil
        guard case .go(let route) = decideRejoin(facts(.stopped(.diverged(at: Self.fork)), methods: some)) else {
            return #expect(Bool(false))
        }
        #expect(route.methods == [.copy])
        #expect(route.rejected.contains(RejectedMethod(.rewind, "no checksums")))
        some[.copy] = .impossible(why: "no room")
        guard case .refuse(let refusal) = decideRejoin(facts(.stopped(.diverged(at: Self.fork)), methods: some)) else {
            return #expect(Bool(false))
        }
        #expect(refusal.exit == .refused)
        #expect(refusal.text.contains("no checksums") && refusal.text.contains("no room"))
    }

    @Test func aWishedMethodIsTheOnlyOne() {
        let wish = RejoinWish(method: .copy)
        #expect(methods(facts(.stopped(.ancestor), wish: wish)) == [.copy])
        #expect(methods(facts(.stopped(.diverged(at: Self.fork)), wish: RejoinWish(method: .follow))) == [])
    }

    @Test func unattendedDoesWhatIsAllowed() {
        let data = RejoinInstance.stopped(.diverged(at: Self.fork))
        #expect(methods(facts(data, wish: RejoinWish(allowed: AutoRejoin.off.methods))) == [])
        #expect(methods(facts(data, wish: RejoinWish(allowed: AutoRejoin.follow.methods))) == [])
        #expect(methods(facts(data, wish: RejoinWish(allowed: AutoRejoin.rewind.methods))) == [.rewind])
        #expect(
            methods(facts(data, wish: RejoinWish(allowed: AutoRejoin.copy.methods))) == [.rewind, .incremental, .copy]
        )
    }

    @Test func foreignAndFurtherDataAreGivenUpByNameOnly() {
        let foreign = RejoinInstance.stopped(.foreign(ours: 7, theirs: 8))
        #expect(methods(facts(foreign, wish: RejoinWish(discardedSystem: 8))) == [])
        #expect(methods(facts(foreign, wish: RejoinWish(discardedSystem: 7))) == [.incremental, .copy])
        let ahead = RejoinInstance.stopped(.ahead(system: 7, of: Self.fork))
        guard case .refuse(let refusal) = decideRejoin(facts(ahead)) else { return #expect(Bool(false)) }
        #expect(refusal.exit == .unsafe)
        #expect(methods(facts(ahead, wish: RejoinWish(discardedSystem: 7))) == [.incremental, .copy])
    }

    @Test func primariesThatContradictEachOtherAreUnsafe() {
        let two = [PrimaryClaim(node: "n1", position: Self.fork), PrimaryClaim(node: "n3", position: Self.fork)]
        var both = facts(.stopped(.ancestor))
        both.claims = two
        #expect(decideRejoin(both) == .refuse(.severalPrimaries(two)))
        #expect(RejoinRefusal.severalPrimaries(two).exit == .unsafe)
        #expect(RejoinRefusal.severalPrimaries(two).text.contains("n1 at timeline 1 LSN 0/3000000 and n3"))
        #expect(decideRejoin(facts(.stopped(.ancestor), primaries: [])) == .refuse(.noPrimary))
        #expect(decideRejoin(facts(.primary, primaries: ["N2"])) == .refuse(.isThePrimary))
        var other = facts(.stopped(.ancestor))
        other.claims = [two[1]]
        #expect(decideRejoin(other) == .refuse(.otherPrimary(two[1], "n1")))
        #expect(decideRejoin(facts(.primary)) == .refuse(.isAnotherPrimary(than: "n1")))
    }

    @Test func theClusterIsToldFirst() {
        let obstacles: [(RejoinObstacle, String)] = [
            (.standbyMode, "crm node online n2"), (.maintenance, "maintenance-mode=false"),
            (.unmanaged, "crm node ready n2"),
            (.banned("cli-ban-pgsql-on-n2"), "crm configure delete cli-ban-pgsql-on-n2"), (.stopped, "primary-start"),
            (.noQuorum, "Bring the other nodes back"), (.fencing(["n3"]), "n3 waits to be fenced"),
        ]
        for (obstacle, words) in obstacles {
            var held = facts(.stopped(.ancestor))
            held.obstacle = obstacle
            guard case .refuse(let refusal) = decideRejoin(held) else { return #expect(Bool(false)) }
            #expect(refusal.text.contains(words), "\(obstacle)")
            #expect(refusal.exit == .refused)
            held.instance = .following
            #expect(decideRejoin(held) == .nothing)
        }
    }

    /// Whatever is found, a plan never has a method that such data can't stand, and a refusal names a reason.
    @Test func everyCombinationIsDecided() {
        let data: [LocalData] = [
            .absent, .unreadable(why: "x"), .tainted(why: "x"), .incompatible(why: "x"), .foreign(ours: 1, theirs: 2),
            .ancestor,
            .diverged(at: Self.fork), .ahead(system: 1, of: Self.fork), .unknown(why: "x"),
        ]
        let instances = data.map { RejoinInstance.stopped($0) } + data.map { .deaf($0) }
        for instance in instances + [.following, .primary, .busy(why: "x")] {
            for mask in 0..<32 {
                var some: [RejoinMethod: MethodFinding] = [:]
                for (index, method) in RejoinMethod.allCases.enumerated() {
                    some[method] = mask & 1 << index == 0 ? .impossible(why: "no") : .unknown(why: "may be")
                }
                switch decideRejoin(facts(instance, methods: some)) {
                case .nothing: #expect(instance == .following)
                case .refuse(let refusal): #expect(!refusal.text.isEmpty && refusal.exit != .done)
                case .go(let route):
                    #expect(!route.methods.isEmpty && route.methods == route.methods.sorted())
                    #expect(Set(route.methods).isDisjoint(with: route.rejected.map(\.method)))
                    #expect(route.methods.count + route.rejected.count == RejoinMethod.allCases.count)
                }
            }
        }
    }

    @Test func theJournalIsReadBack() {
        for phase in RejoinJournal.Phase.allCases {
            let journal = RejoinJournal(
                node: "n2",
                primary: "n1",
                method: .rewind,
                phase: phase,
                started: "2026-11-30T06:00:00Z",
                finding: "own records: from\nhere",
                isUnattended: phase == .copying
            )
            var expected = journal
            expected.finding = "own records: from here"
            #expect(RejoinJournal(text: journal.text) == expected)
        }
        #expect(RejoinJournal(text: "") == nil)
        #expect(RejoinJournal(text: "node: x\nphase: nowhere\n") == nil)
    }
}
