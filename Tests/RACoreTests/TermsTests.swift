import RACore
import Testing

@Suite struct TermsTests {
    @Test(arguments: [
        ("0/0", UInt64(0)), ("0/1", 1), ("1/0", 1 << 32), ("16/B374D848", 0x16_B374_D848),
        ("FFFFFFFF/FFFFFFFF", UInt64.max),
    ])
    func lsnReadsAndPrints(_ text: String, _ bytes: UInt64) {
        #expect(LSN(text) == LSN(bytes: bytes))
        #expect(LSN(bytes: bytes).description == text)
        #expect(LSN(digits: LSN(bytes: bytes).digits) == LSN(bytes: bytes))
        #expect(LSN(bytes: bytes).digits.utf8.count == 16)
    }

    @Test(arguments: ["", "/", "0/", "/0", "0/0/0", "-1/0", "+1/0", "0x1/0", "1 /0", "100000000/0", "g/0", "0"])
    func lsnRefuses(_ text: String) { #expect(LSN(text) == nil) }

    @Test(arguments: ["", "0", "00000000000000000", "0000000000000g00", "+000000000000001"])
    func lsnDigitsRefuse(_ text: String) { #expect(LSN(digits: text) == nil) }

    /// As text "9/0" would come after "10/0".
    @Test func lsnOrderIsTheNumbersOrder() throws {
        let texts = ["0/0", "0/FFFFFFFF", "9/0", "10/0", "A0/1"]
        let values = try texts.map { try #require(LSN($0)) }
        #expect(values.sorted() == values)
        #expect(values.map(\.digits).sorted() == values.map(\.digits))
    }

    @Test func distanceNeverWraps() {
        #expect(LSN(bytes: 5).distance(from: LSN(bytes: 3)) == 2)
        #expect(LSN(bytes: 3).distance(from: LSN(bytes: 5)) == 0)
    }

    @Test func aNewerTimelineIsFurtherWhateverItsLSN() {
        #expect(Build.position(1, 900) < Build.position(2, 100))
        #expect(Build.position(2, 100) < Build.position(2, 101))
        #expect(TimelineID(0) == nil)
        #expect(Build.timeline(26).historyFileName == "0000001A.history")
    }

    @Test(arguments: [
        ("-INFINITY", PromotionScore.never, false), ("-1000000", .never, false), ("-2000000", .never, false),
        ("INFINITY", .score(1_000_000), true), ("+INFINITY", .score(1_000_000), true), ("0", .score(0), false),
        ("-1", .score(-1), false), ("1", .score(1), true), ("1000", .primary, true),
    ])
    func scoreReads(_ text: String, _ score: PromotionScore, _ isPromotable: Bool) {
        #expect(PromotionScore(text) == score)
        #expect(PromotionScore(score.text) == score)
        #expect(score.isPromotable == isPromotable)
    }

    @Test(arguments: ["", "often", "1e3", "FINITY"]) func scoreRefuses(_ text: String) {
        #expect(PromotionScore(text) == nil)
    }

    @Test(
        arguments: [
            (nil, .none), ("", .none), ("LATEST", .latest), ("STREAMING|SYNC", .synchronous),
            ("STREAMING|QUORUM", .synchronous), ("STREAMING|ASYNC", .asynchronous),
            ("STREAMING|POTENTIAL", .other("STREAMING|POTENTIAL")), ("DISCONNECT", .disconnected), ("|", .other("|")),
        ] as [(String?, DataStatus)]
    )
    func dataStatusReads(_ text: String?, _ status: DataStatus) {
        #expect(DataStatus(text) == status)
        #expect(DataStatus(status.text) == status)
    }

    @Test func attributeNamesAreTheIncumbents() {
        let names = NodeAttribute.allCases.map { $0.name(resource: "pgsql") }
        #expect(
            names == [
                "master-pgsql", "pgsql-status", "pgsql-data-status", "pgsql-xlog-loc", "pgsql-master-baseline",
                "pgsql-receiver-status", "pgsql-record", "pgsql-accepted-loss", "pgsql-slot", "pgsql-rejoin-request",
                "pgsql-stopped",
            ]
        )
        #expect(NodeAttribute.allCases.filter(\.isPermanent) == [.dataStatus, .record, .acceptedLoss, .slot, .stopped])
    }

    @Test(arguments: [("Alpha", "alpha", true), ("a.b", "a-b", false), ("node1", "node10", false), ("", "", true)])
    func nodeNamesHaveNoCase(_ left: String, _ right: String, _ areSame: Bool) {
        #expect(sameName(left, right) == areSame)
    }
}
