internal import Glibc

/// Writes a text to standard output.
public func printOutput(_ text: String) { emit(text, to: 1) }

/// Writes a text to standard error.
public func printError(_ text: String) { emit(text, to: 2) }

private func emit(_ text: String, to descriptor: Int32) {
    try? writeAll(descriptor, Array(text.utf8), path: "descriptor \(descriptor)")
}

/// Ends the process at once: nothing of ours waits in a buffer, and what libraries would tidy up goes with it.
public func exit(withCode code: Int32) -> Never { _exit(code) }
