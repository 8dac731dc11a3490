public import RACore

/// What Pacemaker passes to an action through the environment.
public struct OCFEnvironment: Sendable {
    private let value: @Sendable (String) -> String?

    public init(_ value: @escaping @Sendable (String) -> String?) { self.value = value }

    /// This process's environment.
    public static let current = OCFEnvironment { environmentValue($0) }

    /// A parameter of the resource, or nil when it isn't set.
    public func parameter(_ name: String) -> String? { value("OCF_RESKEY_" + name) }

    /// A meta attribute of the resource or of the operation.
    public func meta(_ name: String) -> String? { parameter("CRM_meta_" + name) }

    /// The resource's name, without the instance number that globally unique clones carry.
    public var resource: String {
        let instance = value("OCF_RESOURCE_INSTANCE") ?? "pgsql"
        return instance.split(separator: ":").first.map(String.init) ?? instance
    }

    /// OCF_CHECK_LEVEL: 0 unless set.
    public var checkLevel: Int { Int(value("OCF_CHECK_LEVEL") ?? parameter("OCF_CHECK_LEVEL") ?? "") ?? 0 }

    /// The operation's timeout in milliseconds; nil when the caller set none.
    public var timeoutMilliseconds: Int? { meta("timeout").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } }

    /// Whether Pacemaker repeats the action by itself; probes and calls by hand have no interval.
    public var isRecurring: Bool { (meta("interval").flatMap { Int($0) } ?? 0) > 0 }

    /// Whether Pacemaker may promote this resource; `master_max` is what releases before 2.0 set.
    public var isPromotable: Bool {
        let isTrue = meta("promotable").map { ["true", "1", "yes", "on"].contains($0.lowercased()) } ?? false
        return isTrue || (meta("master_max").flatMap { Int($0) } ?? 0) > 0
    }

    /// Whether the instances of the clone are told of each other's actions; a call by hand counts as one that is.
    public var isNotified: Bool {
        guard nodeName != nil, let text = meta("notify") else { return true }
        return ["true", "1", "yes", "on"].contains(text.lowercased())
    }

    /// The node on which the action runs, as Pacemaker says; nil when it doesn't.
    public var nodeName: String? { meta("on_node").flatMap { $0.isEmpty ? nil : $0 } }

    /// The notification, when the action is one that the agent knows.
    ///
    /// Lists have the incumbent names (`notify_master_uname`) on every release, the new ones not on all.
    public var notification: Notification? {
        guard let type = meta("notify_type").flatMap({ NotificationType(rawValue: $0) }),
            let operation = meta("notify_operation").flatMap({ NotificationOperation(rawValue: $0) })
        else { return nil }
        return Notification(
            type: type,
            operation: operation,
            affected: names("notify_\(operation.rawValue)_uname"),
            unpromoted: names("notify_slave_uname"),
            toPromote: names("notify_promote_uname"),
            promoted: names("notify_master_uname")
        )
    }

    /// Whether the instance here is to be stopped in the transition that this action belongs to; Pacemaker says so where
    /// instances are told of each other's actions.
    public var isToBeStopped: Bool {
        nodeName.map { own in names("notify_stop_uname").contains { sameName($0, own) } } ?? false
    }

    /// Empty lists are a single blank.
    private func names(_ meta: String) -> [String] {
        (self.meta(meta) ?? "").split(separator: " ").map(String.init)
    }
}
