internal import RAKit

/// A committed file that is printed from the code.
public enum Snapshot {
    /// Whether files are recorded instead of compared.
    public static let isRecording = environmentValue("RECORD_SNAPSHOTS") == "1"

    /// Compares a committed file with its text, or records it when RECORD_SNAPSHOTS is 1.
    ///
    /// - Parameter path: from the package's root.
    /// - Returns: nil when they are equal, else what to do; a recording counts as a failure, so that it can't pass unnoticed.
    public static func problem(_ path: String, _ rendered: String) -> String? {
        let file = AgentBinary.root + "/" + path
        if isRecording {
            do throws(SystemError) {
                try replaceFile(file, with: Array(rendered.utf8), mode: 0o644)
            } catch {
                return "\(path) can't be recorded: \(error.description)"
            }
            return "\(path) was recorded; look at the difference, then run without RECORD_SNAPSHOTS"
        }
        let committed = try? readText(file, limit: 1 << 20)
        return committed == rendered
            ? nil : "\(path) isn't what the code says: run with RECORD_SNAPSHOTS=1 to record it"
    }
}
