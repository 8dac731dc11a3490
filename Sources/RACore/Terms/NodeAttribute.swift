/// A node attribute of the resource; names and values are the incumbent's, so that existing rules keep working.
public enum NodeAttribute: Sendable, Hashable, CaseIterable {
    /// `master-<resource>`: the promotion score.
    case score
    /// `<resource>-status`: what the instance is to an operator.
    case status
    /// `<resource>-data-status`: for people and tools, what the record says of the node.
    case dataStatus
    /// `<resource>-xlog-loc`: the LSN during an election, sixteen digits.
    case xlogLocation
    /// `<resource>-master-baseline`: the LSN at promotion, or at the loss of the primary.
    case masterBaseline
    /// `<resource>-receiver-status`: whether the WAL receiver works.
    case receiverStatus
    /// `<resource>-record`: who was the last primary, and on whom every acknowledged commit is (`ClusterRecord`).
    case record
    /// `<resource>-accepted-loss`: that and when an operator had this node promoted although commits might be lost.
    case acceptedLoss
    /// `<resource>-slot`: what is to be told of the slot that the primary has for this node (`SlotNote`).
    case slot
    /// `<resource>-rejoin-request`: another node's operator asks this node to bring its data back.
    case rejoinRequest
    /// `<resource>-stopped`: that `pgrex-tool stop` stopped this node or the whole resource (`StopNote`).
    case stopped

    /// Whether the value outlives the node's cluster services ("forever") or goes with them ("reboot").
    public var isPermanent: Bool {
        switch self {
        case .dataStatus, .record, .acceptedLoss, .slot, .stopped: true
        case .score, .status, .xlogLocation, .masterBaseline, .receiverStatus, .rejoinRequest: false
        }
    }

    public func name(resource: String) -> String {
        switch self {
        case .score: "master-" + resource
        case .status: resource + "-status"
        case .dataStatus: resource + "-data-status"
        case .xlogLocation: resource + "-xlog-loc"
        case .masterBaseline: resource + "-master-baseline"
        case .receiverStatus: resource + "-receiver-status"
        case .record: resource + "-record"
        case .acceptedLoss: resource + "-accepted-loss"
        case .slot: resource + "-slot"
        case .rejoinRequest: resource + "-rejoin-request"
        case .stopped: resource + "-stopped"
        }
    }
}

/// The values of `<resource>-status`.
public enum StatusValue: String, Sendable, Hashable, CaseIterable {
    case stop = "STOP"
    case alone = "HS:alone"
    case asynchronous = "HS:async"
    case potential = "HS:potential"
    case synchronous = "HS:sync"
    case connected = "HS:connected"
    case primary = "PRI"
    case unknown = "UNKNOWN"
}

/// A value of `<resource>-data-status`.
public enum DataStatus: Sendable, Hashable {
    /// Nothing is recorded.
    case none
    /// This node was the last primary.
    case latest
    /// Commits didn't wait for this node, and it may lack some.
    case disconnected
    /// Every acknowledged commit waited for this node.
    case synchronous
    /// Streams, but commits don't wait for it.
    case asynchronous
    /// Connected in another state: "CATCHUP|ASYNC", "STREAMING|POTENTIAL".
    case other(String)

    public init(_ text: String?) {
        switch text {
        case nil, "": self = .none
        case "LATEST": self = .latest
        case "DISCONNECT": self = .disconnected
        case "STREAMING|SYNC", "STREAMING|QUORUM": self = .synchronous
        case "STREAMING|ASYNC": self = .asynchronous
        case let text?: self = .other(text)
        }
    }

    public var text: String {
        switch self {
        case .none: ""
        case .latest: "LATEST"
        case .disconnected: "DISCONNECT"
        case .synchronous: "STREAMING|SYNC"
        case .asynchronous: "STREAMING|ASYNC"
        case .other(let text): text
        }
    }
}
