import RACore
import Testing

@Suite struct CompatibilityTests {
    private let primary = DataFormat(majorVersion: "15", segmentSize: 1 << 24, blockSize: 8192, hasChecksums: true)

    private func faults(
        programs: String = "15",
        method: RejoinMethod = .rewind,
        _ change: (inout DataFormat) -> Void
    ) -> [String] {
        var data = primary
        change(&data)
        return compareFormats(data: data, programs: programs, primary: primary, node: "n2", method: method)
    }

    @Test func whatIsTheSameGoesTogether() {
        for method in RejoinMethod.allCases { #expect(faults(method: method) { _ in }.isEmpty) }
    }

    @Test func bothValuesAreQuoted() {
        let changes: [(String, String, (inout DataFormat) -> Void)] = [
            ("\"14\"", "\"15\"", { $0.majorVersion = "14" }),
            ("\"1048576\"", "\"16777216\"", { $0.segmentSize = 1 << 20 }),
            ("\"32768\"", "\"8192\"", { $0.blockSize = 32_768 }), ("\"off\"", "\"on\"", { $0.hasChecksums = false }),
        ]
        for (mine, theirs, change) in changes {
            let found = faults(change)
            #expect(found.count == 1 && found[0].contains(mine) && found[0].contains(theirs), "\(found)")
            // A copy replaces the data.
            #expect(faults(method: .copy, change).isEmpty)
        }
        #expect(faults(method: .follow) { $0.hasChecksums = false }.isEmpty)
        #expect(faults(programs: "16", method: .copy) { _ in }.count == 1)
    }

    @Test func machinesAreCompared() {
        let own = MachineFormat(architecture: "x86_64", libraryVersion: "2.36")
        let (same, none) = compareMachines(own: own, primary: own, node: "n2")
        #expect(same.isEmpty && none.isEmpty)
        let other = MachineFormat(architecture: "aarch64", libraryVersion: "2.41")
        let (faults, notes) = compareMachines(own: own, primary: other, node: "n2")
        #expect(faults.count == 1 && faults[0].contains("\"aarch64\""))
        #expect(notes.count == 1 && notes[0].contains("\"2.36\"") && notes[0].contains("\"2.41\""))
        let unknown = MachineFormat(architecture: nil, libraryVersion: nil)
        let (noFaults, noNotes) = compareMachines(own: own, primary: unknown, node: "n2")
        #expect(noFaults.isEmpty && noNotes.isEmpty)
        #expect(
            architecture(inVersion: "PostgreSQL 15.18 (Debian 1) on x86_64-pc-linux-gnu, compiled by gcc") == "x86_64"
        )
    }

    @Test func aLimitSaysTheLineToChange() {
        let limit = StandbyLimit(name: "max_connections", own: 10, primary: 20, file: "/d/postgresql.conf")
        #expect(limit.isTooLow)
        #expect(
            limit.reason(node: "n2")
                == "max_connections is \"10\" here and \"20\" on n2: a standby with less doesn't start. "
                + "HINT: Set 'max_connections = 20' in /d/postgresql.conf."
        )
    }

    @Test func wordsOfPgRewindAreUnderstood() {
        var output = RewindOutput()
        for line in [
            "pg_rewind: connected to server", "pg_rewind: servers diverged at WAL location 0/238B2F0 on timeline 1",
            "pg_rewind: rewinding from last common checkpoint at 0/2000060 on timeline 1",
            "pg_rewind: need to copy 181 MB (total source directory size is 199 MB)",
        ] {
            let isProgress = output.take(line)
            #expect(!isProgress)
        }
        let isProgress = output.take(" 85520/185749 kB (46%) copied")
        #expect(isProgress)
        #expect(output.divergence?.description == "timeline 1 LSN 0/238B2F0")
        #expect(output.commonCheckpoint?.lsn == LSN("0/2000060"))
        #expect(output.needed == 181 << 20 && output.total == 199 << 20)
        #expect(output.copied == 85_520 << 10 && output.toCopy == 185_749 << 10)
        #expect(output.complaint.isEmpty && !output.isNeedless)
        output.take("pg_rewind: error: could not open file \"x\": No such file or directory")
        // As PostgreSQL 13 has it.
        output.take("pg_rewind: fatal: could not find previous WAL record at 0/1")
        #expect(
            output.complaint
                == "could not open file \"x\": No such file or directory; could not find previous WAL record at 0/1"
        )
        output.take("pg_rewind: no rewind required")
        #expect(output.isNeedless)
    }
}
