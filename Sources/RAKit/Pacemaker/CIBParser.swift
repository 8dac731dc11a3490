public import RACore

/// Reads the cluster out of a CIB, as `cibadmin --query` prints it (Pacemaker 2.0 to 3.0).
///
/// - Parameter resource: the primitive's id, without the instance number that the operation history may add.
/// - Throws: what is wrong with the text; half a CIB is never read as a small cluster.
public func parseCIB(_ bytes: [UInt8], resource: String) throws(CIBError) -> ClusterObservation {
    var parser = CIBParser(scanner: XMLScanner(bytes), resource: resource)
    return try parser.parse()
}

/// Goes through a CIB once and collects.
private struct CIBParser {
    var scanner: XMLScanner
    let resource: [UInt8]
    private var nodes: [NodeRecord] = []
    private var options = ClusterOptions()
    private var fencing = FencingDevices()
    private var hasQuorum = false
    private var controllerID: String?
    private var adminEpoch = 0

    init(scanner: XMLScanner, resource: String) {
        self.scanner = scanner
        self.resource = Array(resource.utf8)
    }

    mutating func parse() throws(CIBError) -> ClusterObservation {
        let root: String
        do throws(XMLFault) {
            _ = try scanner.next()
            root = scanner.elementName
            if scanner.isNamed("cib") { try readRoot() }
        } catch {
            throw .malformed(error)
        }
        guard root == "cib" else { throw .unexpectedRoot(root) }
        return observation
    }

    private var observation: ClusterObservation {
        ClusterObservation(
            nodes: nodes.compactMap(\.node),
            hasQuorum: hasQuorum,
            designatedController: controllerID.flatMap { id in nodes.first { $0.id == id }?.name },
            properties: ClusterProperties(
                clusterName: options.clusterName,
                isFencingEnabled: options.isFencingEnabled,
                isMaintenanceMode: options.isMaintenanceMode,
                ignoresQuorum: options.ignoresQuorum,
                hasFencingDevice: fencing.isAny || options.hasWatchdogFencing
            ),
            adminEpoch: adminEpoch
        )
    }

    private mutating func readRoot() throws(XMLFault) {
        hasQuorum = scanner.attribute("have-quorum", is: "1") || scanner.attribute("have-quorum", is: "true")
        controllerID = try scanner.attribute("dc-uuid")
        adminEpoch = try scanner.attribute("admin_epoch").flatMap { Int($0) } ?? 0
        let root = scanner.depth
        while try scanner.nextChild(of: root) {
            if scanner.isNamed("configuration") {
                try readConfiguration()
            } else if scanner.isNamed("status") {
                let status = scanner.depth
                while try scanner.nextChild(of: status, named: "node_state") { try readNodeState() }
            }
        }
    }

    private mutating func readConfiguration() throws(XMLFault) {
        let configuration = scanner.depth
        while try scanner.nextChild(of: configuration) {
            let section = scanner.depth
            if scanner.isNamed("crm_config") {
                while try scanner.nextChild(of: section, named: "cluster_property_set") {
                    try options.read(&scanner)
                }
            } else if scanner.isNamed("nodes") {
                while try scanner.nextChild(of: section, named: "node") { try readNode() }
            } else if scanner.isNamed("resources") {
                try fencing.read(&scanner)
            }
        }
    }

    private mutating func readNode() throws(XMLFault) {
        let index = try indexOfNode()
        let element = scanner.depth
        let nodeID = nodes[index].id
        var (places, isPlain): ([AttributePlace], Bool) = ([], true)
        while try scanner.nextChild(of: element, named: "instance_attributes") {
            let setID = try scanner.attribute("id")
            let ids = try readPairs(&scanner, into: &nodes[index].permanent)
            if let setID, let ids {
                places.append(AttributePlace(nodeID: nodeID, setID: setID, pairIDs: ids))
            } else {
                isPlain = false
            }
        }
        // As Pacemaker's own tools name a set.
        let new = AttributePlace(nodeID: nodeID, setID: "nodes-" + nodeID)
        nodes[index].place = isPlain && places.count < 2 ? places.first ?? new : nil
    }

    private mutating func readNodeState() throws(XMLFault) {
        let index = try indexOfNode()
        nodes[index].membership = try Membership(scanner)
        let state = scanner.depth
        while try scanner.nextChild(of: state) {
            if scanner.isNamed("lrm") {
                try readHistory(index)
            } else if scanner.isNamed("transient_attributes") {
                let attributes = scanner.depth
                while try scanner.nextChild(of: attributes, named: "instance_attributes") {
                    try readPairs(&scanner, into: &nodes[index].transient)
                }
            }
        }
    }

    private mutating func readHistory(_ index: Int) throws(XMLFault) {
        let history = scanner.depth
        while try scanner.nextChild(of: history) {
            let list = scanner.depth
            while try scanner.nextChild(of: list, named: "lrm_resource") {
                guard isOurResource else { continue }
                let element = scanner.depth
                while try scanner.nextChild(of: element, named: "lrm_rsc_op") {
                    nodes[index].history.record(try RecordedOperation(scanner))
                }
            }
        }
    }

    /// Whether the element's id is the primitive's, with or without an instance number ("pgsql:0").
    private var isOurResource: Bool {
        scanner.attribute("id") { id in
            id.starts(with: resource)
                && (id.count == resource.count || id[id.startIndex + resource.count] == UInt8(ascii: ":"))
        }
    }

    /// The record of the element's node: one that has its id or, when there is none, a new one.
    private mutating func indexOfNode() throws(XMLFault) -> Int {
        let id = try scanner.attribute("id") ?? ""
        let name = try scanner.attribute("uname") ?? ""
        if let known = nodes.firstIndex(where: { $0.id == id }) {
            if !name.isEmpty { nodes[known].name = name }
            return known
        }
        nodes.append(NodeRecord(id: id, name: name))
        return nodes.count - 1
    }
}

/// What the parts of a CIB say of one node.
private struct NodeRecord {
    var id: String
    /// Empty until an element names it.
    var name: String
    var permanent: [String: String] = [:]
    var place: AttributePlace?
    var transient: [String: String] = [:]
    var membership = Membership()
    var history = OperationHistory()

    /// nil for a record that no element gives a name: nothing can be asked of such a node.
    var node: ClusterNode? {
        guard !name.isEmpty else { return nil }
        let isLeaving = (transient["shutdown"].flatMap { Int($0) } ?? 0) > 0
        return ClusterNode(
            name: name,
            isOnline: membership.isOnline,
            isRemote: membership.isRemote,
            isUnclean: membership.isLost && !isLeaving,
            isJoining: membership.isJoining && !isLeaving,
            isInStandbyMode: isTrue("standby"),
            isMaintenance: isTrue("maintenance"),
            permanentAttributes: permanent,
            place: place,
            transientAttributes: transient,
            resourceRole: history.role
        )
    }

    private func isTrue(_ attribute: String) -> Bool {
        (transient[attribute] ?? permanent[attribute]).flatMap(pacemakerBoolean) ?? false
    }
}
