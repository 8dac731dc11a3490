import RACore
import Testing

@Suite struct WALNeedTests {
    private let size: UInt64 = 1 << 20

    private func timeline(_ number: UInt32) throws -> TimelineID { try #require(TimelineID(number)) }

    private func position(_ number: UInt32, _ lsn: String) throws -> WALPosition {
        WALPosition(timeline: try timeline(number), lsn: try #require(LSN(lsn)))
    }

    private func segment(_ number: UInt32, _ place: UInt64) throws -> WALSegment {
        WALSegment(timeline: try timeline(number), number: place, size: size)
    }

    /// The node ends in segment 5 of timeline 1, the source left that in segment 6 and is in segment 8 of timeline 2.
    private func need(present: [UInt64] = [4, 5], redo: String = "0/400100") throws -> WALNeed {
        let left = TimelineHistory.Entry(timeline: try timeline(1), switchPoint: try #require(LSN("0/600200")))
        return WALNeed(
            redo: try position(1, redo),
            localEnd: try position(1, "0/500300"),
            present: Set(try present.map { try segment(1, $0) }),
            source: TimelineHistory(timeline: try timeline(2), ancestors: [left]),
            flushed: try #require(LSN("0/800400")),
            size: size
        )
    }

    @Test func asksFromTheBeginningOfItsLastSegment() throws {
        let names = try need().segments.map(\.fileName)
        #expect(
            names == [
                "000000010000000000000005", "000000020000000000000006", "000000020000000000000007",
                "000000020000000000000008",
            ]
        )
        #expect(try need().bytes == 0x300100)
    }

    @Test func asksFromAFileThatIsMissingHere() throws {
        #expect(try need(present: [5]).segments.first == segment(1, 4))
        #expect(try need(present: [3, 5], redo: "0/300000").segments.first == segment(1, 4))
    }

    @Test func nothingIsLacking() throws {
        let history = TimelineHistory(timeline: try timeline(1), ancestors: [])
        let need = WALNeed(
            redo: try position(1, "0/400100"),
            localEnd: try position(1, "0/500000"),
            present: [try segment(1, 4)],
            source: history,
            flushed: try #require(LSN("0/4FFFF8")),
            size: size
        )
        #expect(need.isEmpty)
        #expect(
            decideWALPath(need, slot: .missing, source: .unknown(why: "x"), archive: .none) == .follow(isKept: true)
        )
    }

    /// A source that has just changed its segment has no file of the next one.
    @Test func sourceAtABoundary() throws {
        let history = TimelineHistory(timeline: try timeline(1), ancestors: [])
        let ends = [("0/500300", [UInt64(5)]), ("0/600000", [])]
        for (end, numbers) in ends {
            let need = WALNeed(
                redo: try position(1, "0/500100"),
                localEnd: try position(1, end),
                present: [try segment(1, 5)],
                source: history,
                flushed: try #require(LSN("0/600000")),
                size: size
            )
            #expect(need.segments.map(\.number) == numbers)
        }
    }

    private func slot(_ lsn: String?, _ status: String? = "reserved", isPhysical: Bool = true) -> ReplicationSlot {
        ReplicationSlot(
            name: "pg_n2",
            isPhysical: isPhysical,
            restartLSN: lsn.flatMap { LSN($0) },
            retained: nil,
            status: status
        )
    }

    @Test func readsSlots() throws {
        let need = try need()
        #expect(assessSlotCover(nil, need) == .missing)
        #expect(assessSlotCover(slot("0/5FFFFF"), need) == .covers)
        #expect(assessSlotCover(slot("0/500000", "extended"), need) == .covers)
        #expect(assessSlotCover(slot("0/500000", nil), need) == .covers)
        var held = slot("0/500000")
        held.isActive = true
        for (slot, word) in [(slot("0/500000", "unreserved"), "unreserved"), (held, "another receiver")] {
            guard case .wavers(let why) = assessSlotCover(slot, need), why.contains("pg_n2"), why.contains(word) else {
                Issue.record("\(slot) is sure")
                continue
            }
        }
        #expect(assessSlotCover(slot("0/600000"), need) == .startsLater(at: try #require(LSN("0/600000"))))
        for useless in [slot(nil), slot(nil, "lost"), slot("0/500000", isPhysical: false)] {
            guard case .keepsNothing(let why) = assessSlotCover(useless, need) else {
                Issue.record("\(useless) keeps something")
                continue
            }
            #expect(why.contains("pg_n2"))
        }
    }

    @Test func readsFiles() throws {
        let need = try need()
        #expect(assessSourceCover(.known(Set(need.segments)), need) == .whole)
        #expect(assessSourceCover(.known(Set(need.segments.dropFirst(2))), need) == .lacks(Array(need.segments[..<2])))
        // What is there before a gap doesn't help.
        let gap = Set([need.segments[0], need.segments[2], need.segments[3]])
        #expect(assessSourceCover(.known(gap), need) == .lacks(Array(need.segments[..<2])))
    }

    @Test func decidesByFilesFirst() throws {
        let need = try need()
        let lacking = SourceCover.lacks(Array(need.segments[..<2]))
        let start = try #require(LSN("0/700000"))
        #expect(decideWALPath(need, slot: .covers, source: .whole, archive: .none) == .follow(isKept: true))
        #expect(decideWALPath(need, slot: .covers, source: .unknown(why: "x"), archive: .none) == .follow(isKept: true))
        #expect(decideWALPath(need, slot: .missing, source: .whole, archive: .none) == .follow(isKept: false))
        #expect(
            decideWALPath(need, slot: .covers, source: lacking, archive: .proven)
                == .archive(Array(need.segments[..<2]))
        )
        #expect(
            decideWALPath(need, slot: .startsLater(at: start), source: .unknown(why: "x"), archive: .proven)
                == .archive(Array(need.segments[..<2]))
        )
        #expect(
            decideWALPath(need, slot: .missing, source: .unknown(why: "x"), archive: .proven)
                == .archive(Array(need.segments[..<3]))
        )
        guard
            case .gap(let first, let why) = decideWALPath(
                need,
                slot: .keepsNothing(why: "lost"),
                source: lacking,
                archive: .fails(why: "Permission denied")
            )
        else {
            Issue.record("no gap")
            return
        }
        #expect(first == need.segments[0] && why.contains("Permission denied"))
    }

    /// Whatever is known, nothing is guessed: without a proof there is no follow and no archive.
    @Test func ignoranceIsNoGoodNews() throws {
        let need = try need()
        let slots: [SlotCover] = [
            .wavers(why: "e"), .startsLater(at: LSN(bytes: 7 << 20)), .keepsNothing(why: "a"), .missing,
            .unknown(why: "b"),
        ]
        for slot in slots {
            for archive in [ArchiveCover.none, .fails(why: "c")] {
                guard case .unknown = decideWALPath(need, slot: slot, source: .unknown(why: "d"), archive: archive)
                else {
                    Issue.record("\(slot) \(archive)")
                    continue
                }
            }
        }
    }
}
