import RACore

extension Agent {
    /// Logs what differs from the last remark of its kind: what a monitor finds again and again is said once.
    ///
    /// - Parameter text: nil when there is nothing to say any more.
    func remark(_ kind: String, _ text: String?, _ severity: Log.Severity = .warning) {
        let file = RunFile("remark-" + kind, resource: environment.resource)
        guard let text else { return file.remove() }
        guard file.read().map({ $0.first != text[...] }) ?? true else { return }
        log.write(severity, text)
        file.write(first: text, body: "")
    }
}
