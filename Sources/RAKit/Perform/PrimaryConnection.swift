import RACore

extension ConnectionTarget {
    /// A replication connection to the address of the primary.
    init(toPrimaryOf parameters: Parameters) {
        self.init(
            host: parameters.masterIP ?? "",
            port: parameters.pgport,
            database: "replication",
            user: parameters.repuser,
            isReplication: true,
            options: parameters.primaryConninfoOpt ?? ""
        )
    }
}

extension Agent {
    /// As a standby's WAL receiver connects to the primary, passwords of `primary_conninfo_opt` included.
    var replicationTarget: ConnectionTarget { ConnectionTarget(toPrimaryOf: parameters) }

    /// Makes this node's slot on the primary again when it was given up: a copy that has just been made can't come up
    /// before it receives WAL, and its primary would make the slot only then.
    ///
    /// PostgreSQL documentation, "Streaming Replication Protocol", CREATE_REPLICATION_SLOT.
    func reserveOnPrimary(_ set: ReplicaSet, _ cluster: ClusterObservation) {
        guard let base = parameters.replicationSlotName, primaryElsewhere(set, cluster: cluster) != nil,
            case .dropped? = attributeValue(.slot, node: set.ownNode, in: cluster, resource: set.resource)
                .flatMap({ SlotNote($0) })
        else { return }
        let name = slotName(base: base, node: set.ownNode)
        let end = deadline.capped(milliseconds: 2000)
        do throws(ConnectionFailure) {
            let connection = try Connection.open(replicationTarget, as: account, by: end)
            do throws(QueryFailure) {
                _ = try connection.query("CREATE_REPLICATION_SLOT \"\(name)\" PHYSICAL RESERVE_WAL", by: end)
                log.notice("made replication slot \(name) on the primary again")
            } catch {
                // Usually it is there already.
                log.info("replication slot \(name): \(error.text)")
            }
        } catch {
            log.info("replication slot \(name): \(error.text)")
        }
    }
}
