import RACore
@testable import RAKit
import RATestSupport
import Testing

/// The exchange of directories, stopped between any two renames.
@Suite(.serialized, .enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct CopySwapTests {
    /// Stops a swap after so many renames.
    private func stopped(_ pair: CopyPair, after count: Int) throws -> SwapStep {
        var swap = try pair.swap
        swap.limit = count
        return swap
    }

    /// Goes on, and goes back, from every place at which a swap can be killed.
    private func killEverywhere(_ pair: CopyPair, _ layout: CopyLayout) throws -> Int {
        let swap = try pair.swap
        try swap.prepare(layout)
        try swap.perform()
        #expect(swap.state() == .swapped)
        let marker = layout.data.directory + "/standby.signal"
        #expect(FileFacts(marker) != nil)
        try swap.undo(keepsNew: true)
        #expect(FileFacts(marker) == nil)
        var count = 0
        while true {
            try swap.prepare(layout)
            guard CopyPair.failure({ try stopped(pair, after: count).perform() })?.exit == .resumable else { break }
            let total = try #require(SwapRecord(text: try readText(swap.path))).count
            #expect(swap.state() == (count == 0 ? .prepared : .half(done: count, of: total)))
            try swap.perform()
            #expect(swap.state() == .swapped)
            #expect(FileFacts(marker) != nil)
            // Back as well, killed at the same place and then to the end.
            if count > 0 {
                #expect(CopyPair.failure { try stopped(pair, after: count).undo(keepsNew: true) }?.exit == .resumable)
                #expect(swap.state() == .undoing(left: total - count, of: total))
                #expect(!swap.state().isStartable)
                #expect(CopyPair.failure { try swap.perform() }?.exit == .resumable)
            }
            try swap.undo(keepsNew: true)
            try swap.prepare(layout)
            _ = CopyPair.failure { try stopped(pair, after: count).perform() }
            try swap.undo(keepsNew: true)
            #expect(swap.state() == .none)
            #expect(FileFacts(marker) == nil)
            count += 1
        }
        #expect(swap.state() == .swapped)
        return count
    }

    @Test func everyPlaceOfASwapCanBeWhereItIsKilled() throws {
        try withCopyPair { pair in
            let places = try pair.spread()
            try pair.directory(places[0] + "/PG_14_202107181")
            try pair.directory(places[0] + "/lost+found")
            let (plan, _) = try pair.copy()
            #expect(plan.layout.places.map(\.isInside) == [false, false, true, true])
            #expect(try killEverywhere(pair, plan.layout) == 8)
            try pair.mustFollow()
            #expect(linkTarget(pair.node.data + "/pg_wal") == places[2])
            #expect(
                pair.node.value("SELECT sum(id) FROM (SELECT * FROM public.t1 UNION ALL SELECT * FROM public.t2) AS a")
                    == "1"
            )
            try pair.swap.finish()
            #expect(
                try listDirectory(places[0]).filter { !$0.hasPrefix("PG_\(PostgreSQL.version)_") } == [
                    "PG_14_202107181", "lost+found",
                ]
            )
            #expect(!isNamed(places[2] + ".rejoin-old"))
        }
    }

    /// A file system that is mounted at the data directory: nothing can be renamed over it.
    @Test func aMountPointsEntriesAreExchangedOneByOne() throws {
        try withCopyPair { pair in
            let disk = pair.folder + "/disk"
            try PostgreSQL.asOwner("/bin/mv", [pair.node.data, disk], as: nil)
            try pair.directory(pair.node.data)
            try withMount(["--bind", disk], at: pair.node.data) {
                try pair.directory(pair.node.data + "/lost+found")
                let (plan, _) = try pair.copy()
                #expect(plan.layout.data.isInside)
                #expect(try killEverywhere(pair, plan.layout) > 40)
                try pair.mustFollow()
                try pair.swap.finish()
                let left = try listDirectory(pair.node.data)
                #expect(left.contains("lost+found") && !left.contains { $0.hasPrefix(".rejoin") })
                endServers(pair.node.data)
            }
        }
    }

    /// A file system that is mounted at pg_wal stays there, whatever is renamed around it.
    @Test func aMountedWALDirectoryStaysMounted() throws {
        try withCopyPair { pair in
            let wal = pair.node.data + "/pg_wal"
            let disk = pair.folder + "/waldisk"
            try PostgreSQL.asOwner("/bin/mv", [wal, disk], as: nil)
            try pair.directory(wal)
            try withMount(["--bind", disk], at: wal) {
                let (plan, _) = try pair.copy()
                #expect(plan.layout.places.map(\.isInside) == [true, true])
                let swap = try pair.swap
                try swap.prepare(plan.layout)
                try swap.perform()
                #expect(mountPoints().contains(wal))
                try pair.mustFollow()
                try swap.finish()
                #expect(try listDirectory(disk).contains { $0.count == 24 })
                endServers(pair.node.data)
            }
        }
    }

    @Test func aServerKeepsTheSwapFromBeginning() throws {
        try withCopyPair { pair in
            let (plan, _) = try pair.copy()
            try pair.node.startByHand()
            let failure = try #require(CopyPair.failure { try pair.swap.prepare(plan.layout) })
            #expect(failure.exit == .refused)
            #expect(failure.reason.contains("a PostgreSQL server, works in \"\(pair.node.data)\""), "\(failure)")
        }
    }

    /// What can't be read is never taken for nothing.
    @Test func aRecordThatCannotBeReadStopsEverything() throws {
        try withCopyPair { pair in
            let (plan, _) = try pair.copy()
            let swap = try pair.swap
            try swap.prepare(plan.layout)
            let text = try readText(swap.path)
            try replaceFile(swap.path, with: Array(text.dropLast(20).utf8))
            #expect(!swap.state().isStartable)
            #expect(CopyPair.failure { try swap.perform() }?.exit == .refused)
            #expect(FileFacts(pair.node.data + "/PG_VERSION") != nil)
        }
    }

    /// No room for two copies: the former data go first, and nothing may start before the copy is whole.
    @Test func inPlaceRemovesTheFormerDataFirst() throws {
        try withCopyPair { pair in
            let disk = pair.folder + "/disk"
            try pair.directory(disk)
            try withMount(["-t", "tmpfs", "-o", "size=100m,mode=700,uid=postgres", "tmpfs"], at: disk) {
                try PostgreSQL.asOwner("/bin/mv", [pair.node.data, disk + "/data"], as: nil)
                try PostgreSQL.asOwner("/bin/ln", ["-s", disk + "/data", pair.node.data], as: nil)
                try PostgreSQL.asOwner("/usr/bin/truncate", ["-s", "0", disk + "/filler"])
                let step = try pair.step(CopyOptions(isInPlace: true))
                let beside = try #require(CopyPair.failure { _ = try pair.copy() })
                #expect(beside.exit == .failed)
                #expect(beside.reason.contains("--in-place"), "\(beside)")
                let plan = try step.plan()
                try step.checkRoom(plan)
                let swap = try pair.swap
                try swap.removeFormer(plan.layout)
                #expect(swap.state() == .inPlace)
                #expect(!swap.state().isStartable)
                #expect(FileFacts(swap.keptControlFile) != nil)
                // Killed and called again.
                try swap.removeFormer(plan.layout)
                let again = try step.plan()
                _ = try step.copy(again, configure: pair.configure)
                try swap.prepare(again.layout)
                #expect(swap.state() == .half(done: 0, of: 1))
                #expect(CopyPair.failure { try swap.undo() }?.exit == .refused)
                try swap.perform()
                try pair.mustFollow()
                try swap.finish()
                #expect(swap.state() == .none)
                endServers(pair.node.data)
            }
        }
    }
}
