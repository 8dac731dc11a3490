import RACore
import Testing

/// Lines of pg_waldump from PostgreSQL 12 to 18, which differ in small things.
@Suite struct WALRecordTests {
    private func line(_ manager: String, _ text: String, transaction: UInt32 = 725) -> String {
        "rmgr: \(manager)        len (rec/tot):     59/    59, tx:        \(transaction), lsn: 0/00625EE0, "
            + "prev 0/00625848, desc: \(text)"
    }

    private func body(_ manager: String, _ text: String) -> WALRecord.Body? {
        let record = WALRecord(line: line(manager, text))
        #expect(record?.lsn == LSN(bytes: 0x625EE0))
        #expect(record?.transaction == 725)
        return record?.body
    }

    private let table = RelationFile(tablespace: 1663, database: 5, number: 16_384)

    @Test(arguments: [
        "INSERT+INIT off 1 flags 0x00, blkref #0: rel 1663/5/16384 blk 7",
        "INSERT off 1 flags 0x08, blkref #0: rel 1663/5/16384 blk 7 FPW",
        "INSERT off: 1, flags: 0x08, blkref #0: rel 1663/5/16384 blk 7",
        "INSERT+INIT off: 1, flags: 0x00, blkref #0: rel 1663/5/16384 blk 7",
    ])
    func insertedRows(_ text: String) {
        #expect(body("Heap ", text) == .rows(.inserted, table, count: 1, place: RowPlace(block: 7, offset: 1)))
    }

    @Test(arguments: [
        "HOT_UPDATE off 2 xmax 726 flags 0x40 ; new off 6 xmax 0, blkref #0: rel 1663/5/16384 blk 0",
        "UPDATE off 2 xmax 726 flags 0x03 KEYS_UPDATED ; new off 6 xmax 0, blkref #0: rel 1663/5/16384 blk 0, "
            + "blkref #1: rel 1663/5/16384 blk 4",
        "HOT_UPDATE old_xmax: 726, old_off: 2, old_infobits: [], flags: 0x40, new_xmax: 0, new_off: 6, "
            + "blkref #0: rel 1663/5/16384 blk 0",
        "UPDATE+INIT old_xmax: 726, old_off: 2, old_infobits: [KEYS_UPDATED], flags: 0x03, new_xmax: 0, new_off: 6, "
            + "blkref #0: rel 1663/5/16384 blk 0, blkref #1: rel 1663/5/16384 blk 4",
    ])
    func updatedRows(_ text: String) {
        #expect(body("Heap ", text) == .rows(.updated, table, count: 1, place: RowPlace(block: 0, offset: 6)))
    }

    @Test(arguments: [
        ("DELETE off 3 flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0", RowAction.deleted),
        (
            "DELETE xmax: 727, off: 3, infobits: [KEYS_UPDATED], flags: 0x00, blkref #0: rel 1663/5/16384 blk 0",
            .deleted
        ),
        ("DELETE off 3 flags 0x08 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0", .withdrawn),
        ("DELETE xmax: 0, off: 3, infobits: [], flags: 0x08, blkref #0: rel 1663/5/16384 blk 0", .withdrawn),
    ])
    func deletedRows(_ text: String, _ action: RowAction) {
        #expect(body("Heap ", text) == .rows(action, table, count: 1, place: RowPlace(block: 0, offset: 3)))
    }

    @Test(arguments: [
        "MULTI_INSERT+INIT 4 tuples flags 0x02, blkref #0: rel 1663/5/16384 blk 0",
        "MULTI_INSERT 4 tuples flags 0x02, blkref #0: rel 1663/5/16384 blk 0 FPW",
        "MULTI_INSERT+INIT ntuples: 4, flags: 0x02, blkref #0: rel 1663/5/16384 blk 0",
        "MULTI_INSERT ntuples: 4, flags: 0x02, offsets: [1, 2, 3, 4], blkref #0: rel 1663/5/16384 blk 0",
    ])
    func manyRowsAtOnce(_ text: String) {
        #expect(body("Heap2", text) == .rows(.inserted, table, count: 4, place: nil))
    }

    @Test func truncatedTables() {
        #expect(body("Heap ", "TRUNCATE nrelids 2 relids 16394 16400") == .truncated(2))
        #expect(body("Heap ", "TRUNCATE cascade restart_seqs nrelids 1 relids 16394") == .truncated(1))
        #expect(body("Heap ", "TRUNCATE flags: [CASCADE], nrelids: 2, relids: [16394, 16400]") == .truncated(2))
    }

    @Test func commits() {
        let time = "2026-11-30 06:24:29.413601 UTC"
        let plain = WALRecord.Body.commit(of: nil, time: time, subtransactions: [], dropped: [])
        #expect(body("Transaction", "COMMIT \(time)") == plain)
        #expect(body("Transaction", "COMMIT \(time); inval msgs: catcache 80 snapshot 2608 relcache 16394") == plain)
        #expect(
            body("Transaction", "COMMIT \(time); rels: base/5/16394 base/5/16395_fsm; subxacts: 735 736; sync")
                == .commit(
                    of: nil,
                    time: time,
                    subtransactions: [735, 736],
                    dropped: [RelationFile(tablespace: 1663, database: 5, number: 16_394)]
                )
        )
        #expect(
            body("Transaction", "COMMIT_PREPARED 732: \(time)")
                == .commit(of: 732, time: time, subtransactions: [], dropped: [])
        )
        #expect(body("Transaction", "COMMIT nonsense") == .commit(of: nil, time: "", subtransactions: [], dropped: []))
    }

    @Test func otherEndsOfTransactions() {
        let time = "2026-11-30 06:24:29.477119 UTC"
        #expect(body("Transaction", "ABORT \(time)") == .abort(of: nil, subtransactions: []))
        #expect(body("Transaction", "ABORT \(time); subxacts: 7") == .abort(of: nil, subtransactions: [7]))
        #expect(body("Transaction", "ABORT_PREPARED 734: \(time)") == .abort(of: 734, subtransactions: []))
        #expect(
            body("Transaction", "PREPARE gid a: b; c: \(time); subxacts: 7 8")
                == .prepare(name: "a: b; c", time: time, subtransactions: [7, 8])
        )
        #expect(body("Transaction", "ASSIGNMENT xtop 725: subxacts: 726 727") == .other)
        #expect(body("Transaction", "INVALIDATION ; inval msgs: catcache 80") == .other)
    }

    @Test func whatWasMadeAndWhatRuns() {
        #expect(
            body("Standby", "RUNNING_XACTS nextXid 744 latestCompletedXid 742 oldestRunningXid 743; 1 xacts: 743")
                == .running(next: 744)
        )
        #expect(body("Standby", "LOCK xid 736 db 5 rel 16394 ") == .other)
        #expect(body("Storage", "CREATE base/5/16384") == .created(table))
        #expect(body("Storage", "CREATE base/5/16384_vm") == .other)
        #expect(
            body("Storage", "CREATE pg_tblspc/16500/PG_15_202209061/5/16600")
                == .created(RelationFile(tablespace: 16_500, database: 5, number: 16_600))
        )
        #expect(body("Storage", "TRUNCATE base/5/16384 to 0 blocks flags 7") == .other)
        #expect(body("Database", "CREATE_WAL_LOG create dir 1663/16399") == .createdDatabase(16_399))
        #expect(body("Database", "CREATE copy dir 1663/1 to 1663/16399") == .createdDatabase(16_399))
        #expect(body("Database", "CREATE_FILE_COPY copy dir 1663/1 to 1663/16399") == .createdDatabase(16_399))
        #expect(body("Database", "DROP dir 1663/16399") == .other)
    }

    @Test(arguments: [
        "INSERT", "INSERT off", "MULTI_INSERT many", "LOCK off 3: xid 7: flags 0x00 EXCL_LOCK ", "DANCE off: 7", "",
    ])
    func unknownFormsAreOther(_ text: String) { #expect(body("Heap ", text) == .other) }

    @Test(arguments: [
        "", "rmgr:", "rmgr: Heap", "first record is after 0/3000000, at 0/3000028, skipping over 40 bytes",
        "rmgr: Heap len (rec/tot): 59/ 59, tx: x, lsn: 0/1, prev 0/0, desc: INSERT",
        "rmgr: Heap len (rec/tot): 59/ 59, tx: 1, lsn: nowhere, prev 0/0, desc: INSERT",
    ])
    func otherLinesArentRecords(_ text: String) { #expect(WALRecord(line: text) == nil) }

    @Test func filesByPath() {
        #expect(RelationFile(path: "global/1262") == RelationFile(tablespace: 1664, database: 0, number: 1262))
        #expect(RelationFile(path: "base/5/t3_16400") == nil)
        #expect(RelationFile(path: "base/16400") == nil)
        #expect(RelationFile("1663/5/16384") == table)
        #expect(RelationFile("1663/5") == nil)
    }
}
