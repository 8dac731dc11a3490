internal import RACore

/// A truth value in the words that Pacemaker takes (`crm_str_to_boolean`); nil for anything else.
func pacemakerBoolean(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "true", "on", "yes", "y", "1": true
    case "false", "off", "no", "n", "0": false
    case _: nil
    }
}

/// Collects the name-value pairs of an attribute set; a name that is there already keeps its value.
///
/// A set with a rule holds at times only, which a reader can't tell: its pairs don't count.
/// - Returns: the pairs' ids by their names; nil for a set with a rule.
@discardableResult
func readPairs(
    _ scanner: inout XMLScanner,
    into values: inout [String: String]
) throws(XMLFault) -> [String: String]? {
    let set = scanner.depth
    var pairs: [(String, String)] = []
    var ids: [String: String] = [:]
    var hasRule = false
    while try scanner.nextChild(of: set) {
        if scanner.isNamed("rule") { hasRule = true }
        guard scanner.isNamed("nvpair"), let name = try scanner.attribute("name") else { continue }
        pairs.append((name, try scanner.attribute("value") ?? ""))
        ids[name] = try scanner.attribute("id")
    }
    guard !hasRule else { return nil }
    values.merge(pairs) { present, _ in present }
    return ids
}

/// The cluster options that an observation holds.
struct ClusterOptions {
    private var values: [String: String] = [:]

    var clusterName: String? { values["cluster-name"].flatMap { $0.isEmpty ? nil : $0 } }

    /// On unless switched off; Pacemaker 3.0.3 gave the option a second name, which goes first.
    var isFencingEnabled: Bool {
        (values["fencing-enabled"] ?? values["stonith-enabled"]).flatMap(pacemakerBoolean) ?? true
    }

    var isMaintenanceMode: Bool { values["maintenance-mode"].flatMap(pacemakerBoolean) ?? false }

    var ignoresQuorum: Bool { values["no-quorum-policy"]?.lowercased() == "ignore" }

    /// Fencing by a watchdog and nothing else: sbd runs, and the cluster waits for it.
    var hasWatchdogFencing: Bool {
        let timeout = values["fencing-watchdog-timeout"] ?? values["stonith-watchdog-timeout"] ?? "0"
        return values["have-watchdog"].flatMap(pacemakerBoolean) ?? false && timeout.first != "0"
    }

    /// Reads a set of cluster options; Pacemaker's own set goes before all others.
    mutating func read(_ scanner: inout XMLScanner) throws(XMLFault) {
        let isOwnSet = scanner.attribute("id", is: "cib-bootstrap-options")
        var set: [String: String] = [:]
        try readPairs(&scanner, into: &set)
        values.merge(set) { present, new in isOwnSet ? new : present }
    }
}

/// Whether any primitive is a fencing device, directly or through its template.
struct FencingDevices {
    private var isDirect = false
    private var templates: [String] = []
    private var references: [String] = []

    var isAny: Bool { isDirect || references.contains { templates.contains($0) } }

    /// Reads the section `resources`, at whose start the scanner stands.
    mutating func read(_ scanner: inout XMLScanner) throws(XMLFault) {
        let section = scanner.depth
        while let event = try scanner.next(), scanner.depth >= section {
            guard event == .start else { continue }
            let isFencing = scanner.attribute("class", is: "stonith")
            if scanner.isNamed("primitive") {
                if isFencing { isDirect = true }
                if let template = try scanner.attribute("template") { references.append(template) }
            } else if scanner.isNamed("template"), isFencing, let id = try scanner.attribute("id") {
                templates.append(id)
            }
        }
    }
}

/// What a `node_state` says of a node's membership.
///
/// Releases before 2.1.6 write `in_ccm` as true or false and `crmd` as online or offline; later ones write both as the
/// epoch seconds since when it has been so, and 0 for not.
struct Membership {
    private var isMember = false
    private var isPeer = false
    private var hasJoined = false
    private var isExpected = false
    private(set) var isRemote = false

    /// A node that no `node_state` describes: never seen.
    init() {}

    init(_ scanner: XMLScanner) throws(XMLFault) {
        isMember = isSince(try scanner.attribute("in_ccm"), word: "true")
        isPeer = isSince(try scanner.attribute("crmd"), word: "online")
        hasJoined = scanner.attribute("join", is: "member")
        isExpected = scanner.attribute("expected", is: "member")
        isRemote = scanner.attribute("remote_node", is: "true")
    }

    /// A remote node has no controller of its own.
    var isOnline: Bool { isRemote ? isMember : isMember && isPeer && hasJoined }

    /// Here again, or about to join, although it never stopped being expected.
    var isJoining: Bool { !isRemote && isExpected && isMember && isPeer && !hasJoined }

    /// Gone while it was expected to stay. Fencing, once confirmed, ends the expectation.
    var isLost: Bool { isExpected && !(isMember && isPeer) }
}

private func isSince(_ value: String?, word: String) -> Bool {
    guard let value else { return false }
    return value == word || (Int64(value) ?? 0) > 0
}

/// An operation of the resource's history, and the role that it tells of.
struct RecordedOperation {
    let callID: Int
    /// When the result last changed, in epoch seconds; 0 when it isn't recorded.
    let changed: Int
    let role: RecordedRole
    /// A stop whose result isn't known yet.
    var isStopUnderWay: Bool { callID == .max && role == .unpromoted && isStop }
    private let isStop: Bool

    /// nil for an operation that tells nothing: cancelled, a monitor that isn't finished, or of a kind without a role.
    init?(_ scanner: XMLScanner) throws(XMLFault) {
        isStop = scanner.attribute("operation", is: "stop")
        // An action under way has taken the place of the one before it, and is newer than any result.
        if let before = RecordedOperation.roleBefore(scanner) {
            callID = .max
            changed = 0
            role = before
            return
        }
        // -1 is pending, 1 cancelled; a pending operation has no result yet.
        guard !scanner.attribute("op-status", is: "-1"), !scanner.attribute("op-status", is: "1"),
            let call = try scanner.attribute("call-id").flatMap({ Int($0) }), call >= 0,
            let code = try scanner.attribute("rc-code").flatMap({ Int($0) }),
            let role = RecordedOperation.role(scanner, code)
        else { return nil }
        callID = call
        changed = try scanner.attribute("last-rc-change").flatMap { Int($0) } ?? 0
        self.role = role
    }

    /// The role that an action under way starts from; nil for a finished one and for monitors.
    private static func roleBefore(_ scanner: XMLScanner) -> RecordedRole? {
        guard scanner.attribute("op-status", is: "-1") else { return nil }
        if scanner.attribute("operation", is: "start") { return .stopped }
        if scanner.attribute("operation", is: "demote") { return .promoted }
        return scanner.attribute("operation", is: "promote") || scanner.attribute("operation", is: "stop")
            ? .unpromoted : nil
    }

    private static func role(_ scanner: XMLScanner, _ code: Int) -> RecordedRole? {
        // 193 stands for a result that isn't known yet.
        guard code != 193 else { return nil }
        if scanner.attribute("operation", is: "monitor") {
            switch code {
            case 0, 190: return .unpromoted
            case 8, 191: return .promoted
            case 7: return .stopped
            case _: return .failed
            }
        }
        let success: RecordedRole? =
            scanner.attribute("operation", is: "promote")
            ? .promoted
            : scanner.attribute("operation", is: "start") || scanner.attribute("operation", is: "demote")
                ? .unpromoted
                : scanner.attribute("operation", is: "stop") ? .stopped : nil
        return code == 0 ? success : success.map { _ in .failed }
    }
}

/// The newest of a resource's operations on a node.
struct OperationHistory {
    private var newest: RecordedOperation?
    /// The newest that is finished, as far as the history still has one.
    private var finished: RecordedOperation?

    /// What is being stopped after a failure, of its demotion perhaps, may be anything still.
    var role: RecordedRole {
        guard let newest else { return .unknown }
        return newest.isStopUnderWay && finished?.role == .failed ? .failed : newest.role
    }

    /// A recurring monitor keeps its call number: of two results with one number the later change counts.
    mutating func record(_ operation: RecordedOperation?) {
        guard let operation else { return }
        if isNewer(operation, than: newest) { newest = operation }
        if operation.callID != .max, isNewer(operation, than: finished) { finished = operation }
    }

    private func isNewer(_ operation: RecordedOperation, than other: RecordedOperation?) -> Bool {
        guard let other else { return true }
        return (operation.callID, operation.changed) >= (other.callID, other.changed)
    }
}
