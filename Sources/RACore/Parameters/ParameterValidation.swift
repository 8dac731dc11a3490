/// Finds what doesn't go together, from the parameters alone: level 0 of `validate-all`.
///
/// - Parameters:
///   - isPromotable: whether the resource is a promotable clone.
///   - isNotified: whether the clone's instances are told of each other's actions.
/// - Returns: all problems, in a fixed order.
public func validateParameters(
    _ parameters: Parameters,
    isPromotable: Bool,
    isNotified: Bool = true
) -> [ParameterProblem] {
    modeProblems(parameters, isPromotable: isPromotable) + synchronousProblems(parameters, isNotified: isNotified)
        + valueProblems(parameters) + nodeNameProblems(parameters) + slotProblems(parameters)
}

private func synchronousProblems(_ parameters: Parameters, isNotified: Bool) -> [ParameterProblem] {
    guard parameters.repMode == .sync else { return [] }
    var faults: [CombinationFault] = []
    let standbys = parameters.nodeList.count - 1
    if standbys > 0, parameters.syncNum > standbys {
        faults.append(.tooFewStandbys(wanted: parameters.syncNum, standbys: standbys))
    }
    if parameters.syncMethod == .any {
        if !isNotified { faults.append(.quorumWithoutNotify) }
        if parameters.restartOnPromote { faults.append(.quorumWithRestart) }
    }
    return faults.map { .combination($0) }
}

private func modeProblems(_ parameters: Parameters, isPromotable: Bool) -> [ParameterProblem] {
    let mode = parameters.repMode
    var faults: [CombinationFault] = []
    if parameters.monitorPassword != nil, parameters.monitorUser == nil { faults.append(.monitorPasswordWithoutUser) }
    switch mode {
    case .none: break
    case .slave:
        if parameters.masterIP == nil { faults.append(.masterIPMissing(mode)) }
        if isPromotable { faults.append(.promotableSlave) }
    case .async, .sync:
        if parameters.masterIP == nil { faults.append(.masterIPMissing(mode)) }
        if !isPromotable { faults.append(.notPromotable(mode)) }
        if parameters.nodeList.isEmpty { faults.append(.nodeListMissing(mode)) }
    }
    if mode != .sync, !parameters.externalStandbyNodeList.isEmpty { faults.append(.externalStandbysWithoutSync(mode)) }
    return faults.map { .combination($0) }
}

private func valueProblems(_ parameters: Parameters) -> [ParameterProblem] {
    var problems: [ParameterProblem] = []
    for (name, path) in [("pgdata", parameters.pgdata), ("tmpdir", parameters.tmpdir)] {
        guard let path, !path.hasPrefix("/") else { continue }
        problems.append(.value(parameter: name, text: path, fault: .relativePath))
    }
    if let address = parameters.masterIP, !address.utf8.allSatisfy(isAddressByte) {
        problems.append(.value(parameter: "master_ip", text: address, fault: .malformedAddress))
    }
    if let options = parameters.primaryConninfoOpt, let fault = conninfoFault(options, parameters.repMode) {
        problems.append(.value(parameter: "primary_conninfo_opt", text: options, fault: fault))
    }
    if let base = parameters.replicationSlotName, !base.utf8.allSatisfy(isSlotNameByte) {
        problems.append(.value(parameter: "replication_slot_name", text: base, fault: .malformedSlotName))
    }
    return problems
}

private func isAddressByte(_ byte: UInt8) -> Bool {
    !isBlank(byte) && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

private func conninfoFault(_ options: String, _ mode: ReplicationMode) -> ValueFault? {
    switch parseConninfo(options) {
    case .malformed(let why): .malformedConninfo(why: why)
    case .settings(let settings):
        mode.isReplicated && settings.contains { $0.keyword == "application_name" } ? .replacesApplicationName : nil
    }
}

private func nodeNameProblems(_ parameters: Parameters) -> [ParameterProblem] {
    let external = parameters.externalStandbyNodeList
    let shared: [ParameterProblem] = external.compactMap { name in
        guard let node = parameters.nodeList.first(where: { sameName($0, name) }) else { return nil }
        return .node(parameter: "external_standby_node_list", name: name, fault: .isClusterNode(node))
    }
    return listProblems("node_list", parameters.nodeList) + listProblems("external_standby_node_list", external)
        + shared
}

private func listProblems(_ parameter: String, _ names: [String]) -> [ParameterProblem] {
    var problems: [ParameterProblem] = []
    for (index, name) in names.enumerated() {
        if let other = names[..<index].first(where: { sameName($0, name) }) {
            problems.append(.node(parameter: parameter, name: name, fault: .duplicate(of: other)))
        } else if !name.utf8.allSatisfy(isNodeNameByte) {
            problems.append(.node(parameter: parameter, name: name, fault: .unusableCharacter))
        } else if name.utf8.count > longestPostgreSQLName {
            problems.append(.node(parameter: parameter, name: name, fault: .nameTooLong))
        }
    }
    return problems
}

/// Printable ASCII, which PostgreSQL leaves as it is in `application_name`; without quotes, and without the asterisk,
/// which in `synchronous_standby_names` is every standby even inside quotes.
private func isNodeNameByte(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "*") && isAddressByte(byte)
}

private func slotProblems(_ parameters: Parameters) -> [ParameterProblem] {
    guard let base = parameters.replicationSlotName else { return [] }
    var problems: [ParameterProblem] = []
    for (index, node) in parameters.nodeList.enumerated() {
        let slot = slotName(base: base, node: node)
        // The same node twice is a duplicate, which is reported as such.
        let other = parameters.nodeList[..<index].first {
            slotName(base: base, node: $0) == slot && !sameName($0, node)
        }
        if let other {
            problems.append(.node(parameter: "node_list", name: node, fault: .slotCollision(with: other, slot: slot)))
        }
        if slot.utf8.count > longestPostgreSQLName {
            problems.append(.node(parameter: "node_list", name: node, fault: .slotNameTooLong(slot: slot)))
        }
    }
    return problems
}
