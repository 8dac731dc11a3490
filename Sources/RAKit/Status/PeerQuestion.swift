import RACore

/// The question to another node's instance, over the network.
struct PeerQuestion: Sendable {
    let node: String
    /// Where the node's standby connects from; tried after the name.
    let address: String?
    let parameters: Parameters
    let account: Account?
    /// Whether the node is known to let only replication connections in.
    let isClosed: Bool

    /// An ordinary session tells everything; where none is let in, a replication connection tells the position.
    ///
    /// Only a refusal is worth the second try: a node that is silent would be silent again.
    func ask(by deadline: Deadline) -> NodeAnswer {
        guard !isClosed else { return askReplication(by: deadline) }
        do throws(ConnectionFailure) {
            return askServer(try Connection.open(target(isReplication: false), as: nil, by: deadline), by: deadline)
        } catch {
            switch error {
            case .refused(.cannotConnectNow, let message): return .notServing(.starting, why: "\(node): \(message)")
            case .refused(.tooManyConnections, let message): return .notServing(.refusing, why: "\(node): \(message)")
            case .refused: return askReplication(by: deadline)
            case .unreachable(let why):
                // libpq itself says so when a password is asked for and none is there: the server is not out of reach.
                guard why.contains("password") else { return .silent(why: named(why)) }
                return askReplication(by: deadline)
            case .silent(let why): return .silent(why: named(why))
            }
        }
    }

    private func askServer(_ connection: Connection, by deadline: Deadline) -> NodeAnswer {
        do throws(QueryFailure) {
            let facts = try Queries.instance(connection, by: deadline)
            do throws(QueryFailure) {
                return .server(facts, .known(try Queries.extras(connection, by: deadline)))
            } catch {
                return .server(facts, .unknown(why: "\(node): \(error.text)"))
            }
        } catch {
            return none(error.text)
        }
    }

    private func askReplication(by deadline: Deadline) -> NodeAnswer {
        do throws(ConnectionFailure) {
            let connection = try Connection.open(target(isReplication: true), as: nil, by: deadline)
            do throws(QueryFailure) {
                let (isInRecovery, position) = try Queries.replicationFacts(connection, by: deadline)
                return .replication(isInRecovery: isInRecovery, position: position)
            } catch {
                return none(error.text)
            }
        } catch {
            return none(error.text)
        }
    }

    /// What libpq says may quote the connection string.
    private func named(_ why: String) -> String {
        let text = redactingPasswords(why)
        return text.hasPrefix(node) ? text : "\(node): \(text)"
    }

    private func none(_ why: String) -> NodeAnswer { .none(why: named(why)) }

    /// As a standby connects to the primary, but to this node; an own monitoring user goes first where it can.
    func target(isReplication: Bool) -> ConnectionTarget {
        let monitor = isReplication ? nil : parameters.monitorUser
        var options = parameters.primaryConninfoOpt ?? ""
        if !options.contains("passfile"), let account { options += " passfile='\(account.home)/.pgpass'" }
        return ConnectionTarget(
            host: [node, address].compactMap { $0 }.joined(separator: ","),
            port: parameters.pgport,
            database: isReplication ? "replication" : parameters.pgdb,
            user: monitor ?? parameters.repuser,
            password: monitor.flatMap { _ in parameters.monitorPassword },
            isReplication: isReplication,
            options: options,
            statementTimeoutMilliseconds: 2000
        )
    }
}
