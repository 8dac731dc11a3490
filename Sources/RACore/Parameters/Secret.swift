/// A text that never appears in a log, a reason or a dump: only `reveal()` gives it.
public struct Secret: Sendable, Hashable {
    private let text: String

    public init(_ text: String) { self.text = text }

    /// The text itself, for the one place that needs it: the connection to PostgreSQL.
    public func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Eight stars, whatever the text's length.
    public var description: String { redacted }
    public var debugDescription: String { redacted }
    /// Has no children, so that `dump` and a reflecting printer see nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What stands in the place of a secret.
let redacted = "********"
