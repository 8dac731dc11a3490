import RACore

/// One run of the agent: what it was asked, and everything that its actions share.
public struct Agent {
    let environment: OCFEnvironment
    let reading: ParameterReading
    let log: Log
    /// When this run began, since the machine started: nothing that it sees is older.
    let began = Moment.sinceBoot()
    /// When the action must have answered: the operation's timeout less what the answer itself needs.
    let deadline: Deadline
    let tools: ClusterTools
    let dataDirectory: String
    let account: Account?
    let observer: InstanceObserver

    var parameters: Parameters { reading.parameters }
    var mode: ReplicationMode { parameters.repMode }

    /// Prepares an action from Pacemaker's environment.
    ///
    /// Without a timeout (a call by hand) the default of Pacemaker's older releases holds, a minute.
    public init(environment: OCFEnvironment) {
        self.environment = environment
        reading = Parameters.read { environment.parameter($0) }
        let parameters = reading.parameters
        log = Log(resource: environment.resource)
        let timeout = environment.timeoutMilliseconds ?? 60_000
        deadline = Deadline.after(milliseconds: timeout - min(2000, timeout / 10))
        tools = ClusterTools(
            resource: environment.resource,
            callMilliseconds: max(1000, parameters.crmAttrTimeout * 1000)
        )
        dataDirectory = findDataDirectory(parameters)
        account = Account(name: parameters.pgdba)
        observer = InstanceObserver(parameters, dataDirectory: dataDirectory, account: account)
    }

    /// How long one look at the server may take: a hung one must leave time for the answer.
    var lookDeadline: Deadline {
        deadline.capped(milliseconds: max(200, min(10_000, deadline.remainingMilliseconds / 2)))
    }

    /// Whether the time allows for another look: one that the deadline cuts short would take a busy server for a hung one.
    var canLookAgain: Bool { deadline.remainingMilliseconds > 300 }

    func observeInstance() -> InstanceObservation { observer.observe(by: lookDeadline) }

    /// The instance, the cluster, and the positions that its nodes have published: all asked at the same time.
    func observeTogether() -> (InstanceObservation, Observed<ClusterObservation>, [NodePosition]) {
        let reading = tools.startReading()
        let asking = tools.startAskingPositions()
        let instance = observeInstance()
        let cluster = tools.cluster(from: reading.finish(by: deadline.capped(milliseconds: 20_000)))
        return (instance, cluster, tools.positions(from: asking.finish(by: lookDeadline)))
    }

    func state(of instance: InstanceObservation) -> InstanceState {
        assess(instance, hasStandbySignal: hasStandbySignal)
    }

    /// Whether the data directory is a standby's; PostgreSQL removes the file when it is promoted.
    var hasStandbySignal: Bool { FileFacts(dataDirectory + "/standby.signal") != nil }

    var ownFiles: OwnedFiles { OwnedFiles(directory: findTemporaryDirectory(parameters, account: account)) }

    /// This node's name, by which the cluster knows it.
    func ownNode() -> String {
        environment.nodeName ?? tools.localNodeName(by: deadline) ?? machineName()
    }

    /// The replicating nodes, in the cluster's spelling where that is known.
    func replicaSet(_ cluster: ClusterObservation?) -> ReplicaSet {
        let names = cluster?.nodes.map(\.name) ?? []
        return ReplicaSet(
            resource: environment.resource,
            ownNode: ownNode(),
            members: resolveNodeNames(nodeList: parameters.nodeList, clusterNodes: names),
            external: parameters.externalStandbyNodeList,
            mode: mode,
            policy: SynchronousPolicy(
                method: parameters.syncMethod,
                count: parameters.syncNum,
                isStrict: parameters.syncStrict
            )
        )
    }

    /// The answer of an action whose wait ended with its time.
    func outOfTime(_ reason: Reason, _ instance: InstanceObservation) -> Outcome {
        Outcome(.genericError, "\(reason.text) at the end of the operation's time: \(describe(instance))")
    }

    /// The first thing that is wrong with the parameters; the rest goes to the log.
    func parameterRefusal() -> Refusal? {
        let problems = reading.allProblems(
            isPromotable: environment.isPromotable,
            isNotified: environment.isNotified
        )
        for problem in problems.dropFirst() { log.error(problem.reason) }
        return problems.first.map { Refusal($0.exitCode, $0.reason) }
    }
}

/// What an action answers.
struct Outcome: Equatable {
    var code: OCFExitCode
    /// Goes to `ocf-exit-reason` when the code tells of a failure.
    var reason: String

    init(_ code: OCFExitCode, _ reason: String = "") {
        self.code = code
        self.reason = reason
    }

    init(_ refusal: Refusal) { self.init(refusal.exitCode, refusal.reason) }

    /// Whether the code is an answer and not a failure.
    var isAnswer: Bool {
        switch code {
        case .success, .notRunning, .runningPromoted: true
        case .genericError, .badArguments, .unimplemented, .insufficientPrivileges, .notInstalled, .notConfigured,
            .failedPromoted:
            false
        }
    }
}
