internal import RACore

/// Asks everybody who may need WAL from where on.
struct ArchiveCensus {
    let parameters: Parameters
    let installation: Installation
    /// This node.
    let node: String
    var claims: [ArchiveClaim] = []
    var unseen: [ArchiveCleaningRefusal.Unseen] = []

    init(parameters: Parameters, installation: Installation, node: String) {
        self.parameters = parameters
        self.installation = installation
        self.node = node
    }

    /// Every node's instance, its slots and the backups that run there; of this node also what its files tell.
    mutating func ask(_ observation: StatusObservation, _ control: ControlFile, without: [String]) {
        claims.append(ArchiveClaim(who: "node \(node)", timeline: control.redo.timeline, lsn: control.redo.lsn))
        // A backup in the exclusive mode, which PostgreSQL 14 was the last to have, or a copy that was never started.
        declare(label: installation.dataDirectory + "/backup_label", of: "backup on \(node)", isWanted: false)
        for member in observation.members where !without.contains(where: { sameName($0, member) }) {
            let isOwn = sameName(member, node)
            guard let answer = observation.answers[member] else {
                miss(member, "the cluster says that it is away")
                continue
            }
            switch answer {
            case .server(_, .known(let extras)):
                count(member, extras.slots)
                askMore(member, observation, isOwn: isOwn)
            case .server(_, .unknown(let why)), .notServing(_, let why), .silent(let why), .none(let why):
                miss(member, why)
            case .replication:
                miss(member, "it lets only replication connections in, which don't tell where recovery begins")
            case .notRunning: if !isOwn { miss(member, "no server runs there") }
            }
        }
    }

    private mutating func miss(_ member: String, _ why: String) {
        unseen.append(.init(who: "node \(member)", why: why, node: member))
    }

    private mutating func count(_ member: String, _ slots: SlotObservation) {
        claims.append(ArchiveClaim(who: "node \(member)", timeline: nil, lsn: slots.redo))
        for slot in slots.slots {
            guard let start = slot.restartLSN else { continue }
            claims.append(ArchiveClaim(who: "slot \(slot.name) on \(member)", timeline: nil, lsn: start))
        }
    }

    /// Slots that a backup has for its own time, and backups under way.
    private mutating func askMore(_ member: String, _ observation: StatusObservation, isOwn: Bool) {
        switch askBackups(member, observation, isOwn: isOwn) {
        case .unknown(let why): miss(member, why)
        case .known(let (slots, backups)):
            for slot in slots {
                guard let start = slot.restartLSN else { continue }
                claims.append(ArchiveClaim(who: "slot \(slot.name) on \(member)", timeline: nil, lsn: start))
            }
            guard backups > 0 else { return }
            let why = "where its WAL begins isn't told before it ends"
            unseen.append(.init(who: "a base backup that is being made on \(member)", why: why))
        }
    }

    private func askBackups(
        _ member: String,
        _ observation: StatusObservation,
        isOwn: Bool
    ) -> Observed<(slots: [ReplicationSlot], backups: Int)> {
        let deadline = Deadline.after(milliseconds: 10_000)
        let local = LocalQuestion(parameters: parameters)
        guard isOwn else {
            let peer = PeerQuestion(
                node: member,
                address: local.address(of: member, in: observation),
                parameters: parameters,
                account: local.account,
                isClosed: false
            )
            let ask = { peer.askBackups(by: deadline) }
            return local.account.map { $0.impersonate(ask) } ?? ask()
        }
        let observer = InstanceObserver(
            parameters,
            dataDirectory: installation.dataDirectory,
            account: local.account
        )
        guard case .running(let file) = observePostmaster(dataDirectory: installation.dataDirectory) else {
            return .unknown(why: "its server has just gone")
        }
        switch observer.connect(file, by: deadline) {
        case .failure(let failure): return .unknown(why: failure.text)
        case .success(let connection): return Queries.backups(connection, by: deadline)
        }
    }

    /// A base backup that has to stay usable: by its label or, packed as it is, by the manifest beside it.
    mutating func declare(backup path: String) {
        let who = "backup \(path)"
        if FileFacts(path + "/backup_label") != nil {
            declare(label: path + "/backup_label", of: who, isWanted: true)
        } else if let start = manifestStart(path + "/backup_manifest") {
            claims.append(ArchiveClaim(who: who, timeline: start.timeline, lsn: start.lsn))
        } else {
            unseen.append(.init(who: who, why: "it has neither a backup_label nor a backup_manifest that can be read"))
        }
    }

    private mutating func declare(label path: String, of who: String, isWanted: Bool) {
        guard isWanted || FileFacts(path) != nil else { return }
        guard let start = (try? readText(path)).flatMap({ backupStart(label: $0) }) else {
            unseen.append(.init(who: who, why: "\"\(path)\" doesn't tell where its WAL begins"))
            return
        }
        claims.append(ArchiveClaim(who: who, timeline: start.timeline, lsn: start.lsn))
    }

    /// The ranges stand at the manifest's end, however many files it lists.
    private func manifestStart(_ path: String) -> (timeline: TimelineID?, lsn: LSN)? {
        guard let facts = FileFacts(path), facts.isRegular else { return nil }
        return (try? readTail(path, from: max(0, facts.size - 16_384))).flatMap { backupStart(manifest: $0) }
    }
}

extension PeerQuestion {
    func askBackups(by deadline: Deadline) -> Observed<(slots: [ReplicationSlot], backups: Int)> {
        do throws(ConnectionFailure) {
            let connection = try Connection.open(target(isReplication: false), as: nil, by: deadline)
            return Queries.backups(connection, by: deadline)
        } catch {
            return .unknown(why: redactingPasswords(error.text))
        }
    }
}

extension Queries {
    /// The slots of sessions, as backups have them, and how many base backups are being made.
    static func backups(
        _ connection: Connection,
        by deadline: Deadline
    ) -> Observed<(slots: [ReplicationSlot], backups: Int)> {
        // The progress view came with PostgreSQL 13; who may not see states sees its rows.
        let running =
            connection.serverVersion >= 130_000
            ? "SELECT count(*) FROM pg_stat_progress_basebackup"
            : "SELECT count(*) FROM pg_stat_replication WHERE coalesce(state, 'backup') = 'backup'"
        do throws(QueryFailure) {
            let slots = try slotRows(connection, temporary: true, by: deadline)
            let row = try connection.query(running, by: deadline).first?.rows.first?.first ?? nil
            guard let count = row.flatMap({ Int($0) }) else {
                return .unknown(why: "the server's answer on backups can't be read")
            }
            return .known((slots, count))
        } catch {
            return .unknown(why: error.text)
        }
    }
}
