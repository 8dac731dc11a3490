import Foundation
import RACore
import Testing

@testable import RAKit

/// What is remembered of the last look at the slots, and the book of them.
@Suite struct SlotWatchTests {
    private static let second: UInt64 = 1_000_000_000

    private func withFile(_ body: (RunFile) throws -> Void) throws {
        let resource = "test-\(UUID().uuidString)"
        let file = RunFile("slots", resource: resource)
        defer { file.remove() }
        try body(file)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        try withFile { file in
            let start = Moment.sinceBoot().nanoseconds - 40 * Self.second
            var watch = SlotWatch(moment: start, lsn: LSN(bytes: 0), free: 77)
            let told = PublishedWAL(time: 5, free: 77, rate: 0, kept: [KeptSlot(name: "pg_b", lsn: LSN(bytes: 16))])
            watch.noteTold(told, mark: "1@2")
            #expect(watch.isLimitDue)
            watch.noteLimit()
            watch.write(file)
            var back = try #require(SlotWatch(file))
            #expect(back.free == 77)
            #expect(!back.isLimitDue)
            #expect(!back.isWorthTelling(PublishedWAL(time: 6, free: 5, rate: 9, kept: told.kept), mark: "1@2"))
            #expect(back.isWorthTelling(told, mark: "another"))
            #expect(back.isWorthTelling(PublishedWAL(time: 6, free: 77, rate: 0), mark: "1@2"))
            // One sample is a burst; two are a pace.
            back = back.next(LSN(bytes: 1000), free: 70, at: start + 10 * Self.second)
            #expect(back.rate == 0)
            back.write(file)
            back = try #require(SlotWatch(file)).next(LSN(bytes: 3000), free: 60, at: start + 20 * Self.second)
            #expect(back.rate == 100)
            #expect(back.next(LSN(bytes: 9000), free: 1, at: start + 20 * Self.second + 5).rate == 100)
            #expect(back.isDue(at: start + 21 * Self.second), "60 bytes last for less than a second")
        }
    }

    @Test func aStandbyWithRoomLooksSeldom() throws {
        var watch = SlotWatch(moment: 100 * Self.second, lsn: LSN(bytes: 0), free: 1 << 40)
        watch = watch.next(LSN(bytes: 100), free: 1 << 40, at: 110 * Self.second)
        #expect(!watch.isDue(at: 119 * Self.second))
        #expect(watch.isDue(at: 120 * Self.second))
        #expect(watch.isWorthTelling(PublishedWAL(time: 0, free: nil, rate: 0), mark: ""))
    }

    @Test func horizons() {
        #expect(SlotWatch.horizon(interval: "3000", isStandby: false) == 6)
        #expect(SlotWatch.horizon(interval: "60000", isStandby: false) == 30)
        #expect(SlotWatch.horizon(interval: nil, isStandby: true) == 40)
    }

    @Test func theBookRemembers() throws {
        let path = NSTemporaryDirectory() + "slot-book-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var book = try #require(SlotBook(path: path), "none is an empty one")
        book.note("pg_b", isUsed: false, now: 10)
        book.note("pg_c", isUsed: true, now: 10)
        book.note("pg_b", isUsed: false, now: 20)
        try book.write(path, owner: nil)
        var back = try #require(SlotBook(path: path))
        #expect(back == book)
        #expect(back.unusedSince("pg_b") == 10)
        #expect(back.unusedSince("pg_c") == nil)
        back.note("pg_b", isUsed: true, now: 30)
        #expect(back.unusedSince("pg_b") == nil)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(SlotBook(path: path) == nil, "what can't be read isn't empty")
    }
}
