/// A value that was read, or the reason why it couldn't be: ignorance is never 0, false or "".
public enum Observed<Value> {
    case known(Value)
    /// - Parameter why: one clause that can stand in an exit reason.
    case unknown(why: String)

    /// The value, for places that treat ignorance as the cautious case.
    public var value: Value? {
        switch self {
        case .known(let value): value
        case .unknown: nil
        }
    }
}

extension Observed: Sendable where Value: Sendable {}
extension Observed: Equatable where Value: Equatable {}
extension Observed: Hashable where Value: Hashable {}
