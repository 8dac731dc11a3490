/// What is wrong with the configuration, found without a look at the machine.
public enum ParameterProblem: Sendable, Hashable {
    /// One parameter's text is wrong by itself.
    case value(parameter: String, text: String, fault: ValueFault)
    /// A node's name, or the slot's made of it, can't be used.
    case node(parameter: String, name: String, fault: NodeFault)
    /// Parameters, or a parameter and the kind of resource, don't go together.
    case combination(CombinationFault)
    /// Names in `node_list` that no node of the cluster has.
    case nodesNotInCluster(missing: [String], nodeList: [String], clusterNodes: [String])

    /// What the action answers: the configuration is wrong on every node, so no other node is worth a try.
    public var exitCode: OCFExitCode { .notConfigured }

    /// One sentence on what was seen, then "HINT:" and the next step. Holds no password.
    public var reason: String { "\(statement) HINT: \(nextStep)" }

    private var statement: String {
        switch self {
        case .value(let parameter, let text, let fault): fault.statement(parameter: parameter, text: text)
        case .node(let parameter, let name, let fault): fault.statement(parameter: parameter, name: name)
        case .combination(let fault): fault.statement
        case .nodesNotInCluster(let missing, let nodeList, let clusterNodes):
            "node_list \(quoted(nodeList)) names \(quoted(missing)), but the nodes of the cluster are "
                + "\(quoted(clusterNodes))."
        }
    }

    private var nextStep: String {
        switch self {
        case .value(let parameter, _, let fault): fault.nextStep(parameter: parameter)
        case .node(let parameter, _, let fault): fault.nextStep(parameter: parameter)
        case .combination(let fault): fault.nextStep
        case .nodesNotInCluster(_, let nodeList, let clusterNodes):
            setting("node_list", to: nodeListExample(nodeList, clusterNodes))
        }
    }

    /// The listed nodes that the cluster has, or all of the cluster's when there is no such.
    private func nodeListExample(_ nodeList: [String], _ clusterNodes: [String]) -> String {
        let known = clusterNodes.filter { node in nodeList.contains { sameName($0, node) } }
        return "\"\((known.count == nodeList.count ? known : clusterNodes).joined(separator: " "))\""
    }
}

/// A text from the configuration, in quotes, on one line, shortened and without passwords.
func quoted(_ text: String) -> String {
    let limit = 120
    let line = String(
        String.UnicodeScalarView(redactingPasswords(text).unicodeScalars.map { $0.value < 32 ? " " : $0 })
    )
    return line.count > limit ? "'\(line.prefix(limit))...'" : "'\(line)'"
}

func quoted(_ names: [String]) -> String { quoted(names.joined(separator: " ")) }

/// The command that sets a parameter. RESOURCE stands for the resource's name, which parameters don't know.
func setting(_ parameter: String, to value: String) -> String {
    "set it with 'crm resource param RESOURCE set \(parameter) \(value)'."
}
