/// Where every acknowledged commit is, apart from the primary: on at least `count` of `members`.
public struct Guarantee: Sendable, Hashable {
    /// Node names.
    public var members: [String]
    /// 0 says nothing of the members; in asynchronous mode they are then the standbys that streamed.
    public var count: Int

    public init(members: [String], count: Int) {
        self.members = members
        self.count = max(0, min(count, members.count))
    }

    /// Only the primary has everything.
    public static let none = Guarantee(members: [], count: 0)

    public func contains(_ node: String) -> Bool { members.contains { sameName($0, node) } }

    /// How many members must be looked at so that one of them has any given commit; nil when no number will do.
    public var quorum: Int? { count > 0 ? members.count - count + 1 : nil }

    /// Whether a commit that keeps this guarantee also keeps the other one.
    public func implies(_ other: Guarantee) -> Bool {
        guard other.count > 0 else { return true }
        let outside = members.filter { !other.contains($0) }.count
        return count - outside >= other.count
    }

    /// What commits keep that keep the one or the other.
    public func or(_ other: Guarantee) -> Guarantee {
        let least = min(count, other.count)
        guard least > 0 else { return .none }
        return Guarantee(members: members + other.members.filter { !contains($0) }, count: least)
    }

    /// Whether both say the same; the order of the members doesn't count.
    public func isSame(as other: Guarantee) -> Bool {
        count == other.count && members.count == other.members.count && members.allSatisfy { other.contains($0) }
    }
}
