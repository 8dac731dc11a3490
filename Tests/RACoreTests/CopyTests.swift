import RACore
import Testing

/// Where a copy is made, what it needs, and how far its swap is.
@Suite struct CopyDecisionTests {
    private func data() -> PlaceFacts {
        var place = PlaceFacts(link: "/pg/data", owner: "postgres")
        place.entries = ["PG_VERSION", "pg_wal"]
        return place
    }

    private func facts(_ change: (inout LayoutFacts) -> Void = { _ in }) -> LayoutFacts {
        var facts = LayoutFacts(major: "15", account: "postgres", data: data())
        change(&facts)
        return facts
    }

    private func tablespace(_ path: String, source: String?, isLinkedHere: Bool = true) -> TablespacePlaceFacts {
        var place = PlaceFacts(link: path, owner: "postgres")
        place.entries = ["PG_14_202107181", "PG_15_202209061"]
        return TablespacePlaceFacts(oid: 5, source: source, place: place, isLinkedHere: isLinkedHere)
    }

    @Test func aPlainDirectoryIsRenamed() throws {
        let layout = try decideLayout(facts())
        #expect(layout.places.map(\.new) == ["/pg/data.rejoin-new"])
        #expect(layout.data.old == "/pg/data.rejoin-old")
    }

    @Test func whatCannotBeRenamedIsExchangedInside() throws {
        let layout = try decideLayout(facts { $0.data.isRenamable = false })
        #expect(layout.data.new == "/pg/data/.rejoin-new")
        #expect(layout.data.own(["base", "lost+found", ".rejoin-new", ".rejoin-old"], major: "15") == ["base"])
    }

    @Test func aMountedWALDirectoryKeepsItsPlace() throws {
        let wal = PlaceFacts(link: "/pg/data/pg_wal", owner: "postgres")
        let layout = try decideLayout(
            facts {
                $0.wal = .mounted(wal)
                $0.mounts = ["/pg/data/pg_wal"]
            }
        )
        #expect(layout.places.map(\.isInside) == [true, true])
        #expect(layout.mounted == ["pg_wal"])
        #expect(throws: LayoutRefusal.mountedWithin("/pg/data/log")) {
            try decideLayout(facts { $0.mounts = ["/pg/data/log"] })
        }
    }

    @Test func onlyThisMajorsEntriesOfATablespaceCount() throws {
        let layout = try decideLayout(facts { $0.tablespaces = [tablespace("/ts", source: "/primary/ts")] })
        let place = try #require(layout.tablespaces.first)
        #expect(place.own(["PG_14_202107181", "PG_15_202209061", "notes"], major: "15") == ["PG_15_202209061"])
        #expect(place.new == "/ts/.rejoin-new" && place.source == "/primary/ts")
    }

    @Test func whatIsNotOursIsRefused() {
        let rows: [(LayoutRefusal, (inout LayoutFacts) -> Void)] = [
            (
                .foreignEntry(.tablespace(oid: 5), "/ts", entry: "PG_15_202209061"),
                { $0.tablespaces = [tablespace("/ts", source: "/ts", isLinkedHere: false)] }
            ),
            (
                .nested(.tablespace(oid: 5), "/pg/data/ts", within: "/pg/data"),
                { $0.tablespaces = [tablespace("/pg/data/ts", source: "/ts")] }
            ),
            (
                .nested(.wal, "/pg/data/wal", within: "/pg/data"),
                { $0.wal = .linked(PlaceFacts(link: "/pg/data/wal", owner: "postgres")) }
            ),
            (.foreignOwner(.data, "/pg/data", owner: "root", account: "postgres"), { $0.data.owner = "root" }),
            (.leftover(.data, "/pg/data.rejoin-old"), { $0.data.leftovers = ["/pg/data.rejoin-old"] }),
        ]
        for (refusal, change) in rows {
            #expect(throws: refusal) { try decideLayout(facts(change)) }
            #expect(refusal.text.contains("HINT: "))
        }
    }

    @Test func aDroppedTablespacesEntriesOnlyGo() throws {
        let layout = try decideLayout(facts { $0.tablespaces = [tablespace("/ts", source: nil)] })
        #expect(layout.places.map(\.role) == [.data, .formerTablespace(oid: 5)])
        #expect(layout.filled.count == 1)
    }

    @Test func directoriesOfOneFileSystemAreAddedUp() throws {
        let layout = try decideLayout(facts { $0.tablespaces = [tablespace("/ts", source: "/ts")] })
        let sizes = CopySizes(data: 100 << 20, tablespaces: [5: 300 << 20])
        let one = copyRooms(layout, sizes, fileSystem: { _ in 1 }, free: { _ in 500 << 20 })
        #expect(one.map(\.needed) == [400 << 20])
        #expect(one.map(\.margin) == [(20 + 64) << 20])
        #expect(one.map(\.isEnough) == [true])
        let two = copyRooms(
            layout,
            sizes,
            fileSystem: { $0.role == .data ? 1 : 2 },
            free: { $0.role == .data ? 168 << 20 : 400 << 20 }
        )
        #expect(two.map(\.isEnough) == [false, true])
    }

    /// Every number of renames, forward and back, has one reading, and survives its writing down.
    @Test func theDiskTellsHowFarASwapIs() throws {
        let layout = CopyLayout(
            major: "15",
            places: [
                CopyPlace(role: .data, link: "/a b%c", directory: "/a b%c", isInside: false),
                CopyPlace(role: .tablespace(oid: 7), link: "/t", directory: "/t\n", isInside: true, source: "/s"),
            ],
            mounted: ["pg_wal"]
        )
        var record = SwapRecord(
            phase: .forward,
            canGoBack: true,
            layout: layout,
            out: [
                SwapMove(from: "/a b%c", to: "/a b%c.rejoin-old"), SwapMove(from: "/t\n/x", to: "/t\n/.rejoin-old/x"),
            ],
            into: [SwapMove(from: "/a b%c.rejoin-new", to: "/a b%c")]
        )
        #expect(SwapRecord(text: record.text) == record)
        #expect(SwapRecord(text: String(record.text.dropLast(5))) == nil)
        var disk: Set<String> = ["/a b%c", "/t\n/x", "/a b%c.rejoin-new"]
        let moves = record.out + record.into
        for (index, move) in moves.enumerated() {
            let done = SwapState(record, disk.contains)
            #expect(done == (index == 0 ? .prepared : .half(done: index, of: 3)))
            disk.remove(move.from)
            disk.insert(move.to)
        }
        #expect(SwapState(record, disk.contains) == .swapped)
        record.phase = .back
        for (index, move) in moves.reversed().enumerated() {
            #expect(SwapState(record, disk.contains) == .undoing(left: 3 - index, of: 3))
            disk.remove(move.to)
            disk.insert(move.from)
        }
        #expect(SwapState(record, disk.contains) == .undone)
    }

    @Test func linesOfPgBasebackupAreRead() {
        #expect(CopyLine("waiting for checkpoint") == .waitingForCheckpoint)
        #expect(
            CopyLine("  1234/5678 kB (21%), 0/2 tablespaces (/pg/data/base/1/2 )")
                == .progress(done: 1234 * 1024, total: 5678 * 1024, isLast: false)
        )
        #expect(
            CopyLine("5678/5678 kB (100%), 1/1 tablespace")
                == .progress(done: 5_814_272, total: 5_814_272, isLast: true)
        )
        let damage = CopyLine.damage(file: "base/5/16384.1", block: 17)
        #expect(
            CopyLine(
                "WARNING:  checksum verification failed in file \"./base/5/16384.1\", block 17: calculated 1 but expected 2"
            )
                == damage
        )
        #expect(CopyLine("WARNUNG:  Pruefsumme falsch in Datei >>./base/5/16384.1<<, Block 17: 1 statt 2") == damage)
        #expect(CopyLine("could not open \"/pg/base/x\"") == .words)
    }

    @Test func theFirstErrorIsTheCause() {
        let lines = [
            "pg_basebackup: error: could not send replication command \"START_REPLICATION\": ERROR:  slot is active",
            "pg_basebackup: error: background process terminated unexpectedly",
            "pg_basebackup: removing contents of data directory \"/x\"",
        ]
        #expect(copyComplaint(lines).hasPrefix("could not send replication command"))
        #expect(copyComplaint(["killed"]) == "killed")
        #expect(copyComplaint([]) == "")
    }
}

/// Whether a kept backup is one that a primary's changes can be put on.
@Suite struct BackupManifestTests {
    private let head = "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": 7654321,\n\"Files\": [\n"
    private let tail = """
        { "Path": "x", "Size": 1 }
        ],
        "WAL-Ranges": [
        { "Timeline": 2, "Start-LSN": "0/3000028", "End-LSN": "0/3000120" }
        ],
        "Manifest-Checksum": "00"}
        """

    private func primary(_ timeline: UInt32, left: String) throws -> InstanceHistory {
        let ancestors = try [(1, "0/1000000"), (2, left)].filter { $0.0 < timeline }.map {
            TimelineHistory.Entry(timeline: try #require(TimelineID($0.0)), switchPoint: try #require(LSN($0.1)))
        }
        let history = TimelineHistory(timeline: try #require(TimelineID(timeline)), ancestors: ancestors)
        return InstanceHistory(systemIdentifier: 7_654_321, history: history)
    }

    @Test func aBackupOfTheSameHistoryWillDo() throws {
        let manifest = try #require(BackupManifest(head: head, tail: tail))
        #expect(manifest.timeline == TimelineID(2) && manifest.start == LSN("0/3000028"))
        #expect(manifest.fault(primary: try primary(2, left: "0/0")) == nil)
        #expect(manifest.fault(primary: try primary(3, left: "0/3000120")) == nil)
        #expect(manifest.fault(primary: try primary(3, left: "0/3000100"))?.contains("left at 0/3000100") == true)
        #expect(manifest.fault(primary: try primary(1, left: "0/0"))?.contains("doesn't come from") == true)
        var other = try primary(2, left: "0/0")
        other.systemIdentifier = 1
        #expect(manifest.fault(primary: other)?.contains("system identifier 7654321, but 1") == true)
    }

    @Test func anOldListHasNoSystem() throws {
        let manifest = try #require(BackupManifest(head: "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n", tail: tail))
        #expect(manifest.fault(primary: try primary(2, left: "0/0"))?.contains("older than PostgreSQL 17") == true)
        #expect(BackupManifest(head: head, tail: "]}") == nil)
    }
}
