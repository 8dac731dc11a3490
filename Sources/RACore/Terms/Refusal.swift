/// Why an action can't be carried out: an exit code and one sentence that quotes what was seen.
public struct Refusal: Error, Sendable, Hashable {
    public let exitCode: OCFExitCode
    /// Lower case, no full stop; `HINT:` and a full sentence may follow.
    public let reason: String

    public init(_ exitCode: OCFExitCode, _ reason: String) {
        self.exitCode = exitCode
        self.reason = reason
    }
}
