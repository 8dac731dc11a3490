/// Compares `node_list` with the cluster's nodes; letter case doesn't count.
///
/// A cluster may have nodes that aren't in the list: a third one for the quorum is none of the resource's.
///
/// - Parameter clusterNodes: the names that the cluster knows. With none known there is nothing to compare.
/// - Returns: one problem that has both lists, or nothing.
public func compareNodeNames(nodeList: [String], clusterNodes: [String]) -> [ParameterProblem] {
    guard !clusterNodes.isEmpty else { return [] }
    let missing = nodeList.filter { name in !clusterNodes.contains { sameName($0, name) } }
    guard !missing.isEmpty else { return [] }
    return [.nodesNotInCluster(missing: missing, nodeList: nodeList, clusterNodes: clusterNodes)]
}

/// Gives each name of `node_list` in the cluster's own spelling, which node attributes need.
///
/// A name that no node has stays as it is; one that is spelled exactly like a node goes before one that differs in case.
public func resolveNodeNames(nodeList: [String], clusterNodes: [String]) -> [String] {
    nodeList.map { name in
        clusterNodes.contains(name) ? name : clusterNodes.first { sameName($0, name) } ?? name
    }
}
