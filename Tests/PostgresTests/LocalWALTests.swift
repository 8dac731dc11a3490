import RACore
import RAKit
import RATestSupport
import Testing

/// Where the WAL of a stopped instance ends.
@Suite(.enabled(if: PostgreSQL.isAvailable, Comment(rawValue: PostgreSQL.need)))
struct LocalWALTests {
    private func end(_ instance: TestInstance) throws -> (end: LocalWALEnd, last: WALPosition, milliseconds: Int) {
        let wal = LocalWAL(installation: try instance.installation())
        let deadline = Deadline.after(milliseconds: 20_000)
        guard case .known(let control) = ControlFile.read(wal.installation, by: deadline),
            case .known(let history) = wal.history(control)
        else { throw TestFailure("the control file of \(instance.node) can't be read") }
        let begin = Moment.now()
        switch wal.end(control, history.history, by: deadline) {
        case .unknown(let why): throw TestFailure(why)
        case .known(let end):
            let milliseconds = Moment.now().milliseconds(since: begin)
            return (end, wal.lastRecord(control, history.history, by: deadline), milliseconds)
        }
    }

    private func lsn(_ instance: TestInstance, _ function: String) throws -> LSN {
        guard let lsn = instance.value("SELECT \(function)").flatMap({ LSN($0) }) else {
            throw TestFailure("\(function) of \(instance.node) isn't known")
        }
        return lsn
    }

    @Test func endOfAKilledServer() throws {
        try withInstance { instance in
            try instance.append("bgwriter_delay = 10s\n")
            try instance.startByHand()
            try instance.query("INSERT INTO public.t SELECT generate_series(1, 1000)")
            let written = try lsn(instance, "pg_current_wal_insert_lsn()")
            try instance.killPostmaster()
            let found = try end(instance)
            #expect(found.end.end.lsn == written)
            #expect(found.end.record.lsn < written && found.last == found.end.record)
        }
    }

    /// pg_waldump would wait 5 s for the file that comes next.
    @Test func fullLastSegment() throws {
        try withInstance { instance in
            try instance.append("bgwriter_delay = 10s\nmin_wal_size = 2MB\n")
            try instance.startByHand()
            try instance.query("INSERT INTO public.t VALUES (1)")
            let position = WALPosition(timeline: try #require(TimelineID(1)), lsn: try lsn(instance, "pg_switch_wal()"))
            try instance.killPostmaster()
            let segment = WALSegment(holding: position, size: 1 << 20)
            for name in try listDirectory(instance.data + "/pg_wal") where name > segment.fileName && name.count == 24 {
                try removeFile(instance.data + "/pg_wal/" + name)
            }
            let found = try end(instance)
            #expect(found.end.end.lsn == segment.end)
            #expect(found.end.record.lsn < position.lsn)
            #expect(found.last == found.end.record)
            #expect(found.milliseconds < 4000)
        }
    }

    /// A record that goes on in a file that isn't there is none; the one before it counts.
    @Test func recordIntoAMissingSegment() throws {
        try withInstance { instance in
            try instance.append("bgwriter_delay = 10s\n")
            try instance.startByHand()
            try instance.query("INSERT INTO public.t SELECT generate_series(1, 40000)")
            let written = try lsn(instance, "pg_current_wal_insert_lsn()")
            try instance.killPostmaster()
            let timeline = try #require(TimelineID(1))
            let last = WALSegment(holding: WALPosition(timeline: timeline, lsn: written), size: 1 << 20)
            for name in try listDirectory(instance.data + "/pg_wal") where name >= last.fileName && name.count == 24 {
                try removeFile(instance.data + "/pg_wal/" + name)
            }
            let found = try end(instance)
            #expect(found.end.record.lsn < last.start && found.end.end.lsn <= last.start)
            #expect(last.start.distance(from: found.end.end.lsn) < 9000)
            #expect(found.milliseconds < 4000)
            let wal = LocalWAL(installation: try instance.installation())
            let control = try #require(ControlFile.read(wal.installation, by: .after(milliseconds: 5000)).value)
            let place = WALPosition(timeline: timeline, lsn: LSN(bytes: last.start.bytes - 8))
            let begin = Moment.now()
            #expect(wal.hasRecord(at: place, control, by: .after(milliseconds: 10_000)) == .known(false))
            #expect(Moment.now().milliseconds(since: begin) < 4000)
        }
    }

    /// A promoted instance that was killed, perhaps before its first checkpoint: the scan goes on into the new files.
    @Test func endOnANewTimeline() throws {
        try withInstance { instance in
            try instance.append("bgwriter_delay = 10s\n")
            try instance.write("", to: "standby.signal")
            try instance.startByHand()
            try instance.query("SELECT pg_promote()")
            try instance.query("INSERT INTO public.t SELECT generate_series(1, 100)")
            let written = try lsn(instance, "pg_current_wal_insert_lsn()")
            try instance.killPostmaster()
            let found = try end(instance)
            #expect(found.end.end == WALPosition(timeline: try #require(TimelineID(2)), lsn: written))
        }
    }

    @Test func endAfterACleanStop() throws {
        try withInstance { instance in
            try instance.startByHand()
            try instance.query("INSERT INTO public.t VALUES (1)")
            try PostgreSQL.asOwner(PostgreSQL.programs + "/pg_ctl", ["-D", instance.data, "-w", "stop"])
            let control = try #require(
                ControlFile.read(try instance.installation(), by: .after(milliseconds: 5000)).value
            )
            #expect(try end(instance).end.record == control.checkpoint)
        }
    }
}
