import RACore

extension Agent {
    /// Logs a warning when it differs from the last one of its kind: what a monitor finds again and again is said once.
    ///
    /// - Parameter text: nil when there is nothing to say any more.
    func remark(_ kind: String, _ text: String?) {
        let file = RunFile("remark-" + kind, resource: environment.resource)
        guard let text else { return file.remove() }
        guard file.read().map({ $0.first != text[...] }) ?? true else { return }
        log.warning(text)
        file.write(first: text, body: "")
    }
}
