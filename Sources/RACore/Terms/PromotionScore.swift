/// A node's preference for the promoted role, the node attribute `master-<resource>`.
public enum PromotionScore: Sendable, Hashable {
    /// Never promote: "-INFINITY".
    case never
    case score(Int)

    /// The score of a running primary, as the incumbent sets it.
    public static let primary = PromotionScore.score(1000)
    /// The score of a standby that may be promoted at once, as the incumbent sets it.
    public static let candidate = PromotionScore.score(100)

    /// Parses an attribute value; Pacemaker writes infinity with and without a sign.
    public init?(_ text: String) {
        switch text {
        case "-INFINITY", "-1000000": self = .never
        case "INFINITY", "+INFINITY": self = .score(1_000_000)
        case _:
            guard let number = Int(text) else { return nil }
            self = number <= -1_000_000 ? .never : .score(number)
        }
    }

    /// The value that the attribute holds.
    public var text: String {
        switch self {
        case .never: "-INFINITY"
        case .score(let number): String(number)
        }
    }

    /// Whether Pacemaker would promote a node with this score.
    public var isPromotable: Bool {
        switch self {
        case .never: false
        case .score(let number): number > 0
        }
    }
}
