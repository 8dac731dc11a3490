import RACore

/// What the last look at the slots saw: how fast WAL is written, how much room it has, and what was published.
struct SlotWatch {
    /// How seldom a standby looks, in nanoseconds.
    static let seldom: UInt64 = 10_000_000_000
    /// How far samples of the rate are apart at least, in nanoseconds.
    static let shortest: UInt64 = 1_000_000_000
    /// How long its file system must last for that, in seconds.
    static let ample: UInt64 = 120
    /// How seldom what is free is published anew, and the server's own limit is looked at, in nanoseconds.
    static let slow: UInt64 = 60_000_000_000

    /// Nanoseconds since the machine started.
    private(set) var moment: UInt64
    private(set) var lsn: LSN
    /// Bytes in a second: the smaller of the last two samples, as a burst is no pace.
    private(set) var rate: UInt64 = 0
    /// The last sample.
    private var latest: UInt64 = 0
    /// Bytes that were free.
    private(set) var free: UInt64?
    private var publishedAt: UInt64 = 0
    private var limitAt: UInt64 = 0
    /// The cluster manager's run that was told: another one has forgotten it.
    private var mark = ""
    private var published: PublishedWAL?

    /// Seconds until the look after next.
    ///
    /// - Parameter interval: the operation's, in milliseconds; a deeper check may have a long one beside the monitor.
    static func horizon(interval: String?, isStandby: Bool) -> UInt64 {
        let seconds = min(15, interval.flatMap { UInt64($0) }.map { $0 / 1000 } ?? 10)
        return 2 * (isStandby ? seconds + seldom / 1_000_000_000 : seconds)
    }

    init(moment: UInt64, lsn: LSN, free: UInt64?) {
        self.moment = moment
        self.lsn = lsn
        self.free = free
    }

    /// What was noted; nil without a note, and for one from before the machine started.
    init?(_ file: RunFile) {
        guard let note = file.read(), let moment = UInt64(note.first) else { return nil }
        let lines = note.body.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 8, let lsn = LSN(lines[0]), let rate = UInt64(lines[1]), let then = UInt64(lines[3]),
            let limitAt = UInt64(lines[5]), moment <= Moment.sinceBoot().nanoseconds
        else { return nil }
        self.init(moment: moment, lsn: lsn, free: UInt64(lines[2]))
        self.rate = rate
        latest = UInt64(lines[7]) ?? 0
        publishedAt = then
        mark = String(lines[4])
        self.limitAt = limitAt
        published = PublishedWAL(String(lines[6]))
    }

    func write(_ file: RunFile) {
        let body = [
            lsn.description, String(rate), free.map(String.init) ?? "-", String(publishedAt), mark, String(limitAt),
            published?.text ?? "", String(latest),
        ]
        file.write(first: String(moment), body: body.joined(separator: "\n") + "\n")
    }

    /// Whether a standby must look again: seldom, unless WAL comes so fast that there is soon no room.
    func isDue(at now: UInt64) -> Bool {
        let left = WALSpace(free: free, rate: rate).secondsLeft
        return left.map { $0 < SlotWatch.ample } ?? false || now - min(moment, now) >= SlotWatch.seldom
    }

    /// The next look: the rate since the last one, unless that was a moment ago.
    func next(_ lsn: LSN, free: UInt64?, at now: UInt64) -> SlotWatch {
        guard now - min(moment, now) >= SlotWatch.shortest else { return self }
        var next = self
        next.latest = UInt64(Double(lsn.distance(from: self.lsn)) / (Double(now - moment) / 1e9))
        next.rate = min(latest, next.latest)
        (next.moment, next.lsn, next.free) = (now, lsn, free)
        return next
    }

    /// Whether others must be told: at once of what is kept for them, now and then of the rest.
    func isWorthTelling(_ wal: PublishedWAL, mark: String) -> Bool {
        guard let published, self.mark == mark, published.kept == wal.kept else { return true }
        return moment - min(moment, publishedAt) >= SlotWatch.slow
    }

    /// Whether it is time to look at the server's own limit.
    var isLimitDue: Bool { limitAt == 0 || moment - min(moment, limitAt) >= SlotWatch.slow }

    mutating func noteLimit() { if isLimitDue { limitAt = moment } }

    mutating func noteTold(_ wal: PublishedWAL, mark: String) {
        (published, self.mark, publishedAt) = (wal, mark, moment)
    }
}
