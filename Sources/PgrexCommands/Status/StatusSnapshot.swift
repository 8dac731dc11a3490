internal import RACore

/// What `status` shows: everything that was seen, and the judgement.
struct StatusSnapshot: Sendable, Equatable {
    let takenAt: String
    let status: ClusterStatus
    let verdict: HealthVerdict

    init(takenAt: String, status: ClusterStatus) {
        self.takenAt = takenAt
        self.status = status
        verdict = decideHealth(assessHealth(status))
    }

    var sentence: String { describeHealth(verdict, status) }
}

/// The words that people and programs read; the JSON form has them too, so they don't change.
enum StatusWord {
    static func text(_ level: HealthLevel) -> String {
        switch level {
        case .healthy: "healthy"
        case .degraded: "degraded"
        case .unprotected: "unprotected"
        case .down: "down"
        case .cannotTell: "cannot_tell"
        }
    }

    static func text(_ membership: NodeMembership) -> String {
        switch membership {
        case .online: "online"
        case .standby: "standby"
        case .maintenance: "maintenance"
        case .offline: "offline"
        case .lost: "lost"
        }
    }

    static func text(_ role: InstanceRole) -> String {
        switch role {
        case .primary: "primary"
        case .standby: "standby"
        case .stopped: "stopped"
        case .failed: "failed"
        }
    }

    static func text(_ activity: InstanceActivity) -> String {
        switch activity {
        case .running: "running"
        case .streaming: "streaming"
        case .catchingUp: "catchup"
        case .connecting: "connecting"
        case .disconnected: "no stream"
        case .starting: "starting"
        case .stopping: "stopping"
        case .stopped: "stopped"
        case .refusing: "refusing"
        case .hung: "hung"
        case .failed: "failed"
        }
    }

    static func text(_ fencing: FencingState) -> String {
        switch fencing {
        case .on: "on"
        case .off: "off"
        case .withoutDevice: "no_device"
        }
    }
}
