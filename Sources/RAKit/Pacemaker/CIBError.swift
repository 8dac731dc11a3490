/// Why a CIB can't be read, or doesn't hold what was looked for.
public enum CIBError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text isn't XML, or was cut off.
    case malformed(XMLFault)
    /// The text is XML of another kind.
    case unexpectedRoot(String)
    /// No primitive has this name.
    case noResource(named: String)
    /// No primitive is of our agent.
    case noResourceOfAgent
    /// Several primitives are of our agent: the caller has to name one.
    case severalResources([String])

    /// One clause that can stand in an exit reason, with a hint where there is one.
    public var description: String {
        switch self {
        case .malformed(let fault): fault.description
        case .unexpectedRoot(let name): "the root element is \"\(name)\" instead of \"cib\""
        case .noResource(let name): "the configuration has no primitive \"\(name)\""
        case .noResourceOfAgent: "the configuration has no primitive of ocf:heartbeat:pgsql-swift"
        case .severalResources(let names):
            "the configuration has several primitives of ocf:heartbeat:pgsql-swift: \(names.joined(separator: ", "))"
        }
    }
}
