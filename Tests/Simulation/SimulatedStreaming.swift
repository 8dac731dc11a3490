import RACore

/// WAL, connections and clients.
extension SimulatedCluster {
    mutating func commit() {
        for index in nodes.indices where serves(index) {
            nodes[index].server.log.append(newEntry(isCommit: !random.oneIn(8)))
        }
    }

    func reaches(_ from: Int, _ to: Int) -> Bool {
        nodes[from].isPowered && nodes[to].isPowered && !isCut[from][to]
    }

    /// The row of a standby's connection; nil when the connection is dead.
    private func row(_ standby: Int) -> (primary: Int, row: Int)? {
        guard let upstream = nodes[standby].server.upstream, nodes[upstream.node].isPowered,
            let row = nodes[upstream.node].server.senders.firstIndex(where: {
                $0.node == standby && $0.processID == upstream.processID
            })
        else { return nil }
        return (upstream.node, row)
    }

    /// A standby receives some WAL, and tells how far it is.
    mutating func replicate(_ standby: Int, all: Bool = false) {
        guard nodes[standby].server.role == .standby, !nodes[standby].server.isHung, nodes[standby].isPowered,
            let (primary, row) = row(standby), !nodes[primary].server.isHung
        else { return }
        let there = nodes[primary].server.log
        if reaches(primary, standby) {
            let have = nodes[standby].server.log.count
            let count = all || random.oneIn(3) ? there.count - have : random.below(min(4, there.count - have) + 1)
            nodes[standby].server.log.receive(from: there, upTo: have + max(0, count))
        }
        guard reaches(standby, primary), all || !random.oneIn(3) else { return }
        let flushed = nodes[standby].server.log.count
        nodes[primary].server.senders[row].flushed = flushed
        if flushed >= there.count { nodes[primary].server.senders[row].isStreaming = true }
    }

    /// Dead connections are found out, and standbys connect to where the primary is.
    mutating func connect(_ index: Int) {
        guard nodes[index].isPowered else { return }
        endDeadRows(index)
        guard nodes[index].server.role == .standby, !nodes[index].server.isHung else { return }
        if let upstream = nodes[index].server.upstream, row(index) == nil {
            // The other side answers that it knows nothing of it; else the receiver waits for its timeout.
            let isRefused = reaches(index, upstream.node) && reaches(upstream.node, index)
            if isRefused || random.oneIn(12) { nodes[index].server.upstream = nil }
        } else if let upstream = nodes[index].server.upstream, !reaches(upstream.node, index), random.oneIn(12) {
            nodes[index].server.upstream = nil
        }
        guard nodes[index].server.upstream == nil else { return }
        guard nodes[index].server.unread == 0 else {
            if random.oneIn(6) { nodes[index].server.unread -= 1 }
            return
        }
        let primaries = indices { _ in true }.filter { serves($0) && reaches(index, $0) && reaches($0, index) }
        guard let primary = random.pick(primaries), nodes[index].server.log.mayFollow(nodes[primary].server.log) else {
            return
        }
        attach(index, to: primary)
    }

    private mutating func attach(_ index: Int, to primary: Int) {
        guard nodes[index].server.log.isBeginning(of: nodes[primary].server.log) else {
            return violate { "S4: \(name(index)) streams from \(name(primary)), and has other records" }
        }
        let processID = Int32(truncatingIfNeeded: random.below(30_000)) + 1000
        nodes[index].server.upstream = (primary, processID)
        nodes[primary].server.senders.append(
            SimulatedServer.Sender(node: index, processID: processID, flushed: nodes[index].server.log.count)
        )
        nodes[index].server.log.receive(from: nodes[primary].server.log, upTo: 0)
        log { "\(name(index)): streams from \(name(primary))" }
    }

    /// A sender whose standby is gone ends at once if it can be told so, else at its timeout.
    private mutating func endDeadRows(_ primary: Int) {
        guard nodes[primary].server.role == .primary else { return }
        for row in nodes[primary].server.senders.indices.reversed() {
            let sender = nodes[primary].server.senders[row]
            let upstream = nodes[sender.node].server.upstream
            let isAlive = upstream.map { $0.node == primary && $0.processID == sender.processID } ?? false
            let isTold = reaches(sender.node, primary) && reaches(primary, sender.node)
            guard !(isAlive && isTold), isTold || random.oneIn(12) else { continue }
            nodes[primary].server.senders.remove(at: row)
        }
    }

    /// Tells clients of every commit that needn't wait any more.
    mutating func answer(_ index: Int) {
        guard serves(index) else { return }
        let end = nodes[index].server.released()
        guard end > nodes[index].server.answered else { return }
        for place in nodes[index].server.answered..<end {
            let entry = nodes[index].server.log.entries[place]
            if SimulatedCluster.isCommit(entry) { acknowledge(entry, place, by: index) }
        }
        nodes[index].server.answered = end
    }
}
