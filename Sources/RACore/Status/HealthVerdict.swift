/// How well the service and its data are off, in the order of `status`'s exit codes.
public enum HealthLevel: Int, Sendable, Hashable, CaseIterable {
    case healthy = 0
    /// Something is missing, but a standby would take over without loss.
    case degraded = 1
    /// It serves, but wouldn't outlive the primary's node by itself.
    case unprotected = 2
    case down = 3
    case cannotTell = 4
}

/// Why the level is what it is.
public enum HealthReason: Sendable, Hashable, CaseIterable {
    case allInPlace, singleInstance, followsOutside
    case standbyMissing
    case noStandby, fencingOff, noFencingDevice, maintenance, noQuorum, severalPrimaries
    case noPrimary
    case noPrimaryInPartition, primaryUnknown, standbysUnknown, clusterUnknown
}

/// A level and its reason.
public struct HealthVerdict: Sendable, Hashable {
    public var level: HealthLevel
    public var reason: HealthReason

    public init(_ level: HealthLevel, _ reason: HealthReason) {
        self.level = level
        self.reason = reason
    }
}

/// Judges a status: the table behind the verdict line and the exit code.
public func decideHealth(_ facts: HealthFacts) -> HealthVerdict {
    switch (facts.primary, facts.standbys, facts.takeover) {
    case (.several, _, _): HealthVerdict(.unprotected, .severalPrimaries)
    case (.unknown, _, _): HealthVerdict(.cannotTell, .primaryUnknown)
    // Another partition may have quorum, and a primary.
    case (.none, _, .noQuorum): HealthVerdict(.cannotTell, .noPrimaryInPartition)
    case (.none, _, .automatic), (.none, _, .fencingOff), (.none, _, .noFencingDevice), (.none, _, .maintenance),
        (.none, _, .unknown):
        HealthVerdict(.down, .noPrimary)
    case (.outside, _, _): HealthVerdict(.healthy, .followsOutside)
    case (.one, .notConfigured, _): HealthVerdict(.healthy, .singleInstance)
    case (.one, .none, .automatic), (.one, .none, .unknown): HealthVerdict(.unprotected, .noStandby)
    case (.one, .all, .noQuorum), (.one, .some, .noQuorum), (.one, .none, .noQuorum), (.one, .unknown, .noQuorum):
        HealthVerdict(.unprotected, .noQuorum)
    case (.one, .all, .maintenance), (.one, .some, .maintenance), (.one, .none, .maintenance),
        (.one, .unknown, .maintenance):
        HealthVerdict(.unprotected, .maintenance)
    // Promotion of a standby is safe only once the lost primary is known to be off.
    case (.one, .all, .fencingOff), (.one, .some, .fencingOff), (.one, .none, .fencingOff),
        (.one, .unknown, .fencingOff):
        HealthVerdict(.unprotected, .fencingOff)
    case (.one, .all, .noFencingDevice), (.one, .some, .noFencingDevice), (.one, .none, .noFencingDevice),
        (.one, .unknown, .noFencingDevice):
        HealthVerdict(.unprotected, .noFencingDevice)
    case (.one, .unknown, .automatic): HealthVerdict(.cannotTell, .standbysUnknown)
    case (.one, .all, .unknown), (.one, .some, .unknown), (.one, .unknown, .unknown):
        HealthVerdict(.cannotTell, .clusterUnknown)
    case (.one, .some, .automatic): HealthVerdict(.degraded, .standbyMissing)
    case (.one, .all, .automatic): HealthVerdict(.healthy, .allInPlace)
    }
}
