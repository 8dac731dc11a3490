import RACore
import Testing

/// The durable record and the published position: what is written is read again, half of it never.
@Suite struct RecordTests {
    @Test func readsWhatItWrites() {
        for record in [
            Build.record(),
            Build.record("alpha", 1, of: ["beta", "a=b,c"], timeline: 3, lsn: 0x1_0000_0000, term: 7, serial: 12),
            Build.record("beta", timeline: 2, isPromoting: true),
        ] { #expect(ClusterRecord(record.text) == record, "\(record.text)") }
        var accepted = Build.record()
        accepted.isLossAccepted = true
        #expect(ClusterRecord(accepted.text) == accepted)
    }

    @Test(arguments: ["", "LATEST", "term=1", "term=1 serial=1 primary=alpha count=0 timeline=0 lsn=0/0"])
    func refuses(_ text: String) { #expect(ClusterRecord(text) == nil) }

    @Test func aRecordWithoutAWordIsNone() {
        let words = Build.record("alpha", 1, of: ["beta"], timeline: 2).text.split(separator: " ")
        for missing in ["term", "serial", "primary", "count", "timeline", "lsn"] {
            let text = words.filter { !$0.hasPrefix(missing + "=") }.joined(separator: " ")
            #expect(ClusterRecord(text) == nil, "\(missing)")
        }
        #expect(ClusterRecord(Build.record(timeline: 2).text.replacing("left=1@", with: "left=9@")) == nil)
    }

    @Test func thePositionReadsWhatItWrites() {
        var position = Build.published(3, 255)
        #expect(PublishedPosition(position.text) == position)
        position.replayedLSN = LSN(bytes: 250)
        position.isRunning = false
        position.seen = nil
        #expect(PublishedPosition(position.text) == position)
        #expect(PublishedPosition("") == nil)
    }

    @Test func aNewTermCountsBeforeTheNumber() {
        let stamps = [(1, 9), (2, 1), (2, 2)].map { RecordStamp(term: $0.0, serial: $0.1) }
        #expect(stamps.sorted() == stamps)
        #expect(RecordStamp("2.12") == RecordStamp(term: 2, serial: 12))
        for text in ["", "2", "2.", "a.1", "1.2.3"] { #expect(RecordStamp(text) == nil) }
    }
}

@Suite struct NewestRecordTests {
    private func cluster(_ records: [ClusterRecord?]) -> ClusterObservation {
        Build.cluster(
            zip(Build.nodes, records).map { name, record in
                var node = Build.node(name)
                node[.record] = record?.text
                return node
            }
        )
    }

    private func newest(_ records: [ClusterRecord?], copy: ClusterRecord? = nil) -> ClusterRecord? {
        newestRecord(in: cluster(records), resource: Build.resource, copy: copy)
    }

    @Test func theNewestOfAllCounts() {
        let (old, new) = (Build.record(term: 1, serial: 9), Build.record("beta", term: 2))
        #expect(newest([old, new, nil]) == new)
        #expect(newest([old, nil, nil], copy: new) == new)
        #expect(newest([new, nil, nil], copy: old) == new)
        #expect(newest([nil, nil, nil]) == nil)
    }

    /// Two that were cut off from each other believed both to be promoted.
    @Test func twoOfOneNumberAreBothNotBelieved() {
        let both = newest([Build.record("alpha", 1, of: ["gamma"], term: 2), Build.record("beta", term: 2), nil])
        #expect(both?.primary == "")
        #expect(both?.guarantee == Guarantee.none)
    }

    @Test func aClusterThatRanTheIncumbentGoesOn() {
        var cluster = cluster([nil, nil, nil])
        cluster.nodes[0][.dataStatus] = "LATEST"
        cluster.nodes[1][.dataStatus] = "STREAMING|SYNC"
        cluster.nodes[2][.dataStatus] = "DISCONNECT"
        let record = newestRecord(in: cluster, resource: Build.resource, copy: nil)
        #expect(record?.primary == "alpha")
        #expect(record?.guarantee == Guarantee(members: ["beta"], count: 1))
        #expect(record?.systemIdentifier == nil)
        let ballots = Build.nodes.dropFirst().map { Build.ballot($0, Build.published(4, 100, seen: record?.stamp)) }
        #expect(choosePrimary(ballots, record: record, mode: .sync) == .chosen("beta", because: .synchronous(["beta"])))
        let copy = Build.record()
        #expect(newestRecord(in: cluster, resource: Build.resource, copy: copy) == copy)
    }
}
