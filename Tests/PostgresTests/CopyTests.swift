import RACore
@testable import RAKit
import RATestSupport
import Testing

/// A copy beside, verified, swapped in: the former data stay until the node follows.
@Suite(.serialized, .enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct CopyTests {
    @Test func copyIsSwappedInAndFollows() throws {
        try withCopyPair { pair in
            let (plan, report) = try pair.copy()
            #expect(plan.layout.places.map(\.directory) == [pair.node.data])
            #expect(report.isVerified)
            #expect(report.bytes > 10 << 20)
            #expect(report.stages.map(\.name) == ["copying", "verifying", "syncing"])
            #expect(pair.told.sights.contains { $0.step == "copying" && $0.totalBytes != nil })
            #expect(FileFacts(pair.node.data + ".rejoin-new/standby.signal") != nil)
            let swap = try pair.swap
            #expect(swap.state() == .none)
            try swap.prepare(plan.layout)
            #expect(swap.state() == .prepared)
            try swap.perform()
            #expect(swap.state() == .swapped)
            #expect(FileFacts(pair.node.data + ".rejoin-old/PG_VERSION") != nil)
            try pair.mustFollow()
            try swap.finish()
            #expect(swap.state() == .none)
            #expect(!isNamed(pair.node.data + ".rejoin-old"))
        }
    }

    @Test func formerDataComeBack() throws {
        try withCopyPair { pair in
            let (plan, _) = try pair.copy()
            let swap = try pair.swap
            try swap.prepare(plan.layout)
            try swap.perform()
            try swap.undo()
            #expect(swap.state() == .none)
            try pair.formerDataStart()
        }
    }

    @Test func missingDataDirectoryIsMade() throws {
        try withCopyPair { pair in
            try removeTree(pair.node.data)
            let (plan, _) = try pair.copy()
            let swap = try pair.swap
            try swap.prepare(plan.layout)
            try swap.perform()
            try pair.mustFollow()
            try swap.finish()
        }
    }

    @Test func slotKeepsTheWALFromTheCopyOn() throws {
        try withCopyPair { pair in
            pair.parameters.replicationSlotName = "slot"
            try pair.primary.query("SELECT pg_create_physical_replication_slot('slot_n2')")
            try pair.copy()
            let kept =
                "SELECT restart_lsn IS NOT NULL AND NOT active FROM pg_replication_slots WHERE slot_name = 'slot_n2'"
            try waitFor("the slot keeps WAL") { pair.primary.value(kept) == "t" }
            // A second one, with the slot as it is.
            try pair.copy()
            #expect(pair.primary.value(kept) == "t")
        }
    }
}
