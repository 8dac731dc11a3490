/// What a start may do by itself to bring a failed node back (parameter `auto_rejoin`).
public enum AutoRejoin: String, Sendable, Hashable, CaseIterable {
    /// Nothing: data that were a primary's wait for an operator.
    case off
    case follow
    case rewind
    case copy

    /// The methods that it allows.
    public var methods: Set<RejoinMethod> {
        switch self {
        case .off: []
        case .follow: [.follow, .archive]
        case .rewind: [.follow, .archive, .rewind]
        case .copy: Set(RejoinMethod.allCases)
        }
    }

    /// Whether a start may have the work done that lasts longer than itself.
    public var worksInBackground: Bool {
        switch self {
        case .off, .follow: false
        case .rewind, .copy: true
        }
    }

    static let words = AutoRejoin.allCases.map(\.rawValue).joined(separator: ", ")
}

extension ParameterTable {
    /// How a failed node comes back.
    static let rejoin: [ParameterDefinition] = [
        .word(
            "auto_rejoin",
            default: AutoRejoin.follow,
            isReloadable: true,
            orElse: .unknownRejoinPolicy,
            ParameterText(
                "What a start does by itself with a failed node: off, follow, rewind or copy",
                """
                off: an instance that was the primary is started again by 'pgrex-tool rejoin' only, even if nothing \
                was lost.

                follow: it is started when its data are proven to be part of the new primary's history.

                rewind: data that have diverged are taken back by pg_rewind, after the WAL that this gives up was saved \
                ('pgrex-tool ledger').

                copy: where that isn't possible, or nothing is there, a base backup is made beside, verified, and swapped \
                in; the former data stay until it streams.

                What takes longer than a start goes on after it, in the background: the start fails and says so, \
                'pgrex-tool status' shows how far it is, and the instance is started at the end. After three failures \
                it waits for an operator.
                """
            )
        ) { $0.autoRejoin = $1 }
    ]
}
