internal import ArgumentParser
internal import RAKit

/// The JSON form of a refusal.
func refusalJSON(_ text: String) -> JSONValue { .object([.init("refused", .string(text))]) }

/// Says why nothing is done; what a command then throws.
func refuse(_ text: String, json: Bool) -> ExitCode {
    if json { printOutput(refusalJSON(text).text(isIndented: true) + "\n") }
    printError("pgrex-tool: \(text)\n")
    return ExitCode(2)
}

/// A time as a person says it, in its two largest units: "45s", "2h 5min", "3d".
func durationText(_ seconds: UInt64) -> String {
    // Nobody waits for so long.
    guard seconds < 365 * 86_400 else { return "> 1y" }
    let units: [(name: String, seconds: UInt64)] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)]
    var rest = seconds
    var words: [String] = []
    for unit in units where words.count < 2 {
        guard rest >= unit.seconds else {
            if words.isEmpty { continue }
            break
        }
        words.append("\(rest / unit.seconds)\(unit.name)")
        rest %= unit.seconds
    }
    return words.isEmpty ? "0s" : words.joined(separator: " ")
}
