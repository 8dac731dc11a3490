internal import RACore

/// Why the last failed operation of a resource on a node failed, in the agent's own words; nil when none did.
func lastFailureReason(in bytes: [UInt8], resource: String, node: String) -> String? {
    var reader = FailureReader(scanner: XMLScanner(bytes), resource: resource, node: node)
    try? reader.read()
    return reader.reason
}

/// Goes through the operation histories of a CIB.
private struct FailureReader {
    var scanner: XMLScanner
    let resource: String
    let node: String
    private(set) var reason: String?
    private var call = -1

    init(scanner: XMLScanner, resource: String, node: String) {
        self.scanner = scanner
        self.resource = resource
        self.node = node
    }

    mutating func read() throws(XMLFault) {
        var isNode = false
        var isResource = false
        while let event = try scanner.next() {
            guard event == .start else { continue }
            if scanner.isNamed("node_state") {
                isNode = sameName(try scanner.attribute("uname") ?? "", node)
            } else if scanner.isNamed("lrm_resource") {
                let id = try scanner.attribute("id") ?? ""
                isResource = id == resource || id.hasPrefix(resource + ":")
            } else if isNode, isResource, scanner.isNamed("lrm_rsc_op") {
                try take()
            }
        }
    }

    private mutating func take() throws(XMLFault) {
        guard let text = try scanner.attribute("exit-reason"), !text.isEmpty,
            let number = try scanner.attribute("call-id").flatMap({ Int($0) }), number > call
        else { return }
        call = number
        reason = text
    }
}
