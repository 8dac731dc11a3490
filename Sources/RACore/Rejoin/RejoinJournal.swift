/// How far a rejoin is: written before each phase, so that the next run knows what the last one left.
public struct RejoinJournal: Sendable, Hashable {
    /// What is being done; what it leaves when it is killed is told by the step's own files.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Nothing was changed yet.
        case preparing
        /// WAL that would be lost is saved.
        case saving
        case fetching
        case rewinding
        case copying
        case swapping
        /// The data are a standby's; the cluster is to start it.
        case starting
        /// It follows; what is no longer needed goes.
        case closing
    }

    public var node: String
    public var primary: String
    public var method: RejoinMethod
    public var phase: Phase
    /// UTC.
    public var started: String
    /// What was found of the data, in one line.
    public var finding: String
    /// Whether nobody watches.
    public var isUnattended: Bool

    public init(
        node: String,
        primary: String,
        method: RejoinMethod,
        phase: Phase,
        started: String,
        finding: String,
        isUnattended: Bool
    ) {
        self.node = node
        self.primary = primary
        self.method = method
        self.phase = phase
        self.started = started
        self.finding = finding
        self.isUnattended = isUnattended
    }

    /// The file's text: a line a fact.
    public var text: String {
        """
        # Written by pgrex-tool while it brings this node back; 'pgrex-tool rejoin' goes on from here.
        node: \(node)
        primary: \(primary)
        method: \(method.rawValue)
        phase: \(phase.rawValue)
        started: \(started)
        unattended: \(isUnattended ? "yes" : "no")
        finding: \(finding.split(whereSeparator: \.isNewline).joined(separator: " "))

        """
    }

    /// nil for another text.
    public init?(text: String) {
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
        guard let node = values["node"], let primary = values["primary"],
            let method = values["method"].flatMap({ RejoinMethod(rawValue: String($0)) }),
            let phase = values["phase"].flatMap({ Phase(rawValue: String($0)) })
        else { return nil }
        self.init(
            node: String(node),
            primary: String(primary),
            method: method,
            phase: phase,
            started: String(values["started"] ?? ""),
            finding: String(values["finding"] ?? ""),
            isUnattended: values["unattended"] == "yes"
        )
    }
}
