public import RACore

/// Asks the local instance everything once.
public struct InstanceObserver: Sendable {
    public var dataDirectory: String
    /// As whom the operating system sees us while we connect; nil when that user doesn't exist.
    public var account: Account?
    /// Host, user, database and password; the port and the socket directory come from postmaster.pid.
    public var target: ConnectionTarget
    /// Overrides the socket directory of postmaster.pid.
    public var hostOverride: String?
    /// How long a postmaster that is halted may take to go on, in milliseconds.
    var resumptionMilliseconds = 1000

    public init(dataDirectory: String, account: Account?, target: ConnectionTarget, hostOverride: String?) {
        self.dataDirectory = dataDirectory
        self.account = account
        self.target = target
        self.hostOverride = hostOverride
    }

    /// Asks as a resource's parameters say.
    public init(_ parameters: Parameters, dataDirectory: String, account: Account?) {
        self.init(
            dataDirectory: dataDirectory,
            account: account,
            target: ConnectionTarget(
                host: "",
                port: parameters.pgport,
                database: parameters.pgdb,
                user: parameters.monitoringUser,
                password: parameters.monitorPassword
            ),
            hostOverride: parameters.pghost
        )
    }

    /// Looks at the process, then asks the server.
    public func observe(by deadline: Deadline) -> InstanceObservation {
        let postmaster = observePostmaster(dataDirectory: dataDirectory)
        switch postmaster {
        case .absent, .unknown: return InstanceObservation(postmaster: postmaster, server: .notAsked)
        case .halted: return awaitResumption(by: deadline)
        case .running(let file):
            let answer = ask(file, by: deadline)
            guard isDisappointing(answer) else { return InstanceObservation(postmaster: postmaster, server: answer) }
            // It may have died while we asked, or not have named its socket before: what counts is what is there now.
            let now = observePostmaster(dataDirectory: dataDirectory)
            switch now {
            case .absent, .unknown: return InstanceObservation(postmaster: now, server: .notAsked)
            case .running(let later) where later != file && !deadline.isPast: return observe(by: deadline)
            case .running, .halted: return InstanceObservation(postmaster: now, server: answer)
            }
        }
    }

    /// A postmaster that is halted can't answer; one that a debugger looks at goes on in a moment.
    private func awaitResumption(by deadline: Deadline) -> InstanceObservation {
        var last = PostmasterObservation.absent(leftover: nil)
        let end = deadline.capped(milliseconds: resumptionMilliseconds)
        let isDecided = wait(until: end) { () -> Bool? in
            last = observePostmaster(dataDirectory: dataDirectory)
            guard case .halted = last else { return true }
            return nil
        }
        guard isDecided == true else {
            return InstanceObservation(postmaster: last, server: .silent(why: "the postmaster is halted"))
        }
        return observe(by: deadline)
    }

    private func isDisappointing(_ answer: ServerObservation) -> Bool {
        switch answer {
        case .answering, .full: false
        // A server that is told to end says so in the middle of an answer.
        case .notAsked, .rejecting, .refusing, .silent, .unreachable: true
        }
    }

    private func ask(_ file: PostmasterFile, by deadline: Deadline) -> ServerObservation {
        switch connectReserved(file, by: deadline) {
        case .failure(let failure): return observation(of: failure)
        case .success(let connection):
            do throws(QueryFailure) {
                return .answering(corrected(try Queries.instance(connection, by: deadline)))
            } catch {
                switch error {
                case .failed: return .refusing(message: error.text)
                case .lost(let why): return .unreachable(why: why)
                case .silent(let why): return .silent(why: why)
                }
            }
        }
    }

    /// Connects; when all ordinary connections are taken, as the database user itself, for whom some are reserved.
    private func connectReserved(
        _ file: PostmasterFile,
        by deadline: Deadline
    ) -> Result<Connection, ConnectionFailure> {
        let first = connect(file, by: deadline)
        guard case .failure(.refused(.tooManyConnections, _)) = first else { return first }
        return connectAsOwner(file, by: deadline) ?? first
    }

    /// Connects as the database user itself over the socket; nil where that doesn't differ, or isn't possible.
    private func connectAsOwner(_ file: PostmasterFile, by deadline: Deadline) -> Result<Connection, ConnectionFailure>?
    {
        guard let account, target.user != account.name, file.socketDirectory != nil else { return nil }
        var owner = self
        owner.target.user = account.name
        owner.target.password = nil
        owner.hostOverride = nil
        let result = owner.connect(file, by: deadline)
        guard case .success = result else { return nil }
        return result
    }

    /// Connects for what a monitoring user may not do, as to make a slot: as the database user where possible.
    public func connectToChange(
        _ file: PostmasterFile,
        by deadline: Deadline
    ) -> Result<Connection, ConnectionFailure> {
        connectAsOwner(file, by: deadline) ?? connect(file, by: deadline)
    }

    /// A standby names its timeline by SQL only after a restart point or new WAL on it; its WAL files have it at once.
    private func corrected(_ facts: ServerFacts) -> ServerFacts {
        var facts = facts
        if facts.isInRecovery, let newest = newestTimeline(dataDirectory: dataDirectory), newest > facts.timeline {
            facts.timeline = newest
        }
        facts.history = localHistory(of: facts.timeline, dataDirectory: dataDirectory)
        return facts
    }

    /// Connects to the instance that postmaster.pid describes.
    public func connect(
        _ file: PostmasterFile,
        by deadline: Deadline
    ) -> Result<Connection, ConnectionFailure> {
        var target = target
        target.port = file.port > 0 ? file.port : target.port
        target.host = hostOverride ?? file.socketDirectory ?? localAddress(file.listenAddress)
        // It names the addresses first, then the socket, then its state: TCP would be asked where the socket is meant.
        guard file.socketDirectory != nil || file.status != .unspecified else {
            return .failure(.unreachable(why: "postmaster.pid doesn't say yet where the server listens"))
        }
        do throws(ConnectionFailure) {
            let connection = try Connection.open(target, as: account, by: deadline)
            // Another instance may have the address and port, also while this one finds that out and ends.
            guard isServerProcess(connection.serverProcessID, dataDirectory: dataDirectory) else {
                return .failure(
                    .unreachable(why: "\(target.summary) is another server's, not that of \(dataDirectory)")
                )
            }
            return .success(connection)
        } catch {
            return .failure(error)
        }
    }

    private func localAddress(_ listenAddress: String?) -> String {
        switch listenAddress {
        case nil, "*", "0.0.0.0", "::": "localhost"
        case let address?: address
        }
    }

    private func observation(of failure: ConnectionFailure) -> ServerObservation {
        switch failure {
        case .unreachable(let why): .unreachable(why: why)
        case .silent(let why): .silent(why: why)
        case .refused(.cannotConnectNow, let message): .rejecting(message: message)
        case .refused(.tooManyConnections, let message): .full(message: message)
        case .refused: .refusing(message: failure.text)
        }
    }
}
