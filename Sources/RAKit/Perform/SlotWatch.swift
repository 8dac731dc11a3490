import RACore

/// What the last look at the slots saw: how fast WAL is written, and what was published.
struct SlotWatch {
    /// How seldom a standby looks, in nanoseconds.
    static let seldom: UInt64 = 10_000_000_000
    /// How seldom what is free is published anew, in nanoseconds.
    static let slow: UInt64 = 60_000_000_000

    var moment: UInt64
    var lsn: LSN
    var rate: UInt64
    var publishedAt: UInt64
    /// The cluster manager's run that was told: another one has forgotten it.
    var mark: String
    var published: PublishedWAL?

    init(moment: UInt64, lsn: LSN) {
        self.init(moment: moment, lsn: lsn, rate: 0, publishedAt: 0, mark: "", published: nil)
    }

    private init(moment: UInt64, lsn: LSN, rate: UInt64, publishedAt: UInt64, mark: String, published: PublishedWAL?) {
        self.moment = moment
        self.lsn = lsn
        self.rate = rate
        self.publishedAt = publishedAt
        self.mark = mark
        self.published = published
    }

    init?(_ file: RunFile) {
        guard let note = file.read(), let moment = UInt64(note.first) else { return nil }
        let lines = note.body.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 5, let lsn = LSN(lines[0]), let rate = UInt64(lines[1]), let then = UInt64(lines[2]),
            moment <= Moment.sinceBoot().nanoseconds
        else { return nil }
        self.init(
            moment: moment,
            lsn: lsn,
            rate: rate,
            publishedAt: then,
            mark: String(lines[3]),
            published: PublishedWAL(String(lines[4]))
        )
    }

    func write(_ file: RunFile) {
        let body = [lsn.description, String(rate), String(publishedAt), mark, published?.text ?? ""]
        file.write(first: String(moment), body: body.joined(separator: "\n") + "\n")
    }

    /// The next look: the rate since the last one, unless that was a moment ago.
    func next(_ lsn: LSN, at now: UInt64) -> SlotWatch {
        guard now - moment >= 500_000_000 else { return self }
        var next = self
        next.rate = UInt64(Double(lsn.distance(from: self.lsn)) / (Double(now - moment) / 1e9))
        (next.moment, next.lsn) = (now, lsn)
        return next
    }

    /// Whether others must be told: at once of what is kept for them, now and then of the rest.
    func isWorthTelling(_ wal: PublishedWAL, mark: String) -> Bool {
        guard let published, self.mark == mark, published.kept == wal.kept else { return true }
        return published != wal && moment - min(moment, publishedAt) >= SlotWatch.slow
    }
}
