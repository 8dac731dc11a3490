import RACore
@testable import RAKit
import RATestSupport
import Testing

/// Directories in which no copy is made: each is said, and the former data stay.
@Suite(.serialized, .enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct CopyPlaceTests {
    private func refusal(_ pair: CopyPair) throws -> String {
        let failure = try #require(CopyPair.failure { _ = try pair.copy() })
        #expect(failure.exit == .refused, "\(failure)")
        #expect(failure.reason.contains("HINT: "), "\(failure)")
        return failure.reason
    }

    @Test func danglingWALLinkIsRefused() throws {
        try withCopyPair { pair in
            let wal = pair.node.data + "/pg_wal"
            try PostgreSQL.asOwner("/bin/mv", [wal, pair.folder + "/wal"], as: nil)
            try PostgreSQL.asOwner("/bin/ln", ["-s", "/nowhere/wal", wal])
            let reason = try refusal(pair)
            #expect(reason.contains("\"\(wal)\" is a symbolic link to \"/nowhere/wal\""), "\(reason)")
            try removeFile(wal)
            try PostgreSQL.asOwner("/bin/ln", ["-s", pair.folder + "/wal", wal])
            try pair.formerDataStart()
        }
    }

    @Test func walDirectoryOfAnotherInstanceIsRefused() throws {
        try withCopyPair { pair in
            let wal = pair.node.data + "/pg_wal"
            try PostgreSQL.asOwner("/bin/mv", [wal, pair.folder + "/wal"], as: nil)
            try PostgreSQL.asOwner("/bin/ln", ["-s", pair.primary.data + "/pg_wal", wal])
            let reason = try refusal(pair)
            #expect(reason.contains("is used by another instance"), "\(reason)")
            #expect(reason.contains(pair.primary.data), "\(reason)")
            try removeFile(wal)
            try PostgreSQL.asOwner("/bin/ln", ["-s", pair.folder + "/wal", wal])
            try PostgreSQL.asOwner("/usr/bin/touch", [pair.folder + "/wal/letters.txt"])
            #expect(try refusal(pair).contains("has \"letters.txt\""))
            try removeFile(pair.folder + "/wal/letters.txt")
            try pair.formerDataStart()
        }
    }

    @Test func tablespaceDirectoriesAreLookedAt() throws {
        try withCopyPair { pair in
            let places = try pair.spread()
            try PostgreSQL.asOwner("/bin/chown", ["root", places[0]], as: nil)
            let owner = try refusal(pair)
            #expect(
                owner.contains("\"\(places[0])\" belongs to \"root\", but parameter pgdba is \"postgres\""),
                "\(owner)"
            )
            try PostgreSQL.asOwner("/bin/chown", ["postgres", places[0]], as: nil)
            // The same number, elsewhere: into the data directory, and to the primary's own place.
            let oid = try #require(pair.primary.value("SELECT oid FROM pg_tablespace WHERE spcname = 'ts1'"))
            let link = pair.node.data + "/pg_tblspc/" + oid
            for (target, words) in [
                (pair.node.data + "/inside", "is inside \"\(pair.node.data)\""),
                (pair.folder + "/ts1", "is used by another instance"),
            ] {
                try removeFile(link)
                try pair.directory(target)
                try PostgreSQL.asOwner("/bin/ln", ["-s", target, link])
                let reason = try refusal(pair)
                #expect(reason.contains(target) && reason.contains(words), "\(reason)")
            }
            try removeFile(link)
            try PostgreSQL.asOwner("/bin/ln", ["-s", places[0], link])
            try pair.formerDataStart()
        }
    }

    /// A directory that the primary's new tablespace needs is made; what stands there and isn't ours is left alone.
    @Test func newTablespacesDirectoryIsMade() throws {
        try withCopyPair { pair in
            let place = try pair.directory("new")
            try pair.primary.query("CREATE TABLESPACE new LOCATION '\(place)'")
            // On this machine the primary's own place is taken.
            let reason = try refusal(pair)
            #expect(reason.contains("is used by another instance"), "\(reason)")
            var facts = CopyPlaces(context: try pair.context()).facts(
                [OfferedTablespace(oid: 5, location: pair.folder + "/made/there")],
                by: .after(milliseconds: 10_000)
            )
            #expect(throws: LayoutRefusal.noParent(.tablespace(oid: 5), pair.folder + "/made/there")) {
                try decideLayout(facts)
            }
            try pair.directory("made")
            facts = CopyPlaces(context: try pair.context()).facts(
                [OfferedTablespace(oid: 5, location: pair.folder + "/made/there")],
                by: .after(milliseconds: 10_000)
            )
            #expect(try decideLayout(facts).tablespaces.map(\.new) == [pair.folder + "/made/there/.rejoin-new"])
        }
    }

    @Test func formerContentsOfALostRunAreRefused() throws {
        try withCopyPair { pair in
            try pair.directory("n2.rejoin-old")
            #expect(try refusal(pair).contains("n2.rejoin-old\" is there"))
        }
    }
}
