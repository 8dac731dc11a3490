public import RACore

extension ClusterTools {
    /// A private attribute: it is in no CIB, so that no transition is aborted by it.
    private var walName: String { resource + "-wal" }

    /// Tells the other nodes of this node's WAL.
    ///
    /// - Returns: nil, or what failed.
    func publish(_ wal: PublishedWAL, by deadline: Deadline) -> String? {
        let result = run(Command("attrd_updater", ["-p", "-n", walName, "-U", wal.text]), by: deadline)
        return result.isSuccess ? nil : "publishing this node's WAL: \(result.summary)"
    }

    /// What the nodes have told of their WAL; none where Pacemaker's daemon doesn't answer.
    public func publishedWAL(by deadline: Deadline) -> [(node: String, wal: PublishedWAL)] {
        valuesOfAll(walName, by: deadline).compactMap { node, value in PublishedWAL(value).map { (node, $0) } }
    }

    /// A private attribute's values on all nodes.
    func valuesOfAll(_ name: String, by deadline: Deadline) -> [(node: String, value: String)] {
        values(from: run(valuesCommand(name), by: deadline))
    }

    func valuesCommand(_ name: String) -> Command {
        // Pacemaker's words about where an action runs would make it one node's.
        let environment = ["OCF_RESKEY_CRM_meta_on_node": String?.none, "OCF_RESKEY_CRM_meta_physical_host": nil]
        return Command("attrd_updater", ["-n", name, "-Q", "-A"], environment: environment)
    }

    func values(from result: CommandResult) -> [(node: String, value: String)] {
        result.isSuccess ? parseNodeValues(String(decoding: result.output, as: UTF8.self)) : []
    }
}
