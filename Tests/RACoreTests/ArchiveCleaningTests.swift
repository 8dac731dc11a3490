import RACore
import Testing

@Suite struct ArchiveCleaningTests {
    private func plan(
        _ names: [String],
        _ claims: [ArchiveClaim],
        timeline: UInt32 = 2,
        size: UInt64 = 1 << 20
    ) throws -> Result<ArchiveCleaningPlan, ArchiveCleaningRefusal> {
        planArchiveCleaning(
            names.map { ArchiveFile(name: $0, bytes: 10) },
            claims: claims,
            timeline: try #require(TimelineID(timeline)),
            size: size
        )
    }

    private func claim(_ who: String, _ lsn: String, timeline: UInt32? = nil) throws -> ArchiveClaim {
        ArchiveClaim(who: who, timeline: timeline.flatMap { TimelineID($0) }, lsn: try #require(LSN(lsn)))
    }

    @Test func removesWhatIsOlderThanTheOldestClaim() throws {
        let names = [
            "000000010000000000000002", "000000010000000000000003.gz", "000000010000000000000004.lz4",
            "000000010000000000000004.partial", "000000010000000000000003.00000028.backup",
            "000000020000000000000004.zst", "000000020000000000000005.bz2", "000000020000000000000006",
            "00000002.history", "README", "000000020000000000000007.tmp",
        ]
        let claims = [
            try claim("node a", "0/600100"), try claim("slot s on a", "0/500100"), try claim("b", "0/700000"),
        ]
        let plan = try plan(names, claims).get()
        #expect(plan.oldest.who == "slot s on a")
        #expect(plan.firstKept.fileName == "000000020000000000000005")
        #expect(
            plan.unneeded.map(\.name) == [
                "000000010000000000000002", "000000010000000000000003.00000028.backup", "000000010000000000000003.gz",
                "000000010000000000000004.lz4", "000000010000000000000004.partial", "000000020000000000000004.zst",
            ]
        )
        #expect(plan.bytes == 60 && plan.kept == 3)
        #expect(plan.unknown == ["000000020000000000000007.tmp", "README"])
    }

    @Test func neverTheNewest() throws {
        let plan = try plan(["000000010000000000000002", "000000010000000000000003"], [try claim("a", "0/900000")])
            .get()
        #expect(plan.unneeded.map(\.name) == ["000000010000000000000002"])
    }

    @Test func historyFilesGoWithTheirTimelines() throws {
        let names = ["00000002.history", "00000003.history.gz", "00000004.history", "000000030000000000000008"]
        let late = try plan(names, [try claim("a", "0/900000", timeline: 4)], timeline: 4).get()
        #expect(late.unneeded.map(\.name) == ["00000002.history"])
        let early = try plan(names, [try claim("a", "0/900000", timeline: 2)], timeline: 4).get()
        #expect(early.unneeded.isEmpty)
    }

    @Test func otherSegmentSizes() throws {
        // 64 MB: 64 segments to 4 GB.
        let names = ["00000001000000000000003E", "00000001000000000000003F", "000000010000000100000000"]
        let plan = try plan(names, [try claim("a", "1/0")], timeline: 1, size: 64 << 20).get()
        #expect(plan.unneeded.map(\.name) == Array(names[..<2]))
    }

    @Test func nothingWithoutClaims() throws {
        #expect(try plan(["000000010000000000000002"], []) == .failure(.noClaims))
    }

    @Test func refusalsNameTheWayOn() {
        let node = ArchiveCleaningRefusal.Unseen(who: "node beta", why: "no answer", node: "beta")
        #expect(ArchiveCleaningRefusal.unseen([node]).text.contains("add --without beta."))
        let other = ArchiveCleaningRefusal.Unseen(who: "backup /b", why: "no label")
        #expect(!ArchiveCleaningRefusal.unseen([node, other]).text.contains("--without"))
    }

    @Test func declaredBackups() throws {
        let label = """
            START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
            CHECKPOINT LOCATION: 0/2000060
            START TIMELINE: 3
            """
        let start = try #require(backupStart(label: label))
        #expect(start.lsn == LSN("0/2000028") && start.timeline == TimelineID(3))
        #expect(backupStart(label: "nothing") == nil)
        let manifest = """
            "Files": [ { "Path": "WAL-Ranges" } ],
            "WAL-Ranges": [
            { "Timeline": 2, "Start-LSN": "0/3000028", "End-LSN": "0/3000100" },
            { "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/3000028" }
            ],
            """
        let range = try #require(backupStart(manifest: manifest))
        #expect(range.lsn == LSN("0/2000028") && range.timeline == TimelineID(1))
    }
}
